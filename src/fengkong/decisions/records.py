"""The record of a decision: all that is needed to show it, to explain it and to repeat it to the letter.

JSON has neither decimals nor dates. Where a value's type matters, it is written as an object of one key:
{"decimal": "10.50"}, {"date": "2026-03-01"}, {"datetime": "2026-03-01T09:30:00+08:00"}.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fengkong.domain.canonical import Plain, plain
from fengkong.domain.decisions import ClauseTrace, Decision, Outcome, Reason, RuleState, RuleTrace, Trace
from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import InputError, RuleError
from fengkong.domain.signals import Fact, Signal
from fengkong.domain.spans import Span

__all__ = ["RECORD_FORMAT", "decision_from_record", "document_from_record", "record"]

RECORD_FORMAT = 1


def record(dec: Decision, doc: Document) -> dict[str, Plain]:
    """The decision and its document as a JSON object."""
    body: Any = {"format": RECORD_FORMAT, "decision": plain(dec), "document": plain(doc)}
    body["document"]["fields"] = _write_all(doc.fields)
    for fact, written in zip(dec.facts, body["decision"]["facts"], strict=True):
        written["value"] = _write(fact.value)
    for rule, written in zip(dec.trace.rules, body["decision"]["trace"]["rules"], strict=True):
        written["values"] = _write_all(rule.values)
    return body  # type: ignore[no-any-return]  # `plain` answers JSON of any shape


def document_from_record(body: Mapping[str, Any]) -> Document:
    """The document that a record was made for. Raises InputError for a body that is no such record."""
    with _readable(body):
        return _document(**body["document"])


def decision_from_record(body: Mapping[str, Any]) -> Decision:
    """The decision that a record holds, equal to the one answered. Raises InputError for a body that is none."""
    with _readable(body):
        return _decision(**body["decision"])


@contextmanager
def _readable(body: Mapping[str, Any]) -> Iterator[None]:
    if body.get("format") != RECORD_FORMAT:
        raise InputError(
            f"the entry is not a decision of record format {RECORD_FORMAT}",
            received=f"format {body.get('format')}",
            cure="read it with the release of fengkong that wrote it",
        )
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, RuleError) as error:
        raise InputError("the record of a decision can't be read", cure="verify the ledger") from error


def _document(fields: dict[str, Any], time: str | None, **rest: str) -> Document:
    moment = datetime.fromisoformat(time) if time else None
    return Document(fields=_read_all(fields), time=moment, **rest)


def _decision(**written: Any) -> Decision:
    return Decision(
        **written
        | {
            "outcome": Outcome.parse(written["outcome"]),
            "reasons": tuple(Reason(**reason) for reason in written["reasons"]),
            "signals": tuple(_signal(**sig) for sig in written["signals"]),
            "facts": tuple(Fact(**fact | {"value": _read(fact["value"])}) for fact in written["facts"]),
            "trace": Trace(tuple(_rule(**rule) for rule in written["trace"]["rules"])),
            "time": datetime.fromisoformat(written["time"]),
        }
    )


def _signal(spans: list[dict[str, Any]], **rest: Any) -> Signal:
    return Signal(spans=tuple(Span(**span) for span in spans), **rest)


def _rule(**written: Any) -> RuleTrace:
    outcome = written["outcome"]
    return RuleTrace(
        **written
        | {
            "state": RuleState(written["state"]),
            "outcome": None if outcome is None else Outcome.parse(outcome),
            "values": _read_all(written["values"]),
            "clauses": tuple(ClauseTrace(**clause) for clause in written["clauses"]),
        }
    )


def _write_all(values: Mapping[str, FieldValue]) -> dict[str, Plain]:
    return {name: _write(value) for name, value in values.items()}


def _read_all(written: Mapping[str, Any]) -> dict[str, FieldValue]:
    return {name: _read(value) for name, value in written.items()}


def _write(value: FieldValue) -> Plain:
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
    return plain(value)


def _read(written: Any) -> FieldValue:
    match written:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"datetime": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case None | bool() | int() | float() | str():
            return written
    raise ValueError("a value of no known type")
