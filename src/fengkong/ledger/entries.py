"""One entry of the ledger, and what every ledger can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from fengkong.domain.canonical import Plain
from fengkong.domain.findings import Finding

__all__ = ["Entry", "EntryStore", "utc_now"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, as it was written down.

    seq: its number, from 1, without gaps; the only order that counts, since clocks jump.
    kind: what happened, such as "decision"; subject: to whom or what, such as a document's id.
    time: when it was written, UTC.
    body: the matter itself, a JSON object.
    previous: the hash of the entry before (64 zeros for the first); hash: sha256 (hex) over all the others.
    """

    seq: int
    kind: str
    subject: str
    time: datetime
    body: dict[str, Plain]
    previous: str
    hash: str


class EntryStore(Protocol):
    """The surface that `Ledger` and `MemoryLedger` share; one battery of tests holds them equal."""

    def append(self, kind: str, subject: str, body: object) -> Entry:
        """Write one entry; returns only when it is durable.

        Raises InputError for a body that is no JSON object or an empty name, FacilityError when it can't be written:
        then nothing was.
        """

    def append_many(self, kind: str, items: Sequence[tuple[str, object]]) -> list[Entry]:
        """Write (subject, body) pairs in their order, all or none, as one durable step. Raises as `append` does."""

    def get(self, seq: int) -> Entry:
        """The entry of that number. Raises InputError when there is none, FacilityError when it was changed."""

    def find(self, kind: str, subject: str) -> list[Entry]:
        """Every entry of that kind about that subject, oldest first. Raises FacilityError when one was changed."""

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """At most `limit` entries that follow number `after`, oldest first: the next page starts after the last."""

    def verify(self) -> list[Finding]:
        """Walk the whole chain and say where it was edited, cut or re-ordered; empty when it holds."""

    def close(self) -> None:
        """Let go of the store; what was appended stays."""

    def __enter__(self) -> Self:
        """The ledger itself."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""


def utc_now() -> datetime:
    """The time now, UTC: the clock used where none is injected."""
    return datetime.now(UTC)
