"""How alike two short texts are."""

from collections import Counter
from itertools import pairwise

__all__ = ["LONGEST", "similarity"]

# Control characters that no text of the world holds: they make pairs of the first and of the last character.
_START, _END = "\x02", "\x03"


LONGEST = 5_000
"""In characters. Of longer texts it is unknown how alike they are: pairs say little of them and take long to count."""


def similarity(left: str, right: str) -> float | None:
    """From 0 (no pair in common) to 1 (the same pairs): the Sørensen-Dice coefficient of pairs of adjacent characters.

    Pairs are counted as often as they occur, over code points, with a mark at either end so that names of one or two
    characters have pairs too. Linear in the lengths. Dice, "Measures of the amount of ecologic association between
    species" (1945); on pairs of characters, Adamson and Boreham (1974). Unknown (None) for a text above LONGEST.
    """
    if max(len(left), len(right)) > LONGEST:
        return None
    first, second = _pairs(left), _pairs(right)
    common = sum((first & second).values())
    return 2 * common / (first.total() + second.total())


def _pairs(text: str) -> Counter[tuple[str, str]]:
    return Counter(pairwise(f"{_START}{text}{_END}"))
