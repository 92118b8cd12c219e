"""From logits to calibrated probabilities."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["sigmoid", "softmax"]


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (rows, labels) of logits (rows, labels) divided by `temperature` > 0; each row sums to one.

    Never overflows. A row that holds NaN, or infinity, becomes a row of NaN, for the caller to refuse.
    Source: temperature scaling, Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    with np.errstate(invalid="ignore"):
        scaled = np.asarray(logits, dtype=np.float64) / temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    probabilities[~np.isfinite(scaled).all(axis=1)] = np.nan
    return probabilities


def sigmoid(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities, each label by itself, of logits divided by `temperature` > 0.

    Never overflows. A row that holds NaN, or infinity, becomes a row of NaN, for the caller to refuse.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(scaled / 2))
    probabilities[~np.isfinite(scaled).all(axis=1)] = np.nan
    return probabilities
