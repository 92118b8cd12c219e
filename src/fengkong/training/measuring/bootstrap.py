"""How sure a figure is: percentile bootstrap intervals over the rows of a measured set.

A resample is a row of counts, how often each example was drawn, not a copy of the examples. A statistic that reads
weights is then computed for hundreds of resamples by a few matrix products instead of one Python call each.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RESAMPLES", "Estimate", "FloatArray", "IntArray", "Statistic", "estimate"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Statistic = Callable[[FloatArray], Mapping[str, FloatArray]]
"""Weights (b, n) of the n examples in b resamples -> figures by name, each (b,); NaN where one is not defined."""

RESAMPLES = 1000
LEVEL = 0.95
CHUNK_CELLS = 1_000_000  # weights held at once: 8 MB stay near the processor, and memory stays flat in n


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95% interval; None where it is not defined (AUC with one class only) or not resampled."""

    value: float | None
    low: float | None = None
    high: float | None = None


def estimate(statistic: Statistic, n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Estimate]:
    """Each figure on the n examples as they are, with its 95% percentile interval (Efron & Tibshirani 1993, ch. 13).

    Examples are drawn singly, with replacement. The same n and seed give the same resamples whatever the statistic,
    so the difference of two models on one test set is a paired comparison. Resamples in which a figure is not defined
    (a rare class was not drawn) are left out of its interval. resamples=0 gives the figures alone.
    """
    whole = {name: float(values[0]) for name, values in statistic(np.ones((1, n))).items()}
    drawn: dict[str, list[FloatArray]] = {name: [] for name in whole}
    for weights in _draws(n, resamples, seed):
        for name, values in statistic(weights).items():
            drawn[name].append(values)
    return {name: _summarise(value, drawn[name]) for name, value in whole.items()}


def _draws(n: int, resamples: int, seed: int) -> Iterator[FloatArray]:
    rng = np.random.default_rng(seed)
    rows_at_once = max(1, CHUNK_CELLS // n)
    for start in range(0, resamples, rows_at_once):
        b = min(rows_at_once, resamples - start)
        cells = rng.integers(0, n, size=(b, n)) + n * np.arange(b)[:, None]
        yield np.bincount(cells.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def _summarise(value: float, drawn: list[FloatArray]) -> Estimate:
    if np.isnan(value):
        return Estimate(None)
    values = np.concatenate(drawn) if drawn else np.empty(0)
    values = values[~np.isnan(values)]
    if not values.size:
        return Estimate(value)
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))
