"""The append-only record: hash-chained entries that are durable before `append` returns."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
