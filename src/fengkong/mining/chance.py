"""How likely chance alone makes a finding, and how many of many findings to believe."""

import math

import numpy as np

from fengkong.mining.binning import BoolArray, FloatArray

__all__ = ["above_usual", "at_least_p", "believable", "beyond", "mean_gap"]


def mean_gap(low: FloatArray, high: FloatArray) -> float:
    """By how many standard errors the mean of `high` is above that of `low` (Welch); 0 where nothing varies."""
    spread = math.sqrt(low.var() / len(low) + high.var() / len(high))
    return float((high.mean() - low.mean()) / spread) if spread else 0.0


def beyond(deviation: float) -> float:
    """The chance of so many standard errors or more: the normal law, one-sided, for a few dozen cases and more."""
    return 0.5 * math.erfc(deviation / math.sqrt(2))


def above_usual(cases: int, bad: int, chosen: int, found: int) -> float:
    """By how many standard errors `found` bad ones of `chosen` cases are more than usual among all the cases.

    Quick, for ranking; `at_least_p` is exact.
    """
    rate = bad / cases
    spread = math.sqrt(chosen * rate * (1 - rate) * (1 - chosen / cases))
    return (found - chosen * rate) / spread if spread else 0.0


def at_least_p(cases: int, bad: int, chosen: int, found: int) -> float:
    """The chance that `chosen` of the cases, drawn blindly, hold at least `found` of the bad ones.

    Exact: the upper tail of the hypergeometric law (Fisher's test, one-sided).
    """
    whole = _log_choose(cases, chosen)
    terms = (
        math.exp(_log_choose(bad, k) + _log_choose(cases - bad, chosen - k) - whole)
        for k in range(max(found, chosen - (cases - bad)), min(bad, chosen) + 1)
    )
    return min(1.0, math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def believable(p: FloatArray, rate: float) -> BoolArray:
    """(k,) the findings to believe, so that about a share `rate` of them are chance (Benjamini and Hochberg 1995)."""
    order = np.argsort(p, kind="stable")
    within = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / len(p)) if len(p) else order
    chosen = np.zeros(len(p), dtype=bool)
    chosen[order[: within.max() + 1 if len(within) else 0]] = True
    return chosen
