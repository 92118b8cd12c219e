"""What lists answer. A list is a tuple whose items are all known; each function is linear in their number."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fengkong.rules.arithmetic import add
from fengkong.rules.tree import COMPARISONS

__all__ = ["QUANTIFIERS", "extreme", "has", "joined", "quantified", "total"]

QUANTIFIERS: Mapping[str, Callable[[Any], bool]] = {"any_of": any, "all_of": all}
"""`any_of(items) > 5`: whether some item compares so; `all_of(items) > 5`: whether every one does, or there is none."""


def quantified(name: str) -> Callable[[str], Callable[..., bool]]:
    """For "any_of" or "all_of": takes a comparison's sign, or "in", and gives the function of list and operands."""
    settle = QUANTIFIERS[name]

    def make(sign: str) -> Callable[..., bool]:
        if sign == "in":
            return lambda items, *literals: settle(item in literals for item in items)
        compare = COMPARISONS[sign]
        return lambda items, other: settle(compare(item, other) for item in items)

    return make


def has(items: Sequence[object], value: object) -> bool:
    """Whether one of the items equals the value."""
    return value in items


def total(items: Sequence[Decimal]) -> Decimal | None:
    """The sum of decimals, rounded half-even to 34 digits from the first item on; of none, 0."""
    so_far: Decimal | None = Decimal(0)
    for item in items:
        so_far = None if so_far is None else add(so_far, item)
    return so_far


def extreme(pick: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    """The largest or smallest item as `pick` is max or min; of no items there is none."""
    return lambda items: pick(items, default=None)


def joined(items: Sequence[str]) -> str:
    """The texts one below the other, so that text functions can look into all of them."""
    return "\n".join(items)
