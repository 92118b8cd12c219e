"""Events of entities: what happened, to whom, when; written to the ledger, and read back from it.

A decision is an event too: its fields are its document's, `outcome`, and what models said as `signals.<name>.label`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from fengkong.decisions.records import DECISION, document_from_record, outcome_from_record, signals_from_record
from fengkong.decisions.values import signal_values
from fengkong.decisions.written import read_values, write_values
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError
from fengkong.ledger.entries import Entry, EntryStore

__all__ = ["EVENT", "Event", "event_of", "record_event"]

EVENT = "event"
"""The kind of the ledger's entries that hold events; their subject is the event's id."""

EVENT_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to entities.

    kind: such as "payment" or "login"; "decision" is taken by decisions. time: when it happened, with zone.
    fields: who was in it and what it was worth: {"customer": "C-17", "amount": Decimal("20.00")}.
    id: the sender's own, so that an event sent twice counts once; empty where there is none.
    """

    kind: str
    time: datetime
    fields: Mapping[str, FieldValue]
    id: str = ""

    def __post_init__(self) -> None:
        """Raises InputError for an empty or taken kind, or a time without zone."""
        if not self.kind.strip() or self.kind == DECISION:
            raise InputError("an event needs a kind, which can't be 'decision'", received=repr(self.kind))
        if self.time.tzinfo is None:
            raise InputError("the time of an event has no zone", received=self.time.isoformat(), cure="add +00:00")
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))


def record_event(ledger: EntryStore, event: Event) -> Entry:
    """Write an event to the ledger, durably; an event sent again is not written again.

    Raises InputError for another event of the same id and for values that can't be written down (NaN), FacilityError
    when the ledger can't be written.
    """
    body = {
        "format": EVENT_FORMAT,
        "kind": event.kind,
        "time": event.time.isoformat(),
        "fields": write_values(event.fields),
    }
    for entry in ledger.find(EVENT, event.id) if event.id else ():
        if entry.body == body:
            return entry
        raise InputError(
            "another event of that id was recorded before", received=repr(event.id), cure="give each event its own id"
        )
    return ledger.append(EVENT, event.id or uuid4().hex, body)


def event_of(entry: Entry) -> tuple[str, datetime, Mapping[str, FieldValue]] | None:
    """Kind, time and fields of the event that an entry is, or None where it is none.

    Raises InputError for an event or decision that can't be read.
    """
    if entry.kind == EVENT:
        with _readable(entry):
            body: Mapping[str, Any] = entry.body
            return body["kind"], datetime.fromisoformat(body["time"]), read_values(body["fields"])
    if entry.kind == DECISION:
        doc, said = document_from_record(entry.body), signal_values(signals_from_record(entry.body))
        outcome, decided = outcome_from_record(entry.body)
        # A caller's field must never stand in for what a model or the policy said.
        return DECISION, doc.time or decided, {**doc.fields, **said, "outcome": str(outcome)}
    return None


@contextmanager
def _readable(entry: Entry) -> Iterator[None]:
    if entry.body.get("format") != EVENT_FORMAT:
        raise InputError(
            f"the entry is not an event of format {EVENT_FORMAT}",
            where=f"entry {entry.seq}",
            received=f"format {entry.body.get('format')}",
            cure="read it with the release of fengkong that wrote it",
        )
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError("an event can't be read", where=f"entry {entry.seq}", cure="verify the ledger") from error
