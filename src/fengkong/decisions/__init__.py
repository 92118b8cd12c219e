"""Signals, facts and rules to one decision, written to the ledger before it is answered."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
