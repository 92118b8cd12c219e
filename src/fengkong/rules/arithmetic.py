"""Exact arithmetic for rules: integers without limit, decimals with 34 digits as in IEEE 754 decimal128.

Every operation is total. A result without a value (division by zero, more digits than fit) is unknown (None).
"""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

__all__ = [
    "absolute",
    "add",
    "decimal_remainder",
    "divide",
    "from_integer",
    "from_probability",
    "integer_remainder",
    "multiply",
    "negate",
    "round_half_up",
    "subtract",
]

# A context of our own: the caller's thread may have set another precision or other traps.
_CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])


def _finite(result: Decimal) -> Decimal | None:
    return result if result.is_finite() else None


def add(left: Decimal, right: Decimal) -> Decimal | None:
    """The sum, rounded half-even to 34 digits."""
    return _finite(_CONTEXT.add(left, right))


def subtract(left: Decimal, right: Decimal) -> Decimal | None:
    """The difference, rounded half-even to 34 digits."""
    return _finite(_CONTEXT.subtract(left, right))


def multiply(left: Decimal, right: Decimal) -> Decimal | None:
    """The product, rounded half-even to 34 digits."""
    return _finite(_CONTEXT.multiply(left, right))


def divide(left: Decimal, right: Decimal) -> Decimal | None:
    """The quotient, rounded half-even to 34 digits; unknown when the divisor is zero."""
    return _finite(_CONTEXT.divide(left, right))


def decimal_remainder(left: Decimal, right: Decimal) -> Decimal | None:
    """What division leaves, with the sign of the divisor as for integers; unknown when the divisor is zero."""
    rest = _finite(_CONTEXT.remainder(left, right))
    return rest if not rest or rest.is_signed() == right.is_signed() else add(rest, right)


def integer_remainder(left: int, right: int) -> int | None:
    """What division leaves, with the sign of the divisor; unknown when the divisor is zero."""
    return left % right if right else None


def absolute(value: int | Decimal) -> int | Decimal:
    """The distance from zero, without rounding."""
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


def negate(value: Decimal) -> Decimal:
    """The number with its sign turned, without rounding."""
    return value.copy_negate()


def round_half_up(value: Decimal, digits: int) -> Decimal | None:
    """Rounded to that many digits after the point, halves away from zero as on a bank statement."""
    return _finite(value.quantize(Decimal(1).scaleb(-digits, _CONTEXT), ROUND_HALF_UP, _CONTEXT))


def from_integer(value: int) -> Decimal:
    """The integer as a decimal."""
    return Decimal(value)


def from_probability(value: float) -> Decimal:
    """The double as the shortest decimal that reads back as it: 0.1 becomes 0.1."""
    return Decimal(repr(value))
