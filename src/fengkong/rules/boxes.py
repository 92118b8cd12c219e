"""Conditions as boxes: for some inputs the values that each may have, so that conditions can be compared.

A box says exactly when a condition is true; what can't be taken apart (a function, a comparison of two inputs) counts
as an input of its own. So one condition that lies within another does so for all data, whatever the boxes leave open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from fengkong.rules.ranges import KINDS, Listed, Values, all_values, compared, one_of
from fengkong.rules.tree import And, Compare, CompareOperator, Const, Convert, Expr, Known, Member, Not, Or

__all__ = ["Box", "Budget", "Side", "boxes", "remainder"]

BOXES = 32
"""The most boxes that one condition is taken apart into."""

STEPS = 50_000


@dataclass(frozen=True, slots=True)
class Side:
    """What one input may be: some of its known values, and whether it may be unknown."""

    values: Values
    unknown: bool = False

    def __bool__(self) -> bool:
        return self.unknown or bool(self.values)

    def meet(self, other: "Side") -> "Side":
        """What both allow."""
        return Side(self.values.meet(other.values), self.unknown and other.unknown)

    def without(self, other: "Side") -> "Side":
        """What this allows and the other does not."""
        return Side(self.values.without(other.values), self.unknown and not other.unknown)

    def within(self, other: "Side") -> bool:
        """Whether the other allows all that this does."""
        return not self.without(other)


@dataclass(frozen=True, slots=True)
class Box:
    """A side for each input that is limited; any other may be anything."""

    sides: Mapping[Expr, Side] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return all(self.sides.values())

    def meet(self, other: "Box") -> "Box":
        """What lies in both."""
        sides = dict(self.sides)
        for key, side in other.sides.items():
            sides[key] = sides[key].meet(side) if key in sides else side
        return Box(sides)

    def overlaps(self, other: "Box") -> bool:
        """Whether anything lies in both, where neither is empty."""
        return all(key not in self.sides or self.sides[key].meet(side) for key, side in other.sides.items())

    def within(self, other: "Box") -> bool:
        """Whether all of it lies in the other."""
        return all(key in self.sides and self.sides[key].within(side) for key, side in other.sides.items())

    def without(self, other: "Box") -> "list[Box]":
        """What lies in this and not in the other, as boxes that don't overlap."""
        if not self.overlaps(other):
            return [self]
        pieces, rest = [], dict(self.sides)
        for key, side in other.sides.items():
            own = rest.get(key, _anything(key))
            outside = Box({**rest, key: own.without(side)})
            pieces += [outside] if outside else []
            rest[key] = own.meet(side)
        return pieces


class Budget:
    """How many comparisons of boxes may still be made: what is cut out of what can grow beyond any use."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> bool:
        """Whether so many may still be made; they then count as made."""
        self._left -= steps
        return self._left >= 0


def remainder(box: Box, others: Iterable[Box], budget: Budget) -> list[Box] | None:
    """What is left of a box when the others are taken away; None where that is too much to follow."""
    left = [box] if box else []
    for other in others:
        if not budget.spend(len(left)):
            return None
        left = [piece for one in left for piece in one.without(other)]
        if not left:
            break
    return left


def boxes(condition: Expr, *, true: bool = True) -> list[Box]:
    """The boxes, none of them empty, in which the condition is true (or false)."""
    match condition:
        case Const(value=value):
            return [Box()] if value is true else []
        case Not(operand=operand):
            return boxes(operand, true=not true)
        case And(operands=operands) | Or(operands=operands):
            parts = [boxes(operand, true=true) for operand in operands]
            joined = _all(parts) if isinstance(condition, And) is true else _any(parts)
            return [_side(condition, Listed(frozenset({true})))] if joined is None else joined
        case Known(operand=operand):
            side = Side(all_values(operand.type)) if true else Side(_no_values(operand), unknown=True)
            return [Box({_key(operand): side})]
        case Member(operand=operand, items=items) if _key(operand).type.kind in KINDS:
            values = one_of([item.value for item in items], _key(operand).type)
            return _nonempty([_side(operand, values if true else all_values(_key(operand).type).without(values))])
        case Compare(operator=operator, left=left, right=Const(value=value)) if _key(left).type.kind in KINDS:
            return _compared(left, operator if true else _NEGATED[operator], value)
        case Compare(operator=operator, left=Const(value=value), right=right) if _key(right).type.kind in KINDS:
            turned = _MIRRORED[operator]
            return _compared(right, turned if true else _NEGATED[turned], value)
    return [_side(condition, Listed(frozenset({true})))]


_NEGATED: Mapping[CompareOperator, CompareOperator] = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"
}  # fmt: skip
_MIRRORED: Mapping[CompareOperator, CompareOperator] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="
}  # fmt: skip


def _compared(operand: Expr, operator: CompareOperator, literal: object) -> list[Box]:
    return _nonempty([_side(operand, compared(operator, literal, _key(operand).type))])  # type: ignore[arg-type]


def _key(operand: Expr) -> Expr:
    """What a side is kept under: the number itself, not what it is converted to."""
    return operand.operand if isinstance(operand, Convert) else operand


def _side(operand: Expr, values: Values) -> Box:
    return Box({_key(operand): Side(values)})


def _anything(key: Expr) -> Side:
    return Side(all_values(key.type), unknown=True)


def _no_values(operand: Expr) -> Values:
    return (whole := all_values(operand.type)).without(whole)


def _nonempty(found: Iterable[Box]) -> list[Box]:
    return [box for box in found if box]


def _any(parts: Sequence[list[Box]]) -> list[Box] | None:
    together = [box for part in parts for box in part]
    return together if len(together) <= BOXES else None


def _all(parts: Sequence[list[Box]]) -> list[Box] | None:
    """The boxes that lie in one of each part; None where they are too many."""
    found = [Box()]
    for part in parts:
        found = _nonempty(one.meet(other) for one, other in product(found, part))
        if len(found) > BOXES:
            return None
    return found
