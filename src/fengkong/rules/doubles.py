"""Which decimals may stay doubles: those that conditions only compare with short literals.

Making a decimal of a double costs more than ten comparisons. It can be spared where the answer is the same. Let D(x) be
the shortest decimal that reads back as the double x, which is what a double means here. D grows with x, and a literal c
of at most 15 digits is D of its own double. So D(x) < c exactly where x < double(c), and so for =, > and the rest.
"""

from collections.abc import Iterator, Sequence

from fengkong.rules.numbers import fits_double
from fengkong.rules.tree import Compare, Const, Expr, Input, Member, children
from fengkong.rules.types import Kind

__all__ = ["DOUBLE_LIMIT", "comparable_as_doubles"]

DOUBLE_LIMIT = 9e15
"""Below 2**53 in size, where integers and doubles are the same numbers too."""


def comparable_as_doubles(conditions: Sequence[Expr]) -> frozenset[str]:
    """The decimal inputs that occur only in comparisons with literals of at most 15 digits."""
    decimals = {name for condition in conditions for name in _decimals(condition)}
    return frozenset(decimals.difference(*map(_calculated, conditions)))


def _is_short_comparison(expr: Expr) -> bool:
    match expr:
        case Compare(left=Input(), right=Const() as literal) | Compare(left=Const() as literal, right=Input()):
            return fits_double(literal)
        case Member(operand=Input(), items=literals):
            return all(map(fits_double, literals))
    return False


def _decimals(expr: Expr) -> Iterator[str]:
    if isinstance(expr, Input) and expr.type.kind is Kind.DECIMAL:
        yield expr.name
    for child in children(expr):
        yield from _decimals(child)


def _calculated(expr: Expr) -> Iterator[str]:
    """Names of the inputs that are used in any other way."""
    if isinstance(expr, Input):
        yield expr.name
    elif not _is_short_comparison(expr):
        for child in children(expr):
            yield from _calculated(child)
