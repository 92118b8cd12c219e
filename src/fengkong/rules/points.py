"""Score points: what the rules of a group that are hit add up to, as values that other rules may use.

`points.<group>` and `points.total` are sums over the rules that give points. A rule that is unknown makes the sum
unknown, but where its author wrote `unknown: no_hit`; a rule that is snoozed for the document adds nothing.
"""

from collections.abc import Sequence
from decimal import Decimal

from fengkong.rules.cases import case_of
from fengkong.rules.definition import Rule
from fengkong.rules.numbers import to_calculate
from fengkong.rules.tree import And, Arithmetic, Const, Expr, Input, Known, Not
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER

__all__ = ["SNOOZED", "literal", "points_of", "snoozed_input", "total"]

SNOOZED = "snoozed."
"""What the names of the inputs begin with that say whether a rule with points is snoozed for the document."""


def snoozed_input(rule: str) -> str:
    """The input that is true where that rule is snoozed for the document, and unknown where it isn't."""
    return f"{SNOOZED}{rule}"


def points_of(rule: Rule) -> Expr:
    """The points that a rule gives to one document: its own where it is hit, else none."""
    awake = Not(Known(Input(snoozed_input(rule.id), BOOLEAN)))
    settled = (rule.condition,) if rule.unknown is not None else (Known(rule.condition), rule.condition)
    points = literal(rule.points or 0)
    return case_of([(And((awake, *settled)), points)], literal(0))


def literal(number: int | Decimal) -> Const:
    """The number as a node of the tree."""
    return Const(number, DECIMAL if isinstance(number, Decimal) else INTEGER)


def total(terms: Sequence[Expr]) -> Expr:
    """The sum, as a tree that is no deeper than it must be; nothing sums to 0."""
    if not terms:
        return literal(0)
    level = list(to_calculate(terms))
    while len(level) > 1:
        pairs = [Arithmetic("+", left, right, left.type) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[2 * len(pairs) :]
    return level[0]
