"""The one way to build a choice between values: what scorecards, points and decision tables are made of."""

from collections.abc import Sequence

from fengkong.rules.numbers import are_numbers, to_calculate
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import Case, Expr
from fengkong.rules.types import BOOLEAN, TEXT, TEXTS

__all__ = ["case_of"]


def case_of(branches: Sequence[tuple[Expr, Expr]], otherwise: Expr | None = None) -> Case:
    """The typed choice: numbers are brought to one type, texts and categories meet as text.

    branches: guard (a condition) and value, in the order in which they are tried; at least one. otherwise: the value
    where every guard is false; None leaves it unknown. Raises ExpressionError where the types don't go together.
    """
    guards = [guard for guard, _ in branches]
    if any(guard.type != BOOLEAN for guard in guards):
        raise ExpressionError(Fault("R025", "a branch stands under a value that is not a condition"))
    values = [value for _, value in branches] + ([] if otherwise is None else [otherwise])
    types = dict.fromkeys(value.type for value in values)
    if len(types) > 1 and are_numbers(values):
        values = list(to_calculate(values))
    elif len(types) > 1 and not {of.kind for of in types} <= TEXTS:
        what = "the values of a choice are of several types: " + ", ".join(map(str, types))
        raise ExpressionError(Fault("R025", what, "give them one type"))
    result = values[0].type if len({value.type for value in values}) == 1 else TEXT
    rest = None if otherwise is None else values.pop()
    return Case(tuple(zip(guards, values, strict=True)), rest, result)
