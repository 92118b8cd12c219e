"""What thresholds to write in the rules: from costs, from the reviews that people can do, from a promised coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.decisions.bands import Bands, Costs, bayes_bands, capacity_bands, row_costs
from fengkong.decisions.conformal import Conformal, fit_conformal
from fengkong.domain.errors import InputError

__all__ = ["CurvePoint", "Thresholds", "choose_thresholds", "risk_coverage"]

COVERAGES = np.linspace(0.05, 1, 20)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Of the cases, the share that is decided without a person; what a decided case costs; how often it is wrong."""

    coverage: float
    cost: float
    error: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What was chosen, and what it does on the cases.

    bands: by name, "costs" and, where asked for, "capacity" and "conformal", the last by group as "conformal GROUP".
    reviewed, declined: the share of the cases that the bands send there; cost: what a case costs under them.
    curve: risk against coverage. area: under its cost, less is better.
    """

    n: int
    bands: dict[str, Bands]
    reviewed: dict[str, float]
    declined: dict[str, float]
    cost: dict[str, float]
    curve: tuple[CurvePoint, ...]
    area: float


def choose_thresholds(
    p: Sequence[float] | NDArray[np.float64],
    positive: Sequence[bool] | NDArray[np.bool_],
    costs: Costs,
    *,
    share: float | None = None,
    coverage: float | None = None,
    groups: Sequence[str] | NDArray[np.str_] | None = None,
) -> Thresholds:
    """The bands that cost least, the same within a share of reviews, and those of a promised coverage.

    p: calibrated, of the positive label, of cases the model hasn't learned from (n,). positive: who was (n,).
    share: of the cases that people can review. coverage: promised by conformal abstention, in each of the groups (n,).
    Raises InputError for no cases, SettingsError for a share outside [0, 1].
    """
    p, positive = np.asarray(p, dtype=np.float64), np.asarray(positive, dtype=np.bool_)
    if not p.size:
        raise InputError("there are no cases to choose thresholds on")
    bands = {"costs": bayes_bands(costs)}
    if share is not None:
        bands["capacity"] = capacity_bands(p, costs, share)
    if coverage is not None:
        bands |= _conformal(
            fit_conformal(p, positive, target=coverage, groups=None if groups is None else np.asarray(groups))
        )
    curve = risk_coverage(p, positive, costs)
    return Thresholds(
        n=int(p.size),
        bands=bands,
        reviewed={name: float(np.mean((p >= b.review_from) & (p < b.decline_from))) for name, b in bands.items()},
        declined={name: float(np.mean(p >= b.decline_from)) for name, b in bands.items()},
        cost={name: float(row_costs(p, positive, b, costs).mean()) for name, b in bands.items()},
        curve=curve,
        area=_area(curve),
    )


def risk_coverage(p: NDArray[np.float64], positive: NDArray[np.bool_], costs: Costs) -> tuple[CurvePoint, ...]:
    """Risk against coverage where the clearest cases are decided first (El-Yaniv and Wiener 2010).

    A case is the clearer, the less the cheaper of its two answers is expected to cost.
    """
    declined = p * costs.miss > (1 - p) * costs.false_alarm
    expected = np.minimum(p * costs.miss, (1 - p) * costs.false_alarm)
    order = np.argsort(expected, kind="stable")
    wrong = (declined != positive)[order]
    paid = np.where(wrong, np.where(positive[order], costs.miss, costs.false_alarm), 0.0)
    counts = np.unique(np.maximum(np.round(COVERAGES * p.size).astype(np.int64), 1))
    return tuple(CurvePoint(float(n / p.size), float(paid[:n].mean()), float(wrong[:n].mean())) for n in counts)


def _conformal(conformal: Conformal) -> dict[str, Bands]:
    return {f"conformal {group}".strip(): conformal.bands(group) for group in conformal.limits}


def _area(curve: Sequence[CurvePoint]) -> float:
    at, cost = [point.coverage for point in curve], [point.cost for point in curve]
    return float(np.trapezoid(cost, at))
