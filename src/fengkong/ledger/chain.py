"""The hash chain: how entries are written, sealed one to the next, read back and checked.

Each entry's hash covers its own content and the hash before it (Haber and Stornetta 1991, "How to time-stamp a
digital document"), so that an edit, a cut in the middle or a new order breaks the chain at that place. A chain alone
can't tell that its end was cut off or that all of it was written anew: that takes a copy of the last hash elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from fengkong.domain.canonical import Plain, canonical_json
from fengkong.domain.documents import Place
from fengkong.domain.errors import FacilityError, InputError
from fengkong.domain.findings import Finding, Severity
from fengkong.ledger.entries import Entry

__all__ = ["GENESIS", "Link", "broken_links", "checked_name", "next_links", "read"]

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Link(NamedTuple):
    """An entry exactly as a store keeps it: the time as UTC ISO 8601 with microseconds, the body as canonical JSON."""

    seq: int
    kind: str
    subject: str
    time: str
    body: str
    previous: str
    hash: str

    def content_hash(self) -> str:
        """sha256 (hex) over all but the hash; the body goes in as its own digest, so that a proof can omit it."""
        body = hashlib.sha256(str(self.body).encode("utf-8", "surrogatepass")).hexdigest()
        head = self._asdict() | {"body": body}
        del head["hash"]
        return hashlib.sha256(canonical_json(head)).hexdigest()


def checked_name(what: str, value: str) -> str:
    """The value, when it can stand as a kind or a subject. Raises InputError for an empty or unwritable one."""
    if not value or _LONE_SURROGATE.search(value):
        raise InputError(f"the {what} of a ledger entry must be text that is not empty", received=ascii(value)[:40])
    return value


def next_links(
    tail: tuple[int, str] | None, kind: str, items: Sequence[tuple[str, object]], time: datetime
) -> list[Link]:
    """The links that follow `tail` (number and hash of the last one; None for an empty ledger).

    Raises InputError for a body that is no JSON object, an empty or unwritable name, or a time without zone.
    """
    seq, previous = tail or (0, GENESIS)
    stamp = _written_time(time)
    links = []
    for subject, body in items:
        seq += 1
        link = Link(
            seq, checked_name("kind", kind), checked_name("subject", subject), stamp, _written_body(body), previous, ""
        )
        link = link._replace(hash=link.content_hash())
        previous = link.hash
        links.append(link)
    return links


def read(link: Link, where: str) -> Entry:
    """The entry that a link holds. Raises FacilityError when its content no longer fits its hash."""
    if link.content_hash() != link.hash:
        raise FacilityError(
            "an entry no longer fits its hash: it was changed after it was written",
            where=where,
            received=f"entry {link.seq}",
            cure="restore the ledger from a backup and verify it with: fengkong audit verify",
        )
    body: dict[str, Plain] = json.loads(link.body)
    return Entry(link.seq, link.kind, link.subject, datetime.fromisoformat(link.time), body, link.previous, link.hash)


def broken_links(links: Iterable[Link], where: str) -> Iterator[Finding]:
    """Every place where links in ascending order don't form one chain from number 1."""
    expected, previous = 1, GENESIS
    for link in links:
        if link.seq != expected:
            lost = f"entry {expected}" if link.seq == expected + 1 else f"entries {expected} to {link.seq - 1}"
            yield _finding("L002", f"{lost} missing", where, link)
        elif link.previous != previous:
            yield _finding("L003", "the entry doesn't follow from the one before it", where, link)
        if link.content_hash() != link.hash:
            yield _finding("L001", "the entry was changed: its content doesn't fit its hash", where, link)
        expected, previous = link.seq + 1, link.hash


def _finding(code: str, message: str, where: str, link: Link) -> Finding:
    place = Place(where, name=f"entry {link.seq}")
    return Finding(
        code, Severity.ERROR, message, place, "restore the ledger from a backup and find out who wrote to it"
    )


def _written_time(time: datetime) -> str:
    if time.tzinfo is None:
        raise InputError("the time of a ledger entry has no zone", received=time.isoformat(), cure="give it in UTC")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _written_body(body: object) -> str:
    """Canonical JSON; half a surrogate pair, which no database takes, is written as its escape and so survives."""
    text = canonical_json(body).decode("utf-8", "surrogatepass")
    if not text.startswith("{"):
        raise InputError(
            "the body of a ledger entry must be a JSON object", received=type(body).__name__, cure="give it a name"
        )
    return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
