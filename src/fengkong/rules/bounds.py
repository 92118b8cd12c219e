"""Numbers of a table column as doubles with a bound on how far each lies from the exact decimal.

A comparison whose sides lie further apart than their bounds is decided exactly by the doubles; only the few rows that
lie closer need exact arithmetic. This is the floating-point filter of computational geometry (Shewchuk, "Adaptive
Precision Floating-Point Arithmetic", 1997) with a running error analysis (Higham, "Accuracy and Stability", chapter 3).

Invariants: a null value is unknown for certain. A bound of zero means an integer below 2**53 in size, held
exactly. An infinite bound means that nothing is known, not even whether there is a value.
"""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from fengkong.rules.tree import COMPARISONS

__all__ = [
    "Bounded",
    "absolute",
    "add",
    "certain",
    "compare",
    "divide",
    "extreme",
    "literal",
    "measured",
    "multiply",
    "negate",
    "remainder",
    "round_half_up",
    "subtract",
    "whole",
]

# Twice the unit roundoff of a double, and more than what underflow can lose: room for the rounding of the bounds.
_UNIT, _TINY, _ROOM = 2.0**-52, 1e-290, 1 + 1e-9
_INFINITE = float("inf")
# 2**53 itself may stand for 2**53 + 1.
_EXACT = 2.0**53 - 1
_ROUNDED = 1e15


@dataclass(frozen=True, slots=True)
class Bounded:
    """Doubles and their bounds.

    doubles: each value is the double nearest to a decimal of at most 15 digits, or stands for the shortest decimal that
    reads back as it; two such numbers compare as their doubles do (see doubles.py).
    """

    value: pl.Expr
    error: pl.Expr
    doubles: bool = False


def literal(number: int | float | Decimal, *, doubles: bool) -> Bounded:
    """A number that its author wrote."""
    value = float(number)
    error = 0.0 if value == number and value.is_integer() and abs(value) <= _EXACT else _UNIT * abs(value) + _TINY
    return Bounded(pl.lit(value), pl.lit(error), doubles)


def measured(value: pl.Expr, *, doubles: bool) -> Bounded:
    """Doubles that are the nearest to their decimals; where `doubles` holds, an integral one is meant exactly."""
    error = _UNIT * value.abs() + _TINY
    return Bounded(value, _if_whole(value, error) if doubles else _if_finite(value, error), doubles)


def whole(value: pl.Expr, *, doubles: bool) -> Bounded:
    """Doubles that are the nearest to integers; exact, where they are small enough."""
    return Bounded(value, _if_whole(value, _UNIT * value.abs() + _TINY), doubles)


def compare(operator_: str, left: Bounded, right: Bounded) -> tuple[pl.Expr, pl.Expr | None]:
    """The answers by doubles, and where they are in doubt (None: nowhere)."""
    answer: pl.Expr = COMPARISONS[operator_](left.value, right.value)
    if left.doubles and right.doubles:
        return answer, None
    error = (left.error + right.error) * _ROOM
    distance = (left.value - right.value).abs()
    decided = ((distance > error) & (error < _INFINITE)) | (error == 0)
    return answer, distance.is_not_null() & decided.not_()


def certain(number: Bounded) -> tuple[pl.Expr, pl.Expr]:
    """Whether there is a value, and where that is in doubt."""
    return number.value.is_not_null(), number.value.is_not_null() & (number.error < _INFINITE).not_()


def add(left: Bounded, right: Bounded) -> Bounded:
    """The sum."""
    return _combined(left.value + right.value, left, right, left.error + right.error)


def subtract(left: Bounded, right: Bounded) -> Bounded:
    """The difference."""
    return _combined(left.value - right.value, left, right, left.error + right.error)


def multiply(left: Bounded, right: Bounded) -> Bounded:
    """The product."""
    spread = left.value.abs() * right.error + right.value.abs() * left.error + left.error * right.error
    return _combined(left.value * right.value, left, right, spread)


def divide(left: Bounded, right: Bounded) -> Bounded:
    """The quotient; unknown where the divisor is zero."""
    value = _unless_zero(right, left.value / right.value)
    least = right.value.abs() - right.error
    spread = (left.error + value.abs() * right.error) / least
    error = pl.when(least > 0).then((spread + _UNIT * value.abs()) * _ROOM + _TINY).otherwise(_INFINITE)
    exact = _both_whole(left, right) & (value == value.floor()) & (value * right.value == left.value)
    return Bounded(value, pl.when(exact).then(0.0).otherwise(_if_finite(value, error)))


def remainder(left: Bounded, right: Bounded) -> Bounded:
    """What division leaves, with the sign of the divisor; only integers are decided here."""
    exact = _both_whole(left, right)
    dividend = pl.when(exact).then(left.value).cast(pl.Int64)
    divisor = pl.when(exact & (right.value != 0)).then(right.value).cast(pl.Int64)
    both = left.value.is_not_null() & right.value.is_not_null()
    value = pl.when(exact.not_() & both).then(0.0).otherwise((dividend % divisor).cast(pl.Float64))
    return Bounded(value, pl.when(exact).then(0.0).otherwise(_INFINITE))


def negate(number: Bounded) -> Bounded:
    """The number with its sign turned."""
    return Bounded(-number.value, number.error, number.doubles)


def absolute(number: Bounded) -> Bounded:
    """The distance from zero."""
    return Bounded(number.value.abs(), number.error, number.doubles)


def extreme(name: str, left: Bounded, right: Bounded) -> Bounded:
    """The smaller ("min") or the larger ("max") of two."""
    first = left.value <= right.value if name == "min" else left.value >= right.value
    unknown = left.value.is_null() | right.value.is_null()
    value = pl.when(unknown).then(None).when(first).then(left.value).otherwise(right.value)
    return Bounded(value, pl.max_horizontal(left.error, right.error), left.doubles and right.doubles)


def round_half_up(number: Bounded, digits: int) -> Bounded:
    """Rounded to that many digits after the point, halves away from zero."""
    scale = 10.0**digits
    size = number.value.abs() * scale
    spread = (number.error * scale + 2 * _UNIT * size) * _ROOM + _TINY
    low, high = (size + 0.5 - spread).floor(), (size + 0.5 + spread).floor()
    value = number.value.sign() * high / scale
    sure = (low == high) & (size < _ROUNDED) & (number.error < _INFINITE)
    return Bounded(value, pl.when(sure).then(_if_whole(value, _UNIT * value.abs() + _TINY)).otherwise(_INFINITE))


def _combined(value: pl.Expr, left: Bounded, right: Bounded, spread: pl.Expr) -> Bounded:
    error = (spread + _UNIT * value.abs()) * _ROOM + _TINY
    exact = _both_whole(left, right) & (value.abs() <= _EXACT)
    return Bounded(value, pl.when(exact).then(0.0).otherwise(_if_finite(value, error)))


def _both_whole(left: Bounded, right: Bounded) -> pl.Expr:
    return (left.error == 0) & (right.error == 0)


def _if_whole(value: pl.Expr, error: pl.Expr) -> pl.Expr:
    small_integer = (value == value.floor()) & (value.abs() <= _EXACT)
    return pl.when(small_integer).then(0.0).otherwise(_if_finite(value, error))


def _if_finite(value: pl.Expr, error: pl.Expr) -> pl.Expr:
    # Polars holds NaN for larger than everything, so a NaN must never get into a comparison.
    return pl.when(value.is_finite() & error.is_finite()).then(error).otherwise(_INFINITE)


def _unless_zero(divisor: Bounded, value: pl.Expr) -> pl.Expr:
    return pl.when((divisor.value == 0) & (divisor.error == 0)).then(None).otherwise(value)
