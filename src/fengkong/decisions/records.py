"""The record of a decision: all that is needed to show it, to explain it and to repeat it to the letter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any

from fengkong.decisions.written import read_value, read_values, write_value, write_values
from fengkong.domain.canonical import Plain, plain
from fengkong.domain.decisions import ClauseTrace, Decision, Outcome, Reason, RuleState, RuleTrace, Trace
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, RuleError
from fengkong.domain.signals import Fact, Signal
from fengkong.domain.spans import Span

__all__ = [
    "DECISION",
    "RECORD_FORMAT",
    "check_document",
    "decision_from_record",
    "document_from_record",
    "outcome_from_record",
    "record",
    "signals_from_record",
    "written_decision",
]

DECISION = "decision"
"""The kind of the ledger's entries that hold decisions; their subject is the document's id."""

RECORD_FORMAT = 1


def check_document(doc: Document) -> None:
    """Raises InputError for a document that no record can hold and give back as it was."""
    write_values(doc.fields)
    _ = doc.content_hash


def record(dec: Decision, doc: Document) -> dict[str, Plain]:
    """The decision and its document as a JSON object."""
    document: Any = plain(doc)
    return {
        "format": RECORD_FORMAT,
        "decision": written_decision(dec),
        "document": document | {"fields": write_values(doc.fields)},
    }


def written_decision(dec: Decision) -> dict[str, Plain]:
    """The decision alone as a JSON object. Parts that came with a later release are left out where they say nothing, so
    that a record of an earlier one is repeated to the letter.
    """
    body: Any = plain(dec)
    for fact, written in zip(dec.facts, body["facts"], strict=True):
        written["value"] = write_value(fact.value)
        if not fact.cause:
            del written["cause"]
    for rule, written in zip(dec.trace.rules, body["trace"]["rules"], strict=True):
        written["values"] = write_values(rule.values)
    body["trace"]["derived"] = write_values(dec.trace.derived)
    if not dec.trace.derived:
        del body["trace"]["derived"]
    return body  # type: ignore[no-any-return]  # `plain` answers JSON of any shape


def document_from_record(body: Mapping[str, Any]) -> Document:
    """The document that a record was made for. Raises InputError for a body that is no such record."""
    with _readable(body):
        return _document(**body["document"])


def decision_from_record(body: Mapping[str, Any]) -> Decision:
    """The decision that a record holds, equal to the one answered. Raises InputError for a body that is none."""
    with _readable(body):
        return _decision(**body["decision"])


def signals_from_record(body: Mapping[str, Any]) -> tuple[Signal, ...]:
    """What models said, without reading the rest. Raises InputError for a body that is no record."""
    with _readable(body):
        return tuple(_signal(**sig) for sig in body["decision"]["signals"])


def outcome_from_record(body: Mapping[str, Any]) -> tuple[Outcome, datetime]:
    """The outcome and when it was decided, without reading the rest. Raises InputError for a body that is no record."""
    with _readable(body):
        return Outcome.parse(body["decision"]["outcome"]), datetime.fromisoformat(body["decision"]["time"])


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
        raise InputError(
            "the record of a decision can't be read", cure="verify the ledger with: fengkong audit verify"
        ) from error


def _document(fields: dict[str, Any], time: str | None, **rest: str) -> Document:
    moment = datetime.fromisoformat(time) if time else None
    return Document(fields=read_values(fields), time=moment, **rest)


def _decision(**written: Any) -> Decision:
    return Decision(
        **written
        | {
            "outcome": Outcome.parse(written["outcome"]),
            "reasons": tuple(Reason(**reason) for reason in written["reasons"]),
            "signals": tuple(_signal(**sig) for sig in written["signals"]),
            "facts": tuple(Fact(**fact | {"value": read_value(fact["value"])}) for fact in written["facts"]),
            "trace": _trace(**written["trace"]),
            "time": datetime.fromisoformat(written["time"]),
        }
    )


def _signal(spans: list[dict[str, Any]], **rest: Any) -> Signal:
    return Signal(spans=tuple(Span(**span) for span in spans), **rest)


def _trace(rules: list[dict[str, Any]], derived: Mapping[str, Any] = MappingProxyType({})) -> Trace:
    return Trace(tuple(_rule(**rule) for rule in rules), read_values(derived))


def _rule(**written: Any) -> RuleTrace:
    outcome = written["outcome"]
    return RuleTrace(
        **written
        | {
            "state": RuleState(written["state"]),
            "outcome": None if outcome is None else Outcome.parse(outcome),
            "values": read_values(written["values"]),
            "clauses": tuple(ClauseTrace(**clause) for clause in written["clauses"]),
        }
    )
