"""When to abstain: conformal prediction, which holds a promised coverage without trusting the probabilities.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei and others 2018): on labelled cases that the model
hasn't learned from, take the score 1 - p(true label), and its quantile at the promised coverage with the correction for
few cases. A new case's labels whose score lies within it are the set that holds the truth with at least that
probability. Where the set isn't one label, a person decides. Taken within each group (Mondrian, Vovk 2003), the promise
holds in every group, and not only over all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.bands import Bands
from fengkong.domain.errors import InputError

__all__ = ["Conformal", "fit_conformal"]

ALL = ""
"""The group of cases where no groups are told apart."""


@dataclass(frozen=True, slots=True)
class Conformal:
    """The largest score within the promise, by group. target: the coverage promised, such as 0.9."""

    target: float
    limits: Mapping[str, float]

    def sets(self, p: NDArray[np.float64], groups: NDArray[np.str_] | None = None) -> NDArray[np.bool_]:
        """Which labels each case's set holds (n, 2): the negative, the positive.

        p: of the positive label (n,). groups: of each case (n,); one that was never seen gets both labels.
        """
        limit = np.array([self.limits.get(str(group), 1.0) for group in _groups(p, groups)])
        return np.stack([p <= limit, 1 - p <= limit], axis=1)

    def abstains(self, p: NDArray[np.float64], groups: NDArray[np.str_] | None = None) -> NDArray[np.bool_]:
        """Where the set isn't one label (n,), so that the case is for a person."""
        return self.sets(p, groups).sum(axis=1) != 1  # type: ignore[no-any-return]  # numpy's comparison of integers

    def bands(self, group: str = ALL) -> Bands:
        """The same as bands for rules: review between, where the set holds both labels or none.

        Where the promise can't be kept with so few cases, every case is for a person and nothing is declined.
        """
        limit = self.limits[group]
        low, high = min(limit, 1 - limit), max(limit, 1 - limit)
        # At the ends, p <= limit and 1 - p <= limit hold: both labels for a wide limit, one for a narrow one.
        review_from = low if limit >= 0.5 else float(np.nextafter(low, 1.0))
        decline_from = float(np.nextafter(high, 2.0)) if limit >= 0.5 else high
        return Bands(review_from, decline_from, "conformal")


def fit_conformal(
    p: NDArray[np.float64],
    positive: NDArray[np.bool_],
    *,
    target: float = 0.9,
    groups: NDArray[np.str_] | None = None,
) -> Conformal:
    """The limits that keep the promise on cases like these.

    p: of the positive label, of cases the model hasn't learned from (n,). positive: who was (n,). groups: (n,).
    A group with too few cases for the promise, fewer than target / (1 - target), gets both labels always.
    Raises InputError for no cases, or a target outside (0, 1).
    """
    if not 0 < target < 1:
        raise InputError("the promised coverage must lie between 0 and 1", received=str(target), cure="give 0.9")
    if not p.size:
        raise InputError("there are no cases to learn the limits from")
    names, scores = _groups(p, groups), np.where(positive, 1 - p, p)
    return Conformal(target, {str(name): _limit(scores[names == name], target) for name in np.unique(names)})


def _limit(scores: NDArray[np.float64], target: float) -> float:
    rank = int(np.ceil((scores.size + 1) * target))
    return float(np.sort(scores)[rank - 1]) if rank <= scores.size else 1.0


def _groups(p: NDArray[np.float64], groups: NDArray[np.str_] | None) -> NDArray[np.str_]:
    return np.full(p.shape, ALL) if groups is None else groups
