"""How likely chance alone makes a finding, and how many of many findings to believe."""

import math

import numpy as np

from fengkong.mining.binning import BoolArray, FloatArray

__all__ = ["believable", "mean_gap_p"]


def mean_gap_p(values: FloatArray, low: BoolArray) -> float:
    """The chance that a mean of the `low` cases (n,) is as far below that of the others: Welch's test, one-sided.

    The normal law stands in for Student's, so a few dozen cases of each are needed. 1 where all values are equal.
    """
    below, above = values[low], values[~low]
    spread = math.sqrt(below.var() / len(below) + above.var() / len(above))
    return 0.5 * math.erfc((above.mean() - below.mean()) / spread / math.sqrt(2)) if spread else 1.0


def believable(p: FloatArray, rate: float) -> BoolArray:
    """(k,) the findings to believe, so that about a share `rate` of them are chance (Benjamini and Hochberg 1995)."""
    order = np.argsort(p, kind="stable")
    within = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / len(p)) if len(p) else order
    chosen = np.zeros(len(p), dtype=bool)
    chosen[order[: within.max() + 1 if len(within) else 0]] = True
    return chosen
