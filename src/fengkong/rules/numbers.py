"""Which number types meet in one operation, and the conversions that the checker writes into the tree for them.

Integers stay integers, probabilities stay doubles while they are only compared with each other and with literals, and
everything else is an exact decimal.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from fengkong.rules.tree import Const, Convert, Expr
from fengkong.rules.types import DECIMAL, NUMBERS, PROBABILITY, Kind

__all__ = ["are_numbers", "as_decimal", "fits_double", "to_calculate", "to_compare"]

# A decimal of up to 15 digits survives the way to a double and back, so comparing it as a double is exact.
_DOUBLE_DIGITS = 15


def are_numbers(operands: Sequence[Expr]) -> bool:
    """Whether all of them are numbers."""
    return all(operand.type.kind in NUMBERS for operand in operands)


def to_calculate(operands: Sequence[Expr]) -> tuple[Expr, ...]:
    """The numbers in the one type that arithmetic on them takes: integer when all are, else decimal."""
    if all(operand.type.kind is Kind.INTEGER for operand in operands):
        return tuple(operands)
    return tuple(map(as_decimal, operands))


def to_compare(operands: Sequence[Expr]) -> tuple[Expr, ...]:
    """The numbers in the one type that comparing them takes: as for arithmetic, but probabilities stay doubles."""
    if any(operand.type.kind is Kind.PROBABILITY for operand in operands):
        doubles = [_as_double(operand) for operand in operands]
        if all(doubles):
            return tuple(double for double in doubles if double)
    return to_calculate(operands)


def as_decimal(operand: Expr) -> Expr:
    """The number as a decimal: a literal at once, anything else when the rule runs."""
    if operand.type.kind is Kind.DECIMAL:
        return operand
    if isinstance(operand, Const):
        return Const(Decimal(str(operand.value)), DECIMAL)
    return Convert(operand, DECIMAL)


def _as_double(operand: Expr) -> Expr | None:
    if operand.type.kind is Kind.PROBABILITY:
        return operand
    if isinstance(operand, Const) and fits_double(operand):
        return Const(float(cast("int | Decimal", operand.value)), PROBABILITY)
    return None


def fits_double(literal: Const) -> bool:
    """Whether the literal is a number that survives the way to a double and back."""
    if not isinstance(literal.value, int | Decimal):
        return False
    digits = "".join(map(str, Decimal(literal.value).as_tuple().digits)).strip("0")
    return len(digits) <= _DOUBLE_DIGITS
