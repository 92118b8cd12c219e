"""What a rule set costs at most, counted before it runs, and the budget that it has to keep.

A step is about what one comparison of two numbers takes. Functions of texts and of lists are counted by the longest
text and list that rules may see; each distinct part of all conditions is computed once, and so counted once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fengkong.rules.functions import compile_pattern
from fengkong.rules.similarity import LONGEST
from fengkong.rules.tree import Call, Expr, children
from fengkong.rules.types import Kind
from fengkong.rules.values import ITEMS_LIMIT, TEXT_LIMIT

__all__ = ["Budget", "cost"]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a rule set may cost for one document.

    steps: of all its conditions together. text: the longest text, in characters, that its rules read.
    """

    steps: int = 10_000_000
    text: int = TEXT_LIMIT


# Steps for a thousand characters, from measurements rounded up; a function that is not here takes one step.
_THOUSAND = 1_000
_STEPS: Mapping[str, int] = {
    "contains": 20,
    "contains_any": 20,
    "ends": 1,
    "join": 20,
    "lower": 100,
    "plain form": 2_000,
    "similarity": 5_000,
    "starts": 1,
    "upper": 100,
}
_PER_ITEM = frozenset({"all_of", "any_of", "has", "largest", "smallest", "total", "total of integers"})


def cost(conditions: Iterable[Expr], budget: Budget) -> int:
    """The most steps that the conditions can take together for one document."""
    seen: set[Expr] = set()
    return sum(_own_cost(part, budget) for condition in conditions for part in _distinct(condition, seen))


def _distinct(expr: Expr, seen: set[Expr]) -> Iterator[Expr]:
    if expr not in seen:
        seen.add(expr)
        yield expr
        for child in children(expr):
            yield from _distinct(child, seen)


def _own_cost(expr: Expr, budget: Budget) -> int:
    if not isinstance(expr, Call):
        return 1
    if expr.function in _PER_ITEM:
        return ITEMS_LIMIT
    if expr.function == "matches":
        size: int = compile_pattern(str(expr.settings[0])).programsize
        return 1 + (100 + 2 * size) * budget.text // _THOUSAND
    length = min(budget.text, LONGEST) if expr.function == "similarity" else budget.text
    texts = sum(argument.type.kind is not Kind.CATEGORY for argument in expr.arguments)
    parts = sum(len(setting) for setting in expr.settings if isinstance(setting, tuple)) or 1
    return 1 + _STEPS.get(expr.function, 0) * length * texts * parts // _THOUSAND
