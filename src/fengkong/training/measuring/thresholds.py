"""Bands on p of the positive label, chosen on a dev set, and what they cost on another: see `decisions.bands`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.bands import Bands, Costs, bayes_bands, cheapest_bands, row_costs
from fengkong.domain import Outcome
from fengkong.training.measuring.bootstrap import RESAMPLES, Estimate, FloatArray, estimate
from fengkong.training.measuring.calibration import measure_calibration

__all__ = ["BandCounts", "BandMetrics", "Bands", "Costs", "choose_bands", "measure_bands"]


@dataclass(frozen=True, slots=True)
class BandCounts:
    """What fell in one band: rows, and how many of them were positive."""

    outcome: Outcome
    n: int
    positives: int


@dataclass(frozen=True, slots=True)
class BandMetrics:
    """Expected cost per text of the bands, beside what treating every text alike would cost; what fell in each band."""

    cost: Estimate
    approve_all: Estimate
    review_all: Estimate
    decline_all: Estimate
    bands: tuple[BandCounts, ...]


def choose_bands(p: FloatArray, positive: NDArray[np.bool_], costs: Costs) -> Bands:
    """The bands to use, chosen on dev: calibrated p (n,) of the positive label, and who was positive (n,).

    Where p is consistent with calibration, the Bayes bands are the best ones and need no data: the optimum of a sample
    would only fit its noise. Where it is not, the exact empirical optimum is taken, in O(n log n).
    Raises InputError for an empty set.
    """
    if measure_calibration(p, positive).consistent:
        return bayes_bands(costs)
    return cheapest_bands(p, positive, costs)


def measure_bands(
    p: FloatArray,
    positive: NDArray[np.bool_],
    bands: Bands,
    costs: Costs,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> BandMetrics:
    """Expected cost per text with its interval, and the rows and positives of each band, on a set p (n,)."""
    by_row = np.stack(
        [
            row_costs(p, positive, bands, costs),
            np.where(positive, costs.miss, 0.0),
            np.full(p.size, costs.review),
            np.where(positive, 0.0, costs.false_alarm),
        ],
        axis=1,
    )
    names = ("cost", "approve_all", "review_all", "decline_all")

    def expected(weights: FloatArray) -> dict[str, FloatArray]:
        means = weights @ by_row / weights.sum(axis=1, keepdims=True)
        return dict(zip(names, means.T, strict=True))

    found = estimate(expected, p.size, resamples=resamples, seed=seed)
    band = np.where(
        p >= bands.decline_from, Outcome.DECLINE, np.where(p < bands.review_from, Outcome.APPROVE, Outcome.REVIEW)
    )
    counts = tuple(
        BandCounts(outcome, int((band == outcome).sum()), int(positive[band == outcome].sum())) for outcome in Outcome
    )
    return BandMetrics(found["cost"], found["approve_all"], found["review_all"], found["decline_all"], counts)
