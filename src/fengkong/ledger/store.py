"""The ledger in a database: SQLite with a write-ahead log that reaches the disk before `append` returns.

One writer at a time: BEGIN IMMEDIATE takes the write lock before the tail is read, so that two processes can't number
the same entry, and the others wait their turn. Readers are never held up.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event, insert, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from fengkong.domain.errors import FacilityError, InputError, SettingsError
from fengkong.domain.findings import Finding
from fengkong.ledger.chain import Link, broken_links, checked_name, next_links, read
from fengkong.ledger.entries import Entry, utc_now
from fengkong.ledger.faults import facility_faults
from fengkong.ledger.schema import check_schema, create_schema, entries, is_empty

__all__ = ["Ledger"]

_BUSY_MS = 60_000
_PAGE = 1000


class Ledger:
    """An append-only, hash-chained record; see `EntryStore` for the whole contract.

    Safe for many threads of one process and many processes of one machine.
    """

    def __init__(self, engine: Engine, where: str, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._writer = engine.execution_options()
        event.listen(self._writer, "begin", _take_write_lock)
        self._where = where
        self._now = now
        # SQLite's own waiting is a poll that may starve; between threads of one process a lock is prompt.
        self._lock = Lock()
        self._open = True

    @classmethod
    def open(cls, url_or_path: str | Path, *, now: Callable[[], datetime] = utc_now) -> Self:
        """The ledger of that file, made when there is none; a path, or a URL such as "sqlite:////var/fk/ledger.db".

        now: the clock that entries are stamped with; any zone.

        Raises SettingsError for a missing folder or a database that isn't supported, InputError for a file that is not
        a ledger or one of another version, FacilityError when it can't be opened or made.
        """
        url = _checked_url(url_or_path)
        where = url.database or ""
        # Parameters hold personal data and must not reach a message.
        ledger = cls(create_engine(url, hide_parameters=True), where, now)
        event.listen(ledger._engine, "connect", _configure)
        try:
            with facility_faults(where):
                ledger._prepare()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def append(self, kind: str, subject: str, body: object) -> Entry:
        """Write one entry; returns only when it is on the disk.

        body: anything that `domain.plain` turns into a JSON object.

        Raises InputError for a body that is no JSON object or an empty name, FacilityError when it can't be written
        (disk full, read-only, held by another): then nothing was, and the ledger can be used again.
        """
        return self.append_many(kind, [(subject, body)])[0]

    def append_many(self, kind: str, items: Sequence[tuple[str, object]]) -> list[Entry]:
        """Write (subject, body) pairs in their order, all or none, with one sync. Raises as `append` does."""
        tail = select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)
        with self._access(), self._lock, self._writer.begin() as connection:
            row = connection.execute(tail).first()
            links = next_links((row.seq, row.hash) if row else None, kind, items, self._now())
            if links:
                connection.execute(insert(entries), [link._asdict() for link in links])
        return [read(link, self._where) for link in links]

    def get(self, seq: int) -> Entry:
        """The entry of that number. Raises InputError when there is none, FacilityError when it was changed."""
        for link in self._links(select(entries).where(entries.c.seq == seq)):
            return read(link, self._where)
        raise InputError("the ledger has no such entry", where=self._where, received=str(seq))

    def find(self, kind: str, subject: str) -> list[Entry]:
        """Every entry of that kind about that subject, oldest first. Raises FacilityError when one was changed."""
        wanted = (entries.c.kind == checked_name("kind", kind)) & (
            entries.c.subject == checked_name("subject", subject)
        )
        query = select(entries).where(wanted).order_by(entries.c.seq)
        return [read(link, self._where) for link in self._links(query)]

    def entries(self, after: int = 0, limit: int = _PAGE) -> list[Entry]:
        """At most `limit` entries that follow number `after`, oldest first: the next page starts after the last.

        Raises FacilityError when one was changed.
        """
        return [read(link, self._where) for link in self._page(after, limit)]

    def verify(self) -> list[Finding]:
        """Walk the whole chain in constant memory and say where it was edited (L001), cut (L002) or re-ordered (L003).

        Raises FacilityError when the file is too damaged to be walked.
        """
        return list(broken_links(self._walk(), self._where))

    def close(self) -> None:
        """Let go of the file; every appended entry is already on the disk."""
        self._open = False
        self._engine.dispose()

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self.close()

    def _prepare(self) -> None:
        with self._engine.connect() as connection:
            if is_empty(connection):
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                with self._writer.begin() as writing:
                    create_schema(writing)
            check_schema(connection, self._where)

    def _access(self) -> AbstractContextManager[None]:
        if not self._open:
            raise FacilityError("the ledger is closed", where=self._where, cure="open it again")
        return facility_faults(self._where)

    def _links(self, query: Select[Any]) -> list[Link]:
        with self._access(), self._engine.connect() as connection:
            return [Link(*row) for row in connection.execute(query)]

    def _page(self, after: int, limit: int) -> list[Link]:
        return self._links(select(entries).where(entries.c.seq > after).order_by(entries.c.seq).limit(max(limit, 0)))

    def _walk(self) -> Iterator[Link]:
        # No floor of 0: a forged entry may carry a number below the first.
        page = self._links(select(entries).order_by(entries.c.seq).limit(_PAGE))
        while page:
            yield from page
            page = self._page(page[-1].seq, _PAGE)


def _take_write_lock(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own: they would be deferred
    connection.text_factory = _text
    for pragma in (f"busy_timeout = {_BUSY_MS}", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _text(stored: bytes) -> str:
    """Damaged text must still come up to be compared with its hash."""
    return stored.decode("utf-8", "surrogateescape")


def _checked_url(url_or_path: str | Path) -> URL:
    given = str(url_or_path)
    if "://" not in given:
        url = URL.create("sqlite", database=given)
    else:
        try:
            url = make_url(given)
        except ArgumentError:
            raise SettingsError("the URL of the ledger can't be read", cure='write it as "sqlite:///path"') from None
    if url.get_backend_name() != "sqlite":
        raise SettingsError(
            "a ledger of that kind of database is not supported", received=url.get_backend_name(), cure="use sqlite"
        )
    if not url.database or url.database == ":memory:":
        raise SettingsError("a ledger needs a file", received=repr(given), cure="give a path, or use MemoryLedger")
    folder = Path(url.database).parent
    if not url.database.startswith("file:") and not folder.is_dir():
        raise SettingsError(
            "the folder of the ledger doesn't exist", where=str(folder), cure="make it, or correct the path"
        )
    return url
