"""From a calibrated probability to approve, review or decline: bands that cost least.

Two thresholds cut p of the positive (bad) label in three. A miss is a positive that was approved, a false alarm a
negative that was declined; a review costs its own price whatever it finds, and is taken to settle the case rightly.
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.errors import SettingsError

__all__ = ["NEVER", "Bands", "Costs", "bayes_bands", "capacity_bands", "cheapest_bands", "checked_bands", "row_costs"]

FloatArray = NDArray[np.float64]

NEVER = float(np.nextafter(1.0, 2.0))
"""As `decline_from`: above every p, so that nothing is declined."""

ChosenBy = Literal["bayes", "dev", "capacity", "conformal", "author"]


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
    """p < review_from: approve; p >= decline_from: decline; between: review. Equal thresholds leave no review,
    and a `decline_from` above 1 declines nothing.

    chosen_by: "bayes", from the costs alone; "dev", the cheapest on the dev set; "capacity", the cheapest that people
    have the time for; "conformal", those of a promised coverage; "author", as somebody gave them.
    """

    review_from: float
    decline_from: float
    chosen_by: ChosenBy = "bayes"

    @property
    def declines(self) -> bool:
        """Whether there is a p that is declined."""
        return self.decline_from <= 1


def checked_bands(review_from: float, decline_from: float, chosen_by: str = "author") -> Bands:
    """Bands from outside. Raises SettingsError for an unknown word, and unless 0 <= review_from <= decline_from <= 1;
    `decline_from` may be `NEVER`, too.
    """
    if not 0 <= review_from <= min(decline_from, 1) or not decline_from <= NEVER:
        raise SettingsError(
            "bands need 0 <= review_from <= decline_from <= 1",
            received=f"review from {review_from}, decline from {decline_from}",
        )
    if chosen_by not in get_args(ChosenBy):
        raise SettingsError("bands can't be chosen so", received=repr(chosen_by), cure="write author")
    return Bands(float(review_from), float(decline_from), cast("ChosenBy", chosen_by))


def bayes_bands(costs: Costs) -> Bands:
    """The bands of least expected cost where p is exactly right (Chow 1970, Elkan 2001): no data needed.

    Approving costs p * miss, declining (1 - p) * false_alarm, reviewing `review`; each p takes the cheapest.
    """
    approve_below, decline_from = costs.review / costs.miss, 1 - costs.review / costs.false_alarm
    if approve_below < decline_from:
        return Bands(approve_below, decline_from)
    even = costs.false_alarm / (costs.miss + costs.false_alarm)
    return Bands(even, even)


def capacity_bands(p: FloatArray, costs: Costs, share: float) -> Bands:
    """The bands of least expected cost that send at most a share of the cases to review.

    p: calibrated, of cases like those to come (n,). share: in [0, 1], reviews a day over cases a day.
    What a review of a case saves is the cost of the better of the two other answers. The best cases to review are those
    with the most to save, so a scarce review is a dear one: its price is what the first case left out would save.
    Raises SettingsError for a share outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise SettingsError(
            "the share of cases that people can review must lie between 0 and 1", received=str(share), cure="give 0.05"
        )
    bayes, places = bayes_bands(costs), int(np.floor(share * p.size))
    if np.count_nonzero((p >= bayes.review_from) & (p < bayes.decline_from)) <= places:
        return bayes
    saved = np.minimum(p * costs.miss, (1 - p) * costs.false_alarm)
    price = float(np.sort(saved)[p.size - places - 1])
    # Cases that save just that price are left out: which of them would be reviewed can't be told by p.
    inside = p[saved > price]
    if not inside.size:
        even = costs.false_alarm / (costs.miss + costs.false_alarm)
        return Bands(even, even, "capacity")
    return Bands(float(inside.min()), float(np.nextafter(inside.max(), 2.0)), "capacity")


def cheapest_bands(p: FloatArray, positive: NDArray[np.bool_], costs: Costs) -> Bands:
    """The cheapest bands on labelled cases, in O(n log n), chosen for their sample and so fitted to its noise.

    Sort by p, approve the first i rows, decline from row j >= i on: the cost is a part of i plus a part of j."""
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
