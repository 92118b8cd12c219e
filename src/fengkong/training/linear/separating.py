"""One linear classifier, its strength and its temperature, all from the training rows: choices on held-out folds.

One against the rest with squared hinge loss (Fan et al. 2008, LIBLINEAR): as good as logistic regression on n-grams,
better on rare labels, and several times faster with many. Its margins become probabilities by one temperature, fitted
on the margins of rows that were held out.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from fengkong.training.blending import fit_blend

__all__ = ["Separated", "fit_margins", "folds_of", "separate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # inverse regularisation, from smooth to sharp
BEGIN_AT = STRENGTHS.index(0.3)  # the usual one for TF-IDF
MOST_PASSES = 300  # enough to rank the strengths; the last digits of an optimum would only cost time
NEVER = -20.0  # the logit of a label that training never saw


@dataclass(frozen=True, slots=True)
class Separated:
    """A fitted classifier. weights [columns, labels] and bias [labels] give calibrated logits.

    held_out: logits [rows, labels] of each training row by a model that did not see it. strength: as chosen.
    """

    weights: Floats
    bias: Floats
    held_out: Floats
    strength: float

    def logits(self, columns: Any) -> Floats:
        """Calibrated logits [rows, labels] of other rows with the same columns, dense or sparse."""
        found: Floats = columns @ self.weights + self.bias
        return found


def folds_of(targets: Ints, *, seed: int, count: int | None = None) -> Ints:
    """A fold for each row, each label spread evenly over them: 5 folds of under 1,000 rows and else 3, or `count`.

    targets: label numbers [rows], or 0/1 [rows, labels].
    """
    count = count or (5 if len(targets) < 1000 else 3)
    kinds = targets if targets.ndim == 1 else np.unique(targets, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((np.random.default_rng(seed).permutation(len(kinds)), kinds))
    folds = np.empty(len(kinds), dtype=np.int64)
    folds[order] = np.arange(len(kinds)) % count
    return folds


def separate(columns: Any, targets: ArrayLike, labels: int, *, seed: int = 0) -> Separated:
    """Fit on rows of columns (dense or sparse) with label numbers [rows], or with 0/1 [rows, labels].

    The strength is that of the least log loss on held-out folds, looked for from the usual one up and down.
    """
    targets = np.asarray(targets, dtype=np.int64)
    folds = folds_of(targets, seed=seed)
    tried: dict[int, tuple[float, float, Floats]] = {}  # by place: loss, temperature, held-out margins

    def loss(place: int) -> float:
        if place not in tried:
            margins = _held_out(columns, targets, labels, folds, STRENGTHS[place])
            blend = fit_blend([margins], targets)
            tried[place] = blend.loss, blend.temperature, margins
        return tried[place][0]

    best = _descend(loss, BEGIN_AT, len(STRENGTHS))
    _, temperature, margins = tried[best]
    weights, bias = fit_margins(columns, targets, labels, STRENGTHS[best])
    return Separated(weights / temperature, bias / temperature, margins / temperature, STRENGTHS[best])


def _descend(loss: Any, begin: int, count: int) -> int:
    """The place where a loss with one valley is least, walking from `begin`."""
    for step in (1, -1):
        best = begin
        while 0 <= best + step < count and loss(best + step) < loss(best):
            best += step
        if best != begin:
            break
    return best


def _held_out(columns: Any, targets: Ints, labels: int, folds: Ints, strength: float) -> Floats:
    margins = np.empty((len(folds), labels))
    for fold in np.unique(folds):
        weights, bias = fit_margins(columns[folds != fold], targets[folds != fold], labels, strength)
        margins[folds == fold] = columns[folds == fold] @ weights + bias
    return margins


def fit_margins(columns: Any, targets: Ints, labels: int, strength: float) -> tuple[Floats, Floats]:
    """Weights [columns, labels] and bias [labels] of the margins; a label without an example is never the answer."""
    weights, bias = np.zeros((columns.shape[1], labels)), np.full(labels, NEVER)
    if targets.ndim == 2:
        for label in range(labels):
            if np.unique(targets[:, label]).size == 2:
                model = _machine(columns, targets[:, label], strength)
                weights[:, label], bias[label] = model.coef_[0], model.intercept_[0]
            elif targets[:, label].any():
                bias[label] = -NEVER
        return weights, bias
    known = np.unique(targets)
    if known.size == 1:
        bias[known] = 0.0
        return weights, bias
    model = _machine(columns, targets, strength)
    if known.size == 2:  # one margin, shared out between the two
        weights[:, known] = model.coef_.T @ [[-0.5, 0.5]]
        bias[known] = model.intercept_[0] * np.array([-0.5, 0.5])
    else:
        weights[:, known], bias[known] = model.coef_.T, model.intercept_
    return weights, bias


def _machine(columns: Any, targets: Ints, strength: float) -> LinearSVC:
    model = LinearSVC(C=strength, max_iter=MOST_PASSES, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(columns, targets)
