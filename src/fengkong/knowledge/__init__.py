"""Who is linked to whom, and whose words were copied: facts from the graph of entities and from past texts."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
