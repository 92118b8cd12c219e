"""Weights as integers: to the nearest, or each to make up for the ones before it."""

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Integers", "compensated", "nearest"]

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int8]

DAMPING = 0.01
BLOCK = 64


def nearest(weights: Floats, *, axis: int, limit: int) -> tuple[Integers, Floats]:
    """Integers of at most `limit`, and their scales: one for all that lies along `axis`, which is kept."""
    scales = _scales(weights, axis, limit)
    return np.rint(weights / scales).astype(np.int8), scales


def compensated(weights: Floats, moments: Floats, *, limit: int) -> tuple[Integers, Floats]:
    """Integers of at most `limit`, and a scale a column, that keep the product with typical inputs.

    weights: [inputs, outputs]. moments: X'X of the inputs, [inputs, inputs]. What rounding one row of weights does to
    the output is made up for in the rows that are still to be rounded: GPTQ (Frantar et al. 2023), algorithm 1.
    """
    scales = _scales(weights, 0, limit)
    left = weights.copy()
    integers = np.zeros(weights.shape, dtype=np.int8)
    damped = moments.astype(np.float64)
    damped.flat[:: len(damped) + 1] += max(DAMPING * float(np.mean(np.diag(damped))), 1e-12)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T.astype(np.float32)
    for start in range(0, len(weights), BLOCK):
        end = min(start + BLOCK, len(weights))
        errors = np.zeros((end - start, weights.shape[1]), dtype=np.float32)
        for row in range(start, end):
            integers[row] = np.rint(left[row] / scales[0]).clip(-limit, limit)
            error = (left[row] - integers[row] * scales[0]) / upper[row, row]
            left[row + 1 : end] -= upper[row, row + 1 : end, None] * error
            errors[row - start] = error
        left[end:] -= upper[start:end, end:].T @ errors
    return integers, scales


def _scales(weights: Floats, axis: int, limit: int) -> Floats:
    reach = np.maximum(np.abs(weights).max(axis=axis, keepdims=True), 1e-12)
    scales: Floats = (reach / limit).astype(np.float32)
    return scales
