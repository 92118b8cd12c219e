"""Equal values have equal bytes, whatever order they were written in; what JSON can't hold is refused."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.domain import InputError, Outcome, Signal, canonical_json, digest, plain

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_canonical_bytes_read_back_as_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value).decode("utf-8", "surrogatepass")) == value


@given(st.dictionaries(st.text(), st.integers(), max_size=8))
def test_the_order_of_keys_does_not_change_the_digest(mapping: dict[str, int]) -> None:
    assert digest(mapping) == digest(dict(reversed(mapping.items())))


@pytest.mark.parametrize("number", [1, 1.0, Decimal("1"), Decimal("1.0")])
def test_a_number_is_written_as_what_it_is(number: object) -> None:
    same = [other for other in (1, 1.0, Decimal("1"), Decimal("1.0")) if digest(other) == digest(number)]
    assert [repr(other) for other in same] == [repr(number)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), [1.0, float("nan")], b"bytes", object()])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        canonical_json(value)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_must_be_finite_as_a_float_must(number: str) -> None:
    with pytest.raises(InputError, match=r"a number must be finite \(received .*; use null for unknown"):
        canonical_json({"amount": Decimal(number)})


def test_words_of_the_domain_become_plain_json() -> None:
    sig = Signal("risk", "bad", 0.75, {"bad": 0.75, "good": 0.25})
    written = plain(
        {"sig": sig, "amount": Decimal("10.50"), "at": datetime(2026, 1, 2, tzinfo=UTC), "out": Outcome.REVIEW}
    )
    assert written == {
        "sig": {
            "name": "risk",
            "label": "bad",
            "p": 0.75,
            "probabilities": {"bad": 0.75, "good": 0.25},
            "bundle": "",
            "spans": [],
            "unread": 0,
            "abstained": False,
            "failed": False,
            "cause": "",
            "fieldless": False,
            "value": None,
        },
        "amount": "10.50",
        "at": "2026-01-02T00:00:00+00:00",
        "out": "review",
    }


def test_durations_are_written_exactly() -> None:
    assert plain([timedelta(days=30), -timedelta(days=1, microseconds=500_000), timedelta(0)]) == [
        "P30DT0S",
        "-P1DT0.5S",
        "P0DT0S",
    ]
