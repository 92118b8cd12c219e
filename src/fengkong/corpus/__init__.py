"""Files to checked, split and de-duplicated examples; simulated applications with a known truth."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
