"""Stored decisions, read back from the ledger one by one."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fengkong.decisions.records import DECISION, decision_from_record, document_from_record
from fengkong.domain.decisions import Decision
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError
from fengkong.ledger.entries import Entry, EntryStore

__all__ = ["Stored", "find_decision", "stored_decision", "stored_decisions", "stored_in", "walk"]

_PAGE = 1000


class Stored(NamedTuple):
    """A decision, the document that it is about, and the record that holds both."""

    doc: Document
    dec: Decision
    body: Mapping[str, Any]


def walk(ledger: EntryStore, kind: str, after: int = 0) -> Iterator[Entry]:
    """Every entry of a kind that follows number `after`, oldest first, in constant memory."""
    while page := ledger.entries(after, _PAGE):
        yield from (entry for entry in page if entry.kind == kind)
        after = page[-1].seq


def stored_decisions(ledger: EntryStore) -> Iterator[Stored]:
    """Every decision, oldest first. Raises InputError for one that can't be read, naming its entry."""
    for entry in walk(ledger, DECISION):
        yield _read(entry)


def stored_decision(ledger: EntryStore, decision_id: str, document: str) -> Stored:
    """The decision of that id on that document. Raises InputError where there is none."""
    for entry in ledger.find(DECISION, document):
        stored = _read(entry)
        if stored.dec.id == decision_id:
            return stored
    raise InputError("the ledger has no such decision", received=repr(decision_id), cure="check the id")


def find_decision(ledger: EntryStore, decision_id: str) -> Stored:
    """The decision of that id, whatever it is about. Raises InputError where there is none."""
    for entry in walk(ledger, DECISION):
        body: Any = entry.body
        if body.get("decision", {}).get("id") == decision_id:
            return _read(entry)
    raise InputError("the ledger has no such decision", received=repr(decision_id), cure="check the id")


def stored_in(body: Mapping[str, Any], where: str) -> Stored:
    """The decision of a record. where: its place in errors. Raises InputError for a body that is no record."""
    try:
        return Stored(document_from_record(body), decision_from_record(body), body)
    except InputError as error:
        raise InputError(error.what, where=where, received=error.received, cure=error.cure) from error


def _read(entry: Entry) -> Stored:
    return stored_in(entry.body, f"entry {entry.seq}")
