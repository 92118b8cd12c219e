"""Settings to a running system: the only room that picks concrete parts. Beside it, the making of workspaces."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
