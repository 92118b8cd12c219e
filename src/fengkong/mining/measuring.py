"""How well a score ranks cases, with intervals, and whether it is stable: AUC, KS and PSI."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.mining.binning import BoolArray, FloatArray

__all__ = ["Interval", "Ranking", "rank", "stability_index"]

RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Ranking:
    """auc: the chance that a bad case is scored riskier than a good one. ks: the largest gap of the two shares."""

    auc: Interval
    ks: Interval


def rank(risk: FloatArray, bad: BoolArray, *, seed: int = 0) -> Ranking:
    """AUC and KS of a risk (n,), higher being riskier, with percentile bootstrap intervals.

    Good and bad cases are drawn apart, so that each resample has both (Efron and Tibshirani 1993, ch. 13).
    """
    # Both figures need only the counts of good and bad cases at each distinct risk.
    levels, place = np.unique(risk, return_inverse=True)
    good, poor = (np.bincount(place[chosen], minlength=len(levels)) for chosen in (~bad, bad))
    whole = _auc_ks(good[None], poor[None])[:, 0]
    rng = np.random.default_rng(seed)
    drawn = _auc_ks(*(rng.multinomial(n.sum(), n / n.sum(), size=RESAMPLES) for n in (good, poor)))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
    auc, ks = (Interval(float(value), float(a), float(b)) for value, a, b in zip(whole, low, high, strict=True))
    return Ranking(auc, ks)


def _auc_ks(good: NDArray[np.int64], poor: NDArray[np.int64]) -> FloatArray:
    """(2, b) from counts (b, levels) by ascending risk; ties count half."""
    below, risky = good.cumsum(axis=1), poor.cumsum(axis=1)
    all_good, all_poor = below[:, -1:], risky[:, -1:]
    auc = (poor * (below - good / 2)).sum(axis=1) / (all_good * all_poor)[:, 0]
    return np.stack([auc, np.abs(below / all_good - risky / all_poor).max(axis=1)])


def stability_index(before: FloatArray, after: FloatArray) -> float:
    """Population stability index of two samples of a score, over ten bins of equal share in the first.

    Below 0.1 it is called stable, above 0.25 shifted (Siddiqi 2006, ch. 9).
    """
    edges = np.unique(np.quantile(before, np.linspace(0, 1, 11)[1:-1]))
    shares = []
    for sample in (before, after):
        counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (len(sample) + 0.5 * (len(edges) + 1)))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
