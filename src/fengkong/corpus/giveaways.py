"""Fields that give the label away: known only because the outcome is known, and so useless when it isn't."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from fengkong.domain.documents import Example, FieldValue

__all__ = ["GiveAway", "give_aways"]

EXPLAINED = 0.95
"""Share of the majority guess's errors that one field must avoid."""
_LEAST_ERRORS = 10
_ORNAMENTS = re.compile(r"[\s,%$€£¥￥元]")


@dataclass(frozen=True, slots=True)
class GiveAway:
    """A field, and the share of a majority guess's errors that it alone avoids, on examples not learnt from."""

    field: str
    explained: float


def give_aways(examples: Sequence[Example]) -> list[GiveAway]:
    """Fields from which a rule of one field tells nearly every label.

    The rule is that of one field (1R; Holte 1993, "Very simple classification rules perform well on most commonly used
    datasets"): the most frequent label of the value, and for a number not seen before, of the nearest seen.
    It is learnt on one half, drawn with a fixed seed, and tried on the other, so identifiers, each seen once, do not
    pass for knowledge. Unknown is a value, since its absence may tell too. Fields are left out where the tried half has
    fewer than 10 examples outside the most frequent label.
    """
    shuffled = [examples[i] for i in np.random.Generator(np.random.PCG64(0)).permutation(len(examples))]
    labels = [ex.label for ex in shuffled]
    found = []
    for name in sorted({name for ex in shuffled for name in ex.fields}):
        explained = _explained([_code(ex.fields.get(name)) for ex in shuffled], labels)
        if explained >= EXPLAINED:
            found.append(GiveAway(name, explained))
    return found


def _explained(codes: Sequence[float | str], labels: Sequence[str]) -> float:
    learnt: defaultdict[float | str, Counter[str]] = defaultdict(Counter)
    for code, label in zip(codes[::2], labels[::2], strict=True):
        learnt[code][label] += 1
    overall = Counter(labels[::2])
    if not overall:
        return 0.0
    usual = max(overall, key=lambda label: overall[label])
    rule = {code: max(seen, key=lambda label: seen[label]) for code, seen in learnt.items()}
    guessed_wrong = sum(label != usual for label in labels[1::2])
    tried = _nearest(codes[1::2], sorted(code for code in learnt if isinstance(code, float)))
    ruled_wrong = sum(rule.get(code, usual) != label for code, label in zip(tried, labels[1::2], strict=True))
    return 1 - ruled_wrong / guessed_wrong if guessed_wrong >= _LEAST_ERRORS else 0.0


def _nearest(codes: Sequence[float | str], seen: Sequence[float]) -> list[float | str]:
    """The codes with each number replaced by the nearest of those seen (ascending); words stay."""
    if not seen:
        return list(codes)
    numbers = np.array([code for code in codes if isinstance(code, float)])
    above = np.searchsorted(seen, numbers).clip(1, len(seen) - 1) if len(seen) > 1 else np.zeros(len(numbers), int)
    grid = np.array(seen)
    nearer_below = numbers - grid[above - 1] < grid[above] - numbers
    nearest = iter(grid[above - nearer_below].tolist())
    return [next(nearest) if isinstance(code, float) else code for code in codes]


def _code(value: FieldValue) -> float | str:
    number = _number(value)
    return str(value) if number is None else number


def _number(value: FieldValue) -> float | None:
    """A number, also as text with a unit of money or per cent; None beyond what a double holds."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(_ORNAMENTS.sub("", value) if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
