"""Conditions as boxes say exactly what the conditions say."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.rules.boxes import Box, Budget, boxes, remainder
from fengkong.rules.codegen import compile_conditions
from fengkong.rules.inference import infer
from fengkong.rules.ranges import Listed, Ranges, compared
from fengkong.rules.syntax import parse_expression
from fengkong.rules.tree import Expr, Input
from fengkong.rules.types import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, PROBABILITY, TEXT, Kind, Type

INPUTS = {
    "a": INTEGER,
    "x": DECIMAL,
    "p": PROBABILITY,
    "s": TEXT,
    "g": Type(Kind.CATEGORY, ("A", "B", "C")),
    "ok": BOOLEAN,
    "d": DATE,
    "m": DATETIME,
}

number = st.sampled_from(["-1", "0", "1", "1.5", "2"])
atom = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from("axp"), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), number),
    st.builds("{1} {0} {2}".format, st.sampled_from(["<", ">="]), number, st.sampled_from("ax")),
    st.builds("{} in [{}, {}]".format, st.sampled_from("axp"), number, number),
    st.builds("s {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from("uv")),
    st.builds("g {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from("ABC")),
    st.builds("d {} date('2025-01-0{}')".format, st.sampled_from(["<", "<=", ">", "=="]), st.integers(1, 3)),
    st.builds("{} is {}".format, st.sampled_from(["a", "g", "ok", "d"]), st.sampled_from(["known", "unknown"])),
    st.sampled_from(["ok", "not ok", "a < x", "a + x > 1", "contains(s, 'u')", "true", "false", "g in ['A', 'C']"]),
    st.just("m >= datetime('2025-01-01T08:00:00+08:00')"),
)
condition = st.recursive(
    atom,
    lambda inner: (
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=5,
)
values = st.fixed_dictionaries(
    {
        "a": st.none() | st.integers(-2, 3),
        "x": st.none() | st.sampled_from([-1, 0, 0.5, 1, 1.5, 2, 3]),
        "p": st.none() | st.sampled_from([0.0, 0.5, 1.0]),
        "s": st.none() | st.sampled_from("uvw"),
        "g": st.none() | st.sampled_from("ABC"),
        "ok": st.none() | st.booleans(),
        "d": st.none() | st.dates(date(2024, 12, 31), date(2025, 1, 4)),
        "m": st.none() | st.sampled_from([datetime(2025, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, 23, tzinfo=UTC)]),
    }
)


def tree(text: str) -> Expr:
    source = parse_expression(text)
    return infer(source, source.root, INPUTS)


def holds(box: Box, row: dict[str, Any]) -> bool:
    """Whether the row lies in the box, judged by asking the rules themselves."""
    for key, side in box.sides.items():
        (value,), _, _ = compile_conditions([key], INPUTS)(row.get)
        if value is None:
            inside = side.unknown
        elif isinstance(side.values, Listed):
            inside = bool(side.values.meet(Listed(frozenset({value}))))
        else:
            inside = bool(side.values.meet(compared("==", value, key.type)))
        if not inside:
            return False
    return True


@settings(max_examples=120, deadline=None)
@given(condition, st.lists(values, min_size=1, max_size=5))
def test_a_row_lies_in_a_box_where_the_condition_is_true(text: str, rows: list[dict[str, Any]]) -> None:
    expr = tree(text)
    run = compile_conditions([expr], INPUTS)
    true, false = boxes(expr), boxes(expr, true=False)
    for row in rows:
        (answer,), _, _ = run(row.get)
        assert any(holds(box, row) for box in true) == (answer is True), text
        assert any(holds(box, row) for box in false) == (answer is False), text


@settings(max_examples=80, deadline=None)
@given(st.lists(condition, min_size=2, max_size=4), st.lists(values, min_size=1, max_size=5))
def test_a_remainder_is_what_the_others_leave(texts: list[str], rows: list[dict[str, Any]]) -> None:
    first, *others = [boxes(tree(text)) for text in texts]
    taken = [box for some in others for box in some]
    for box in first:
        left = remainder(box, taken, Budget())
        assert left is not None
        for row in rows:
            expected = holds(box, row) and not any(holds(other, row) for other in taken)
            assert any(holds(piece, row) for piece in left) == expected, texts


@settings(max_examples=60, deadline=None)
@given(condition)
def test_an_example_lies_where_it_is_an_example_of(text: str) -> None:
    for box in boxes(tree(text)):
        for key, side in box.sides.items():
            if (
                isinstance(side.values, Ranges)
                and side.values
                and isinstance(key, Input)
                and key.type.kind is not Kind.DATETIME
            ):
                word = side.values.example()
                literal = f"date('{word}')" if key.type.kind is Kind.DATE else word
                (point,) = boxes(tree(f"{key.name} == {literal}"))
                assert point.within(Box({key: side})), (text, word)
