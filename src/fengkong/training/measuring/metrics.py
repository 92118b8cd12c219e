"""What a classifier's probabilities are worth on a labelled set: the figures, each with its interval.

Pure functions on arrays: `y` holds label numbers (n,), `probabilities` one row an example (n, k). Checked against
scikit-learn; a figure that the data can't give (AUC with one class) is None, never a zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fengkong.domain import InputError, likely_slip
from fengkong.training.measuring.bootstrap import RESAMPLES, Estimate, FloatArray, IntArray, estimate
from fengkong.training.measuring.ranking import FALSE_ALARM_RATES, Ranking, recall_name

__all__ = [
    "BinaryMetrics",
    "ClassMetrics",
    "Metrics",
    "Outcomes",
    "RecallAt",
    "classification_metrics",
    "positive_index",
]


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One label: precision (None where it was never predicted), recall (None where it never occurs), F1, rows."""

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


@dataclass(frozen=True, slots=True)
class RecallAt:
    """The share of positives found when at most `false_alarm_rate` of the negatives may alarm, and from what p on."""

    false_alarm_rate: float
    recall: Estimate
    threshold: float | None


@dataclass(frozen=True, slots=True)
class BinaryMetrics:
    """How well p of `positive` ranks it above the rest; see `ranking.Ranking.figures` for the definitions."""

    positive: str
    auc: Estimate
    pr_auc: Estimate
    ks: Estimate
    recall_at: tuple[RecallAt, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one model on one set.

    accuracy, macro_f1: in [0, 1], of the most probable label (the first of equals). macro_f1 is the mean over the
        labels that occur in truth or answers.
    log_loss: mean negative log probability of the true label, in nats.
    brier: mean squared error of the probabilities (Brier 1950): summed over the labels, halved where there are two.
    confusion: rows are the true label, columns the predicted one.
    """

    n: int
    accuracy: Estimate
    macro_f1: Estimate
    log_loss: Estimate
    brier: Estimate
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    binary: BinaryMetrics | None


def classification_metrics(
    y: ArrayLike,
    probabilities: ArrayLike,
    labels: Sequence[str],
    positive: str | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Metrics:
    """Measure probabilities (n, k) against the true label numbers y (n,) in 0..k-1; `labels` names the k columns.

    The binary figures are given where there are two labels (`positive` is then the second unless named) or where
    `positive` names one of several, which is then ranked against the rest. resamples=0 leaves out the intervals.
    Raises InputError where shapes, label numbers or probabilities can't be right.
    """
    outcomes = Outcomes(y, probabilities, labels, positive)
    found = estimate(outcomes.figures, outcomes.n, resamples=resamples, seed=seed)
    classes = tuple(
        ClassMetrics(label, found[f"precision/{i}"], found[f"recall/{i}"], found[f"f1/{i}"], int(outcomes.support[i]))
        for i, label in enumerate(labels)
    )
    return Metrics(
        n=outcomes.n,
        accuracy=found["accuracy"],
        macro_f1=found["macro_f1"],
        log_loss=found["log_loss"],
        brier=found["brier"],
        classes=classes,
        confusion=outcomes.confusion(),
        binary=_binary(outcomes, found),
    )


def positive_index(labels: Sequence[str], positive: str | None) -> int | None:
    """The column that counts as positive: the one named, else the second of two, else None."""
    if positive is not None:
        if positive not in labels:
            raise InputError(
                "the positive label is not among the labels",
                received=repr(positive),
                cure=likely_slip(positive, labels),
            )
        return labels.index(positive)
    return 1 if len(labels) == 2 else None


class Outcomes:
    """A set's truth beside a model's answers, laid out so that `figures` reads any number of weightings at once."""

    def __init__(
        self, y: ArrayLike, probabilities: ArrayLike, labels: Sequence[str], positive: str | None = None
    ) -> None:
        self.y, self.probabilities = _checked(y, probabilities, len(labels))
        self.n, self.k = self.probabilities.shape
        self.labels = tuple(labels)
        self.positive = positive_index(labels, positive)
        self.predicted: IntArray = np.argmax(self.probabilities, axis=1)
        self.ranking = (
            None if self.positive is None else Ranking(self.probabilities[:, self.positive], self.y == self.positive)
        )
        rows, hit = np.arange(self.n), self.predicted == self.y
        tiny = np.finfo(np.float64).eps
        own = np.clip(self.probabilities[rows, self.y], tiny, 1.0)
        squares = np.sum(self.probabilities**2, axis=1) - 2 * self.probabilities[rows, self.y] + 1
        self._by_row = np.stack([hit, -np.log(own), squares / (2 if self.k == 2 else 1)], axis=1)
        self._truth, self._answer = np.eye(self.k)[self.y], np.eye(self.k)[self.predicted]
        self._hits = self._truth * hit[:, None]
        self.support: IntArray = np.bincount(self.y, minlength=self.k)

    def figures(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Every figure by name for weights (b, n): the statistic that `estimate` resamples."""
        accuracy, log_loss, brier = (weights @ self._by_row / weights.sum(axis=1, keepdims=True)).T
        hits, true, answered = weights @ self._hits, weights @ self._truth, weights @ self._answer
        with np.errstate(invalid="ignore"):
            precision, recall, f1 = hits / answered, hits / true, 2 * hits / (true + answered)
        figures = {
            "accuracy": accuracy,
            "macro_f1": np.nanmean(f1, axis=1),
            "log_loss": log_loss,
            "brier": brier,
        }
        for name, by_class in (("precision", precision), ("recall", recall), ("f1", f1)):
            figures.update({f"{name}/{i}": by_class[:, i] for i in range(self.k)})
        return figures if self.ranking is None else figures | self.ranking.figures(weights)

    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """Counts (k, k): rows are the true label, columns the predicted one."""
        counts = np.bincount(self.y * self.k + self.predicted, minlength=self.k**2).reshape(self.k, self.k)
        return tuple(tuple(int(count) for count in row) for row in counts)


def _binary(outcomes: Outcomes, found: dict[str, Estimate]) -> BinaryMetrics | None:
    ranking, positive = outcomes.ranking, outcomes.positive
    if ranking is None or positive is None:
        return None
    recalls = tuple(RecallAt(rate, found[recall_name(rate)], ranking.threshold(rate)) for rate in FALSE_ALARM_RATES)
    return BinaryMetrics(outcomes.labels[positive], found["auc"], found["pr_auc"], found["ks"], recalls)


def _checked(y: ArrayLike, probabilities: ArrayLike, k: int) -> tuple[IntArray, FloatArray]:
    truth: NDArray[np.generic] = np.asarray(y)
    p = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or not truth.size or p.shape != (truth.size, k):
        raise InputError(
            "there must be one row of probabilities for each example and one column for each label",
            received=f"{truth.shape} labels, {p.shape} probabilities, {k} label names",
        )
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= k:
        raise InputError(f"label numbers must be integers from 0 to {k - 1}", received=f"{truth.dtype} values")
    bad = ~np.isfinite(p).all(axis=1) | (p < 0).any(axis=1) | (np.abs(p.sum(axis=1) - 1) > 1e-3)
    if bad.any():
        raise InputError(
            "probabilities must be finite, not negative, and sum to one",
            where=f"row {int(np.argmax(bad))}",
            received=str(p[np.argmax(bad)].tolist()),
        )
    return truth.astype(np.int64), p
