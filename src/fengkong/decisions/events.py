"""Events of entities: what happened, to whom, when; written to the ledger, and read back from it.

A decision is an event too: its fields are its document's, `outcome`, and what models said as `signals.<name>.label`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

from fengkong.decisions.lines import read_lines
from fengkong.decisions.records import DECISION, document_from_record, outcome_from_record, signals_from_record
from fengkong.decisions.values import signal_values
from fengkong.decisions.written import read_values, write_values
from fengkong.domain.canonical import Plain
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError
from fengkong.ledger.entries import Entry, EntryStore

__all__ = ["EVENT", "Event", "Happening", "happening_of", "read_events", "record_event", "record_events"]

EVENT = "event"
"""The kind of the ledger's entries that hold events; their subject is the event's id."""

EVENT_FORMAT = 1

STEP = 1000
"""The events that are written together."""


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
        """Raises InputError for an empty or taken kind, a time without zone, or a field that can't be written down."""
        if not self.kind.strip() or self.kind == DECISION:
            raise InputError("an event needs a kind, which can't be 'decision'", received=repr(self.kind))
        if self.time.tzinfo is None:
            raise InputError("the time of an event has no zone", received=self.time.isoformat(), cure="add +00:00")
        given: Mapping[str, object] = self.fields
        fixed = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        object.__setattr__(self, "fields", MappingProxyType(fixed))
        write_values(self.fields)


def record_event(ledger: EntryStore, event: Event) -> Entry:
    """Write an event to the ledger, durably; an event sent again is not written again.

    Raises InputError for another event of the same id, FacilityError when the ledger can't be written.
    """
    body = _body(event)
    known = _known(ledger, event, body)
    return known or ledger.append(EVENT, event.id or uuid4().hex, body)


def record_events(ledger: EntryStore, events: Iterable[Event]) -> int:
    """Write many events, a thousand in one durable step, and return how many were new. Raises as `record_event` does.

    Where one can't be written, those before it are.
    """
    written, waiting = 0, dict[str, dict[str, Plain]]()

    def write() -> int:
        new = len(waiting)
        ledger.append_many(EVENT, list(waiting.items()))
        waiting.clear()
        return new

    try:
        for event in events:
            body = _body(event)
            if event.id in waiting and waiting[event.id] != body:
                raise _another(event)
            if event.id not in waiting and not _known(ledger, event, body):
                waiting[event.id or uuid4().hex] = body
            if len(waiting) == STEP:
                written += write()
    except InputError:
        write()
        raise
    return written + write()


def read_events(path: Path) -> Iterator[Event]:
    """The events of a JSON Lines file: objects with `kind`, `time` with zone, `id` if there is one, and fields.

    Raises InputError for a line that is no event, with its place.
    """
    for where, line in read_lines(path):
        yield _event(line, where)


def _event(line: str, where: str) -> Event:
    try:
        found = json.loads(line)
        kind, time, event_id = found.pop("kind"), datetime.fromisoformat(found.pop("time")), found.pop("id", "")
        if not isinstance(kind, str):
            raise TypeError(kind)
        return Event(kind, time, found, str(event_id))
    except InputError as error:
        place = " ".join(filter(None, (where, error.where)))
        raise InputError(error.what, where=place, received=error.received, cure=error.cure) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            "the line is no event",
            where=where,
            cure='write {"kind": "payment", "time": "2026-03-01T09:30:00+08:00", "id": "e-1", "customer": "C-17"}',
        ) from error


def _body(event: Event) -> dict[str, Plain]:
    return {
        "format": EVENT_FORMAT,
        "kind": event.kind,
        "time": event.time.isoformat(),
        "fields": write_values(event.fields),
    }


def _known(ledger: EntryStore, event: Event, body: Mapping[str, Plain]) -> Entry | None:
    """The entry that holds this event already. Raises InputError where its id is another's."""
    for entry in ledger.find(EVENT, event.id) if event.id else ():
        if entry.body == body:
            return entry
        raise _another(event)
    return None


def _another(event: Event) -> InputError:
    return InputError(
        "another event of that id was recorded before", received=repr(event.id), cure="give each event its own id"
    )


class Happening(NamedTuple):
    """An event or decision as windows see it. timeless: the id of a document that has no time of its own, else ""."""

    kind: str
    time: datetime
    fields: Mapping[str, FieldValue]
    timeless: str = ""


def happening_of(entry: Entry) -> Happening | None:
    """The event or decision that an entry is, or None where it is neither.

    Raises InputError for an event or decision that can't be read.
    """
    if entry.kind == EVENT:
        with _readable(entry):
            body: Mapping[str, Any] = entry.body
            return Happening(body["kind"], datetime.fromisoformat(body["time"]), read_values(body["fields"]))
    if entry.kind == DECISION:
        doc, said = document_from_record(entry.body), signal_values(signals_from_record(entry.body))
        outcome, decided = outcome_from_record(entry.body)
        # A caller's field must never stand in for what a model or the policy said.
        fields = {**doc.fields, **said, "outcome": str(outcome)}
        return Happening(DECISION, doc.time or decided, fields, "" if doc.time else doc.id)
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
        raise InputError(
            "an event can't be read", where=f"entry {entry.seq}", cure="verify the ledger with: fengkong audit verify"
        ) from error
