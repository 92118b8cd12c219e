"""Optimal binning: the cut of one field into few bins that tells most about the outcome.

Among all ways to join neighbouring fine bins, the one of the highest information value whose bad rate only rises or
only falls, whose bins are large enough and whose neighbours differ beyond chance. Information value is a sum over
bins, so dynamic programming finds the optimum exactly; Navas-Palencia 2020, "Optimal binning: mathematical programming
formulation" (arXiv 2001.08025) states the same problem for a solver.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BoolArray",
    "Counts",
    "FloatArray",
    "Groups",
    "count",
    "cut_numbers",
    "evidence",
    "group_values",
    "join",
    "one_half",
    "roundest",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Counts = NDArray[np.int64]
"""(bins, 2): good and bad cases in each bin."""

FINE_BINS = 24
MAX_BINS = 7
MIN_SHARE = 0.04
"""The least share of the known cases in a bin."""
Z = 1.645
"""By so many standard errors the bad rates of neighbours differ at least: one-sided, at 5%."""
PRIOR = 10
"""Cases of the overall bad rate that are added to each bin, so that a small one says little."""
RARE = 0.005
"""A value of a smaller share of the cases is one of the others."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Values of a category by group; others: the group that all values named in none belong to, None for no group."""

    named: tuple[tuple[str, ...], ...]
    others: int | None


def count(place: NDArray[np.intp], bad: BoolArray, bins: int) -> Counts:
    """Good and bad cases by the place (n,) of their bin."""
    return np.bincount(2 * place + bad, minlength=2 * bins).reshape(bins, 2)


def one_half(cases: int) -> BoolArray:
    """(n,) one half of the cases, drawn blindly and always the same."""
    half: BoolArray = np.random.default_rng(0).permutation(cases) % 2 == 0
    return half


def evidence(counts: Counts, total: Counts) -> tuple[FloatArray, FloatArray]:
    """Weight of evidence of each bin (..., 2) of all the cases (2,), and what it adds to the information value.

    Weight of evidence is ln(share of the good / share of the bad): positive is safer than average (Siddiqi 2006).
    """
    good, bad = np.moveaxis((counts + PRIOR * total / total.sum()) / total, -1, 0)
    weight: FloatArray = np.log(good / bad)
    return weight, (good - bad) * weight


def cut_numbers(values: FloatArray, bad: BoolArray) -> tuple[float, ...]:
    """The inner edges, ascending, of the bins (-inf, e0), [e0, e1), ..., [ek, inf); () where no cut tells anything.

    values: (n,) without NaN. An edge is the roundest number that parts its neighbours.
    """
    distinct = np.unique(values)
    if len(distinct) < 2:
        return ()
    ranks = np.quantile(values, np.linspace(0, 1, FINE_BINS + 1)[1:-1], method="lower")
    above = np.unique(np.searchsorted(distinct, ranks, side="right"))
    edges = [roundest(float(distinct[at - 1]), float(distinct[at])) for at in above if at < len(distinct)]
    counts = count(np.searchsorted(edges, values, side="right"), bad, len(edges) + 1)
    falling, starts = join(counts[::-1])
    _, chosen = max(join(counts), (falling, sorted(len(counts) - at for at in starts)))
    return tuple(edges[at - 1] for at in chosen)


def group_values(values: NDArray[np.object_], bad: BoolArray) -> Groups:
    """Groups from the lowest bad rate to the highest; none where no grouping tells anything.

    values: (n,) texts; an empty one is one of the others. They are put in order by one half of the cases and joined by
    the other: an order and a cut found on the same cases would make groups out of chance.
    """
    names, place = np.unique(values.astype(str), return_inverse=True)
    kept = np.flatnonzero((np.bincount(place) >= max(2, RARE * len(values))) & (names != ""))
    others = len(kept) if len(kept) < len(names) else None
    bins = len(kept) + (others is not None)
    fine = np.full(len(names), len(kept))
    fine[kept] = np.arange(len(kept))
    at, half = fine[place], one_half(len(values))
    if not (first := count(at[half], bad[half], bins)).sum(axis=0).all():
        return Groups((), None)
    order = np.argsort(-evidence(first, first.sum(axis=0))[0], kind="stable")
    _, starts = join(count(at[~half], bad[~half], bins)[order])
    if not starts:
        return Groups((), None)
    groups = np.split(order, starts)
    named = tuple(tuple(str(names[kept[i]]) for i in sorted(group) if i != others) for group in groups)
    return Groups(named, next((g for g, group in enumerate(groups) if others in group), None))


def join(counts: Counts) -> tuple[float, list[int]]:
    """The information value and the inner starts of the best bins of rising bad rate; fine bins are given in order.

    A state is the last bin [start, end) and the number of bins so far: O(fine bins ** 3).
    """
    n, total = len(counts), counts.sum(axis=0)
    if not total.all():
        return 0.0, []
    sums = np.vstack([np.zeros((1, 2), counts.dtype), counts.cumsum(axis=0)])
    inside = sums[None] - sums[:, None]  # (start, end, good or bad)
    size = inside.sum(axis=2)
    large = size >= max(1.0, MIN_SHARE * total.sum())
    worth = np.where(large, evidence(np.maximum(inside, 0), total)[1], -np.inf)
    best = np.full((MAX_BINS, n + 1, n + 1), -np.inf)
    came = np.zeros((MAX_BINS, n + 1, n + 1), dtype=np.intp)
    best[0, 0] = worth[0]
    for start, end in np.argwhere(large):
        if start > 0:
            differ = _rises(inside[:start, start], inside[start, end])
            reached = np.where(differ, best[:-1, :start, start], -np.inf)
            came[1:, start, end] = reached.argmax(axis=1)
            best[1:, start, end] = reached.max(axis=1) + worth[start, end]
    bins, start = np.unravel_index(best[:, :, n].argmax(), (MAX_BINS, n + 1))
    value, end, starts = float(best[bins, start, n]), n, []
    for before in range(int(bins), 0, -1):
        starts.append(int(start))
        start, end = came[before, start, end], start
    return value, starts[::-1]


def _rises(left: Counts, right: Counts) -> BoolArray:
    """Whether the bad rate of a bin (2,) is beyond chance above that of each bin (k, 2): the test of two shares."""
    left_size, right_size = np.maximum(left.sum(axis=1), 1), right.sum()
    share = (left[:, 1] + right[1]) / (left_size + right_size)
    spread = np.sqrt(share * (1 - share) * (1 / left_size + 1 / right_size))
    rises: BoolArray = right[1] / right_size - left[:, 1] / left_size > Z * spread
    return rises


def roundest(low: float, high: float) -> float:
    """A number in (low, high], whole where one lies there, of as few digits as can be."""
    middle = low / 2 + high / 2
    tried = [float(f"{number:.{digits}g}") for digits in range(1, 18) for number in (middle, high)]
    inside = [number for number in tried if low < number <= high]
    return next((number for number in inside if number.is_integer()), inside[0])
