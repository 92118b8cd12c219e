"""From a calibrated probability to approve, review or decline: bands that cost least.

Two thresholds cut p of the positive (bad) label in three. A miss is a positive that was approved, a false alarm a
negative that was declined; a review costs its own price whatever it finds, and is taken to settle the case rightly.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fengkong.domain import Outcome, SettingsError
from fengkong.training.measuring.bootstrap import RESAMPLES, Estimate, FloatArray, estimate
from fengkong.training.measuring.calibration import measure_calibration

__all__ = ["BandCounts", "BandMetrics", "Bands", "Costs", "bayes_bands", "choose_bands", "measure_bands", "row_costs"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices per text in one currency; only their ratios matter.

    The defaults are the five to one of the Statlog German credit study for a miss against a false alarm, and half a
    false alarm for a review.
    """

    miss: float = 5.0
    false_alarm: float = 1.0
    review: float = 0.5

    def __post_init__(self) -> None:
        prices = (self.miss, self.false_alarm, self.review)
        if not all(np.isfinite(prices)) or min(prices) < 0 or not self.miss or not self.false_alarm:
            raise SettingsError(
                "costs must be finite and not negative, and a miss and a false alarm must cost something",
                received=f"miss {self.miss}, false alarm {self.false_alarm}, review {self.review}",
            )


@dataclass(frozen=True, slots=True)
class Bands:
    """p < review_from: approve; p >= decline_from: decline; between: review. Equal thresholds leave no review.

    chosen_by: "bayes", from the costs alone, or "dev", the cheapest on the dev set.
    """

    review_from: float
    decline_from: float
    chosen_by: Literal["bayes", "dev"] = "bayes"


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


def bayes_bands(costs: Costs) -> Bands:
    """The bands of least expected cost where p is exactly right (Chow 1970, Elkan 2001): no data needed.

    Approving costs p * miss, declining (1 - p) * false_alarm, reviewing `review`; each p takes the cheapest.
    """
    approve_below, decline_from = costs.review / costs.miss, 1 - costs.review / costs.false_alarm
    if approve_below < decline_from:
        return Bands(approve_below, decline_from)
    even = costs.false_alarm / (costs.miss + costs.false_alarm)
    return Bands(even, even)


def choose_bands(p: FloatArray, positive: NDArray[np.bool_], costs: Costs) -> Bands:
    """The bands to use, chosen on dev: calibrated p (n,) of the positive label, and who was positive (n,).

    Where p is consistent with calibration, the Bayes bands are the best ones and need no data: the optimum of a sample
    would only fit its noise. Where it is not, the exact empirical optimum is taken, in O(n log n).
    Raises InputError for an empty set.
    """
    if measure_calibration(p, positive).consistent:
        return bayes_bands(costs)
    return _cheapest_bands(p, positive, costs)


def _cheapest_bands(p: FloatArray, positive: NDArray[np.bool_], costs: Costs) -> Bands:
    """Sort by p, approve the first i rows, decline from row j >= i on: the cost is a part of i plus a part of j."""
    order = np.argsort(p, kind="stable")
    p, positive = p[order], positive[order]
    inner = np.flatnonzero(np.diff(p)) + 1  # rows of equal p stay together
    end = [p.size] if p[-1] < 1 else []  # p = 1 is declined by any threshold in [0, 1]
    cuts = np.concatenate(([0], inner, end)).astype(np.int64)
    thresholds = np.concatenate(([0.0], (p[inner - 1] + p[inner]) / 2, [1.0] * len(end)))
    missed = np.concatenate(([0], np.cumsum(positive)))[cuts]
    alarmed = np.concatenate((np.cumsum(~positive[::-1])[::-1], [0]))[cuts]
    of_i = costs.miss * missed - costs.review * cuts
    of_j = costs.false_alarm * alarmed + costs.review * cuts
    best_i = np.minimum.accumulate(of_i)
    j = int(np.argmin(best_i + of_j))
    i = int(np.argmin(of_i[: j + 1]))
    return Bands(float(thresholds[i]), float(thresholds[j]), "dev")


def row_costs(p: FloatArray, positive: NDArray[np.bool_], bands: Bands, costs: Costs) -> FloatArray:
    """What each text costs (n,) under the bands."""
    approved, declined = p < bands.review_from, p >= bands.decline_from
    return np.select(
        [declined, approved],
        [np.where(positive, 0.0, costs.false_alarm), np.where(positive, costs.miss, 0.0)],
        costs.review,
    )


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
