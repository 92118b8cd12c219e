"""Sets of values of one input: ranges of numbers and days, and texts that are in or left out.

Exact set algebra, so that what the checks say of conditions is never a guess. A range lies between two cuts; a cut is a
number and a side, just before it (-1) or just after it (1), which settles what is open and what is closed.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from fengkong.rules.times import write_duration
from fengkong.rules.tree import CompareOperator, ConstValue
from fengkong.rules.types import ORDERED, TEXTS, Kind, Type

__all__ = ["KINDS", "Listed", "Ranges", "Values", "all_values", "compared", "hull", "one_of"]

Number = int | float | Fraction
Cut = tuple[Number, int]

_START: Cut = (-math.inf, -1)
_END: Cut = (math.inf, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WHOLE = {Kind.INTEGER, Kind.DATE, Kind.DATETIME, Kind.DURATION}
"""Kinds whose values stand apart; days, and the microseconds of moments and durations, are counted."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges in order, without overlap or touch. whole: only whole numbers are meant."""

    ranges: tuple[tuple[Cut, Cut], ...]
    kind: Kind

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def meet(self, other: Any) -> "Ranges":
        """What is in both."""
        both = ((max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges)
        return Ranges(tuple([piece for piece in both if piece[0] < piece[1]]), self.kind)

    def without(self, other: Any) -> "Ranges":
        """What is in this and not in the other."""
        left = list(self.ranges)
        for low, high in other.ranges:
            left = [piece for a, b in left for piece in ((a, min(b, low)), (max(a, high), b)) if piece[0] < piece[1]]
        return Ranges(tuple(left), self.kind)

    def example(self) -> str:
        """One of the values, as an author would write it."""
        low, high = self.ranges[0]
        return _written(_between(low, high, whole=self.kind in _WHOLE), self.kind)


@dataclass(frozen=True, slots=True)
class Listed:
    """Texts, or truth values: those listed, or, where `others` is set, all but those listed."""

    items: frozenset[ConstValue]
    others: bool = False

    def __bool__(self) -> bool:
        return self.others or bool(self.items)

    def meet(self, other: Any) -> "Listed":
        """What is in both."""
        match self.others, other.others:
            case True, True:
                return Listed(self.items | other.items, True)
            case True, False:
                return Listed(other.items - self.items)
            case False, True:
                return Listed(self.items - other.items)
        return Listed(self.items & other.items)

    def without(self, other: Any) -> "Listed":
        """What is in this and not in the other."""
        return self.meet(Listed(other.items, not other.others))

    def example(self) -> str:
        """One of the values, as an author would write it."""
        if self.others:
            return "another text"
        item = min(self.items, key=str)
        return str(item).lower() if isinstance(item, bool) else f'"{item}"'


Values = Ranges | Listed
"""Of one input all sets are of one class, so `meet` and `without` take what they are."""

KINDS = frozenset({*ORDERED, *TEXTS, Kind.BOOLEAN})
"""The kinds whose literals this algebra knows."""


def all_values(of: Type) -> Values:
    """Every known value of the type."""
    match of.kind:
        case Kind.PROBABILITY:
            return Ranges((((0, -1), (1, 1)),), of.kind)
        case Kind.BOOLEAN:
            return Listed(frozenset({True, False}))
        case Kind.CATEGORY:
            return Listed(frozenset(of.values))
    return Ranges(((_START, _END),), of.kind) if of.kind in ORDERED else Listed(frozenset(), True)


def compared(operator: CompareOperator, literal: ConstValue, of: Type) -> Values:
    """The values of the type that compare so with the literal."""
    whole = all_values(of)
    if isinstance(whole, Listed):
        same = Listed(frozenset({literal}))
        return whole.meet(same) if operator == "==" else whole.without(same)
    at = _number(literal)
    before, after = (at, -1), (at, 1)
    ranges = {
        "==": [(before, after)],
        "!=": [(_START, before), (after, _END)],
        "<": [(_START, before)],
        "<=": [(_START, after)],
        ">": [(after, _END)],
        ">=": [(before, _END)],
    }
    return whole.meet(_ranges(ranges[operator], of.kind))


def one_of(literals: Iterable[ConstValue], of: Type) -> Values:
    """The values of the type that are among the literals."""
    whole = all_values(of)
    if isinstance(whole, Listed):
        return whole.meet(Listed(frozenset(literals)))
    return whole.meet(_ranges([((at, -1), (at, 1)) for at in map(_number, literals)], of.kind))


def _number(literal: ConstValue) -> Number:
    match literal:
        case datetime():
            return (literal - _EPOCH) // _MICROSECOND
        case timedelta():
            return literal // _MICROSECOND
        case date():
            return literal.toordinal()
        case float():
            return Fraction(repr(literal))  # compared with decimals, a double is the number that it is written as
        case Decimal():
            return Fraction(literal)
    return cast("int", literal)


def _ranges(pieces: Iterable[tuple[Cut, Cut]], kind: Kind) -> Ranges:
    joined: list[tuple[Cut, Cut]] = []
    for low, high in sorted(_settled(pieces, whole=kind in _WHOLE)):
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return Ranges(tuple(joined), kind)


def _settled(pieces: Iterable[tuple[Cut, Cut]], *, whole: bool) -> Iterator[tuple[Cut, Cut]]:
    for low, high in pieces:
        piece = (_before_whole(low), _before_whole(high)) if whole else (low, high)
        if piece[0] < piece[1]:
            yield piece


def _before_whole(cut: Cut) -> Cut:
    """The same cut among whole numbers, as one just before a whole number."""
    at, side = cut
    if math.isinf(at):
        return cut
    return (math.ceil(at), -1) if side < 0 else (math.floor(at) + 1, -1)


def _between(low: Cut, high: Cut, *, whole: bool) -> Number:
    """A number between two cuts, a simple one where there is one."""
    (start, after), (end, _) = low, high
    if math.isinf(start):
        return 0 if math.isinf(end) else (0 if high >= (0, 1) else math.floor(end) - 1)
    if after < 0:
        return start
    step = math.floor(start) + 1
    if math.isinf(end) or (step, 1) <= high:
        return step
    return step if whole else (Fraction(start) + Fraction(end)) / 2


def _written(number: Number, kind: Kind) -> str:
    match kind:
        case Kind.DATE:
            low, high = date.min.toordinal(), date.max.toordinal()
            return date.fromordinal(min(max(int(number), low), high)).isoformat()
        case Kind.DATETIME:
            return (_EPOCH + int(number) * _MICROSECOND).isoformat()
        case Kind.DURATION:
            return write_duration(int(number) * _MICROSECOND)
    return str(number) if isinstance(number, int) else f"{float(number):.12g}"


def hull(spoken: Sequence[Values], of: Type) -> Values:
    """The values from the least to the largest that the sets name, or the texts that they name."""
    whole = all_values(of)
    if isinstance(whole, Listed):
        named = Listed(frozenset[ConstValue]().union(*(one.items for one in spoken if isinstance(one, Listed))))
        return whole.meet(named) if whole.others else whole
    cuts = [cut for one in spoken if isinstance(one, Ranges) for pair in one.ranges for cut in pair]
    finite = [cut for cut in cuts if not math.isinf(cut[0])]
    return whole.meet(_ranges([(min(finite), max(finite))], of.kind)) if finite else whole
