"""A decision that was written down is read back whole."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions.records import decision_from_record, document_from_record, record
from fengkong.domain import (
    ClauseTrace,
    Decision,
    Document,
    Fact,
    FieldValue,
    InputError,
    Outcome,
    Reason,
    RuleState,
    RuleTrace,
    Signal,
    Span,
    Trace,
    canonical_json,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decision(doc: Document, values: dict[str, FieldValue]) -> Decision:
    return Decision(
        id="d-1",
        document=doc.id,
        document_hash=doc.content_hash,
        outcome=Outcome.DECLINE,
        reasons=(Reason("R-DEBT", {"en": "Too much debt.", "zh": "负债过高。"}, "debt"),),
        signals=(
            Signal("risk", "bad", 0.91, {"bad": 0.91, "good": 0.09}, "sha256:ab", (Span(0, 4, "loan", "x", 0.5),), 3),
            Signal.failure("fraud", "the engine stopped"),
        ),
        facts=tuple(Fact(name, value) for name, value in values.items()),
        trace=Trace(
            (
                RuleTrace("debt", RuleState.HIT, Outcome.DECLINE, "R-DEBT", values, (ClauseTrace("debt > 3", True),)),
                RuleTrace("odd", RuleState.ERROR, None, detail="division by zero"),
            )
        ),
        policy="loan@3",
        rules_hash="0" * 64,
        time=NOON,
    )


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
)
_values = _scalars | st.lists(_scalars, max_size=3).map(tuple)


@settings(deadline=None, max_examples=60)
@given(
    text=st.text(max_size=20),
    fields=st.dictionaries(st.text(min_size=1, max_size=5), _values, max_size=5),
    time=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_decision_and_document_come_back_equal_with_their_types(
    text: str, fields: dict[str, FieldValue], time: datetime | None
) -> None:
    doc = Document(text, fields, source="inbox", time=time)
    dec = decision(doc, dict(fields))
    body = json.loads(canonical_json(record(dec, doc)))
    assert decision_from_record(body) == dec
    assert document_from_record(body) == doc
    assert document_from_record(body).content_hash == doc.content_hash
    again = document_from_record(body).fields
    assert {name: type(value) for name, value in again.items()} == {name: type(v) for name, v in fields.items()}


def test_values_keep_what_json_can_not_say() -> None:
    doc = Document("x", {"amount": Decimal("10.50"), "due": date(2026, 3, 1), "signed": NOON, "note": "10.50"})
    again = document_from_record(record(decision(doc, {}), doc)).fields
    assert str(again["amount"]) == "10.50"
    assert (again["due"], again["signed"], again["note"]) == (date(2026, 3, 1), NOON, "10.50")


def test_a_record_of_an_earlier_release_is_read_and_written_as_it_was() -> None:
    doc = Document("x", {"amount": 9})
    body = json.loads(canonical_json(record(decision(doc, {"amount": 9}), doc)))
    assert set(body["decision"]["trace"]) == {"rules"}
    assert set(body["decision"]["facts"][0]) == {"name", "value", "source"}
    assert record(decision_from_record(body), doc) == body


def test_an_entry_that_holds_no_decision_is_refused() -> None:
    doc = Document("x", {"a": 1})
    body = json.loads(canonical_json(record(decision(doc, {"a": 1}), doc)))
    with pytest.raises(InputError, match="format 2"):
        decision_from_record(body | {"format": 2})
    with pytest.raises(InputError, match="format None"):
        decision_from_record({})
    for spoilt in (
        {"decision": body["decision"] | {"outcome": "aprove"}},
        {"decision": body["decision"] | {"mood": "good"}},
        {"decision": {}},
        {"decision": None},
        {"decision": body["decision"] | {"time": "noon"}},
    ):
        with pytest.raises(InputError, match="can't be read; verify the ledger"):
            decision_from_record(body | spoilt)
    for fields in ({"a": {"complex": "1"}}, {"a": {"decimal": "ten"}}, None):
        with pytest.raises(InputError, match="can't be read; verify the ledger"):
            document_from_record(body | {"document": body["document"] | {"fields": fields}})
