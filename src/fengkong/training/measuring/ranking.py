"""How well one score orders positives before negatives: AUC, PR-AUC, KS and recall at fixed false-alarm rates.

The rows are sorted once; every figure is then read off running sums, for any number of weightings at a time. Rows of
equal score move together, so ties count as half a win in the AUC and never flatter a recall.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.training.measuring.bootstrap import FloatArray, IntArray

__all__ = ["FALSE_ALARM_RATES", "Curves", "Ranking", "recall_name"]

FALSE_ALARM_RATES = (0.001, 0.01, 0.05)
CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Curves:
    """Points to draw, at most ~200 a curve: ROC as (false-alarm rate, recall), PR as (recall, precision)."""

    roc: tuple[tuple[float, float], ...]
    precision_recall: tuple[tuple[float, float], ...]


def recall_name(rate: float) -> str:
    """The name of a recall in reports and JSON: 0.01 -> "recall_at_1%"."""
    return f"recall_at_{100 * rate:g}%"


class Ranking:
    """Scores (n,) beside the truth (n,) bool, sorted from the highest score down."""

    def __init__(self, scores: FloatArray, positive: NDArray[np.bool_]) -> None:
        self._order: IntArray = np.argsort(-scores, kind="stable")
        self._positive = positive[self._order].astype(np.float64)
        descending = scores[self._order]
        self._starts = np.flatnonzero(np.concatenate(([True], descending[1:] != descending[:-1])))
        self._levels: FloatArray = descending[self._starts]

    def figures(self, weights: FloatArray) -> dict[str, FloatArray]:
        """auc, pr_auc, ks and each recall_at_*, all in [0, 1], for weights (b, n); NaN where a class has no weight.

        auc: area under the ROC curve, the chance that a positive outranks a negative (Fawcett 2006).
        pr_auc: average precision, the step-wise area without interpolation (Davis & Goadrich 2006).
        ks: greatest distance between the score distributions of the two classes, two-sided.
        recall_at_r: the highest recall of any threshold whose false-alarm rate is at most r.
        """
        caught, alarmed = self._running(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            recall, false_alarms = caught / caught[:, -1:], alarmed / alarmed[:, -1:]
            precision = caught / (caught + alarmed)
        gained = np.diff(recall, prepend=0.0, axis=1)
        figures = {
            "auc": np.sum(np.diff(false_alarms, prepend=0.0, axis=1) * (recall - gained / 2), axis=1),
            # A level drawn zero times adds no recall; its precision may be 0/0.
            "pr_auc": np.sum(np.where(gained == 0, 0.0, gained * precision), axis=1),
            "ks": np.max(np.abs(recall - false_alarms), axis=1),
        }
        for rate in FALSE_ALARM_RATES:
            figures[recall_name(rate)] = np.max(np.where(false_alarms <= rate, recall, 0.0), axis=1)
        undefined = (caught[:, -1] == 0) | (alarmed[:, -1] == 0)
        return {name: np.where(undefined, np.nan, values) for name, values in figures.items()}

    def threshold(self, rate: float) -> float | None:
        """The lowest score that may alarm at no more than `rate` false alarms; None where none may or none exist."""
        _, alarmed = self._running(np.ones((1, self._order.size)))
        allowed = np.flatnonzero((alarmed[0] <= rate * alarmed[0, -1]) & (alarmed[0, -1] > 0))
        return float(self._levels[allowed[-1]]) if allowed.size else None

    def curves(self) -> Curves | None:
        """The ROC and precision-recall curves, thinned for drawing; None where a class is absent."""
        caught, alarmed = (counts[0] for counts in self._running(np.ones((1, self._order.size))))
        if not caught[-1] or not alarmed[-1]:
            return None
        recall, false_alarms = caught / caught[-1], alarmed / alarmed[-1]
        shown = np.unique(np.linspace(0, recall.size - 1, CURVE_POINTS).astype(np.int64))
        precision = (caught / (caught + alarmed))[shown]
        roc = zip(false_alarms[shown].tolist(), recall[shown].tolist(), strict=True)
        return Curves(((0.0, 0.0), *roc), tuple(zip(recall[shown].tolist(), precision.tolist(), strict=True)))

    def _running(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weight of positives, and of negatives, at or above each distinct score, each (b, levels)."""
        ordered = weights[:, self._order]
        positives = ordered * self._positive
        ordered -= positives
        if self._starts.size < self._order.size:
            positives = np.add.reduceat(positives, self._starts, axis=1)
            ordered = np.add.reduceat(ordered, self._starts, axis=1)
        return np.cumsum(positives, axis=1), np.cumsum(ordered, axis=1)
