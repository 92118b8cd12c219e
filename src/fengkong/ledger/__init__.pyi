from .entries import Entry as Entry
from .entries import EntryStore as EntryStore
from .memory import MemoryLedger as MemoryLedger
from .store import Ledger as Ledger
