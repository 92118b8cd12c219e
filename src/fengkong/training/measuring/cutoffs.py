"""Several labels a text: their shared temperature, and the probability from which each is given. Chosen on dev."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.calibration import sigmoid
from fengkong.training.encoding import Float32s
from fengkong.training.measuring.bootstrap import FloatArray

__all__ = ["choose_cutoffs", "fit_shared_temperature", "label_log_loss"]

GRID = np.linspace(0.05, 0.95, 91)
PRIOR = 5.0
"""Made-up texts that bear a label, so that one of ten examples doesn't follow its noise."""
TEMPERATURES = np.geomspace(0.25, 4.0, 81)


def fit_shared_temperature(logits: Float32s, targets: NDArray[Any]) -> float:
    """The one temperature for all labels that lowers the log loss on dev most (Guo et al. 2017)."""
    losses = [label_log_loss(sigmoid(logits, temperature), targets) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def choose_cutoffs(p: FloatArray, targets: NDArray[Any]) -> tuple[float, ...]:
    """A cutoff for each label: that of its best F1 on dev, where a few made-up texts behave as all labels together do.

    p, targets: (texts, labels). So a label of ten examples stays near the common cutoff, and one of hundreds has its
    own. Source: thresholds that maximise F1 label by label, Lipton et al. 2014.
    """
    truth = np.asarray(targets, dtype=bool)
    borne = truth.sum(axis=0)
    said = np.stack([(p >= cutoff).sum(axis=0) for cutoff in GRID])  # (cutoffs, labels), as is `true`
    true = np.stack([((p >= cutoff) & truth).sum(axis=0) for cutoff in GRID])
    everywhere = PRIOR / max(1, borne.sum())
    shared_true, shared_said = (counts.sum(axis=1, keepdims=True) * everywhere for counts in (true, said))
    f1 = 2 * (true + shared_true) / (said + shared_said + borne + PRIOR)
    return tuple(float(GRID[place]) for place in f1.argmax(axis=0))


def label_log_loss(p: FloatArray, targets: NDArray[Any]) -> float:
    """Mean over the texts of the log loss summed over the labels, in nats; p, targets: (texts, labels)."""
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.where(np.asarray(targets, dtype=bool), np.log(clipped), np.log1p(-clipped)).sum(axis=1).mean())
