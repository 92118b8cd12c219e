"""Which types meet in arithmetic and in comparisons, and what helps where they don't."""

from collections.abc import Sequence
from dataclasses import replace

from fengkong.rules.listing import EntityKind, plain_form
from fengkong.rules.numbers import are_numbers, as_decimal, to_calculate
from fengkong.rules.times import OPERATIONS
from fengkong.rules.tree import Arithmetic, ArithmeticOperator, Const, Expr
from fengkong.rules.types import DECIMAL, ENTITY, NUMBERS, Kind, Type

__all__ = ["CALCULABLE", "arithmetic_cure", "as_entities", "combine", "comparison_cure"]

CALCULABLE = NUMBERS | {Kind.MONEY, Kind.DATE, Kind.DATETIME, Kind.DURATION}
"""The kinds that arithmetic knows anything of."""

_SWAPPED = {("+", Kind.DURATION, Kind.DATE), ("+", Kind.DURATION, Kind.DATETIME), ("*", Kind.INTEGER, Kind.DURATION)}


def combine(operator: ArithmeticOperator, left: Expr, right: Expr) -> Arithmetic | None:
    """The two combined, with numbers brought to one type; None where the types don't go together."""
    if are_numbers([left, right]):
        left, right = map(as_decimal, (left, right)) if operator == "/" else to_calculate([left, right])
        return Arithmetic(operator, left, right, left.type)
    if Kind.MONEY in {left.type.kind, right.type.kind}:
        return _money(operator, left, right)
    if (operator, left.type.kind, right.type.kind) in _SWAPPED:
        left, right = right, left
    found = OPERATIONS.get((operator, left.type.kind, right.type.kind))
    return None if found is None else Arithmetic(operator, left, right, Type(found[0]))


def _money(operator: ArithmeticOperator, left: Expr, right: Expr) -> Arithmetic | None:
    if left.type == right.type:
        result = {"+": left.type, "-": left.type, "/": DECIMAL}.get(operator)
        return None if result is None else Arithmetic(operator, left, right, result)
    if operator == "*" and are_numbers([left]):
        left, right = right, left
    if operator in {"*", "/"} and left.type.kind is Kind.MONEY and are_numbers([right]):
        return Arithmetic(operator, left, as_decimal(right), left.type)
    return None


def as_entities(operands: Sequence[Expr]) -> list[Expr]:
    """The two sides of a comparison, with a literal text that stands beside an entity in the form of entities."""
    if not any(operand.type.kind is Kind.ENTITY for operand in operands):
        return list(operands)
    return [
        replace(operand, value=plain_form(operand.value, EntityKind.TEXT), type=ENTITY)
        if isinstance(operand, Const) and isinstance(operand.value, str)
        else operand
        for operand in operands
    ]


def comparison_cure(operands: Sequence[Expr]) -> str:
    """What helps where two values can't be compared."""
    kinds = {operand.type.kind for operand in operands}
    if Kind.MONEY in kinds:
        return _money_cure(operands)
    if Kind.DURATION in kinds:
        return 'write duration("30 d")'
    if Kind.ENTITY in kinds:
        return "compare an entity with a literal or another entity"
    if Kind.TEXT not in kinds:
        return ""
    if kinds & {Kind.DATE, Kind.DATETIME}:
        return 'write date("2025-01-31") or datetime("2025-01-31T09:30:00+08:00")'
    if Kind.BOOLEAN in kinds:
        return "write true or false without quotes"
    return "write the number without quotes" if kinds & NUMBERS else ""


def arithmetic_cure(left: Expr, right: Expr) -> str:
    """What helps where arithmetic on two values has no meaning."""
    kinds = {left.type.kind, right.type.kind}
    if Kind.MONEY in kinds:
        return _money_cure((left, right))
    return 'write duration("30 d") for a length of time' if kinds & {Kind.DATE, Kind.DATETIME, Kind.DURATION} else ""


def _money_cure(operands: Sequence[Expr]) -> str:
    currencies = [operand.type.currency for operand in operands if operand.type.currency]
    return f'write money("{currencies[0]} 1000")' if len(set(currencies)) == 1 else "use one currency"
