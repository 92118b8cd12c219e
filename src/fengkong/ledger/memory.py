"""A ledger in memory, for tests and trials: the same contract as `Ledger`, gone when the process ends."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from types import TracebackType
from typing import Self

from fengkong.domain.errors import FacilityError, InputError
from fengkong.domain.findings import Finding
from fengkong.ledger.chain import Link, broken_links, checked_name, next_links, read
from fengkong.ledger.entries import Entry, utc_now

__all__ = ["MemoryLedger"]

_WHERE = "memory"


class MemoryLedger:
    """The whole contract of a ledger (see `EntryStore`) but durability. Safe for threads."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._links: list[Link] = []
        self._lock = Lock()
        self._open = True

    def append(self, kind: str, subject: str, body: object) -> Entry:
        """As `Ledger.append`."""
        return self.append_many(kind, [(subject, body)])[0]

    def append_many(self, kind: str, items: Sequence[tuple[str, object]]) -> list[Entry]:
        """As `Ledger.append_many`."""
        with self._lock:
            tail = (self._all[-1].seq, self._all[-1].hash) if self._all else None
            links = next_links(tail, kind, items, self._now())
            self._links += links
        return [read(link, _WHERE) for link in links]

    def get(self, seq: int) -> Entry:
        """As `Ledger.get`."""
        if not 1 <= seq <= len(self._all):
            raise InputError("the ledger has no such entry", where=_WHERE, received=str(seq))
        return read(self._links[seq - 1], _WHERE)

    def find(self, kind: str, subject: str) -> list[Entry]:
        """As `Ledger.find`."""
        wanted = (checked_name("kind", kind), checked_name("subject", subject))
        return [read(link, _WHERE) for link in self._all if (link.kind, link.subject) == wanted]

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """As `Ledger.entries`."""
        start = max(after, 0)
        return [read(link, _WHERE) for link in self._all[start : start + max(limit, 0)]]

    def verify(self) -> list[Finding]:
        """As `Ledger.verify`."""
        return list(broken_links(self._all, _WHERE))

    def close(self) -> None:
        """Refuse all further use, as a closed `Ledger` does."""
        self._open = False

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self.close()

    @property
    def _all(self) -> list[Link]:
        if not self._open:
            raise FacilityError("the ledger is closed", where=_WHERE, cure="open it again")
        return self._links
