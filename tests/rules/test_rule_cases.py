"""A choice takes the first branch whose guard is true, and doubt that comes first is doubt."""

from decimal import Decimal

import pytest

from fengkong.rules.cases import case_of
from fengkong.rules.codegen import compile_conditions
from fengkong.rules.syntax import ExpressionError
from fengkong.rules.tree import Case, Compare, Const, Expr, Input, canonical, input_names
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER, TEXT, Kind, Type

A, B, C = (Input(name, BOOLEAN) for name in "abc")
INPUTS = dict.fromkeys("abc", BOOLEAN)


def number(value: int) -> Const:
    return Const(value, INTEGER)


def value_of(case: Case, **values: object) -> object:
    (value,), _, _ = compile_conditions([case], INPUTS)(values.get)
    return value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": True}, 1),
        ({"a": True, "b": True, "c": True}, 1),
        ({"a": False, "b": True}, 2),
        ({"a": False, "b": False, "c": True}, 3),
        ({"a": False, "b": False, "c": False}, 0),
        ({"b": True}, None),
        ({"a": False, "c": True}, None),
        ({"a": False, "b": False}, None),
    ],
)
def test_the_first_true_guard_wins_and_an_unknown_one_before_it_is_unknown(values: dict, expected: object) -> None:
    case = case_of([(A, number(1)), (B, number(2)), (C, number(3))], number(0))
    assert value_of(case, **values) == expected


def test_without_otherwise_no_true_guard_is_unknown() -> None:
    assert value_of(case_of([(A, number(1))]), a=False) is None
    assert value_of(case_of([(A, number(1))]), a=True) == 1


def test_an_unknown_value_is_unknown_only_where_it_is_chosen() -> None:
    flag = case_of([(A, B)], C)
    assert value_of(flag, a=True, c=True) is None
    assert value_of(flag, a=False, c=True) is True


def test_numbers_become_one_type_and_texts_meet() -> None:
    mixed = case_of([(A, number(1))], Const(Decimal("0.5"), DECIMAL))
    assert mixed.type == DECIMAL
    assert value_of(mixed, a=True) == Decimal(1)
    grade = Input("g", Type(Kind.CATEGORY, ("A", "B")))
    assert case_of([(A, grade)], Const("none", TEXT)).type == TEXT
    assert case_of([(A, grade)], grade).type == grade.type


def test_types_that_do_not_meet_are_refused() -> None:
    with pytest.raises(ExpressionError) as error:
        case_of([(A, number(1))], Const("one", TEXT))
    assert error.value.faults[0].code == "R025"
    with pytest.raises(ExpressionError):
        case_of([(number(1), number(2))])


def test_a_table_of_a_thousand_rows_compiles() -> None:
    at = Input("a", INTEGER)
    branches: list[tuple[Expr, Expr]] = [(Compare("==", at, number(row)), number(row * 2)) for row in range(1_000)]
    run = compile_conditions([case_of(branches, number(-1))], {"a": INTEGER})
    assert run({"a": 999}.get)[0] == (1998,)
    assert run({"a": 1000}.get)[0] == (-1,)


def test_cases_are_told_apart_by_their_hash_and_name_their_inputs() -> None:
    with_rest, without = case_of([(A, B)], C), case_of([(A, B)])
    assert list(input_names(with_rest)) == ["a", "b", "c"]
    assert canonical(with_rest) != canonical(without) != canonical(case_of([(A, C)]))
