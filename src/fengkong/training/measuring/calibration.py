"""Do probabilities mean what they say? Expected calibration error with its null distribution, and temperature scaling.

An ECE is above zero even for perfect probabilities, by chance alone, and more so on small sets. So it is reported
beside the 99th percentile that it would reach if the probabilities were exactly right (Vaicenavicius et al. 2019).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fengkong.domain import InputError
from fengkong.scoring.calibration import softmax
from fengkong.training.measuring.bootstrap import FloatArray, IntArray

__all__ = [
    "Calibration",
    "ReliabilityBin",
    "confidences",
    "fit_temperature",
    "measure_calibration",
]

BINS = 15
NULL_DRAWS = 2000
NULL_QUANTILE = 0.99
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One non-empty bin [low, high) of p (the last one closed): rows, mean p, and the share that came true."""

    low: float
    high: float
    n: int
    mean_p: float
    share: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """ece in [0, 1]; null_99: the ECE that right probabilities stay below in 99 of 100 sets like this one."""

    ece: float
    null_99: float
    consistent: bool
    bins: tuple[ReliabilityBin, ...]


def confidences(y: IntArray, probabilities: FloatArray, positive: int | None) -> tuple[FloatArray, NDArray[np.bool_]]:
    """What is claimed (n,) and whether it came true (n,): p of the positive label, else p of the most probable one."""
    if positive is not None:
        return probabilities[:, positive], y == positive
    predicted = np.argmax(probabilities, axis=1)
    return np.max(probabilities, axis=1), y == predicted


def measure_calibration(p: FloatArray, true: NDArray[np.bool_], *, seed: int = 0) -> Calibration:
    """ECE over 15 bins of equal width (Guo et al. 2017, eq. 3) of claims p (n,) in [0, 1] beside what came true (n,).

    The null draws outcomes from p itself 2,000 times.
    """
    if not p.size:
        raise InputError("calibration can't be measured on an empty set")
    edges = np.linspace(0.0, 1.0, BINS + 1)
    at = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, BINS - 1)
    n: FloatArray = np.bincount(at, minlength=BINS).astype(np.float64)
    claimed: FloatArray = np.bincount(at, weights=p, minlength=BINS).astype(np.float64)
    came_true: FloatArray = np.bincount(at, weights=true, minlength=BINS).astype(np.float64)
    bins = tuple(
        ReliabilityBin(
            float(edges[i]), float(edges[i + 1]), int(n[i]), float(claimed[i] / n[i]), float(came_true[i] / n[i])
        )
        for i in np.flatnonzero(n)
    )
    ece = float(np.abs(claimed - came_true).sum() / p.size)
    null_99 = _null_quantile(p, at, claimed, seed)
    return Calibration(ece, null_99, ece <= null_99, bins)


def _null_quantile(p: FloatArray, at: IntArray, claimed: FloatArray, seed: int) -> float:
    rng = np.random.default_rng(seed)
    order = np.argsort(at, kind="stable")
    p, at = p[order], at[order]
    used, starts = np.unique(at, return_index=True)
    errors = [
        np.abs(np.add.reduceat(rng.random(p.size) < p, starts, dtype=np.float64) - claimed[used]).sum()
        for _ in range(NULL_DRAWS)
    ]
    return float(np.quantile(errors, NULL_QUANTILE) / p.size)


def fit_temperature(logits: ArrayLike, y: ArrayLike) -> float:
    """The temperature in [0.05, 20] by which dividing logits (n, k) lowers the log loss on y (n,) most.

    Guo et al. 2017: one number, so the ranking and the most probable label stay as they are. The loss is convex in
    1/T and is minimised by Newton steps inside a shrinking bracket. One row's weight of uniform labels is mixed in, as
    in Platt 1999: on a set without a mistake the bare loss would drive T to zero and every doubt out of the model.
    Fit on dev, never on test. Raises InputError for empty or non-finite logits.
    """
    z, truth = np.asarray(logits, dtype=np.float64), np.asarray(y, dtype=np.int64)
    if z.ndim != 2 or truth.shape != z.shape[:1] or not z.size or not np.isfinite(z).all():
        raise InputError(
            "a temperature needs finite logits, one row for each label number",
            received=f"shapes {z.shape}, {truth.shape}",
        )
    n = truth.size
    z = z - z.mean(axis=1, keepdims=True)
    # With centred logits the uniform part of the target contributes nothing to the expected logit.
    target = float(z[np.arange(n), truth].sum()) / (n + 1)
    if not z.any():
        return 1.0
    low, sharpness, high = 1 / TEMPERATURES[1], 1.0, 1 / TEMPERATURES[0]
    for _ in range(100):
        p = softmax(z * sharpness)
        expected = (p * z).sum(axis=1)
        slope = float(expected.mean()) - target
        curvature = float(((p * z**2).sum(axis=1) - expected**2).mean())
        low, high = (low, sharpness) if slope > 0 else (sharpness, high)
        step = sharpness - slope / curvature if curvature > 0 else high
        following = step if low < step < high else (low + high) / 2
        if abs(following - sharpness) <= 1e-10 * sharpness:
            break
        sharpness = following
    return float(np.clip(1 / sharpness, *TEMPERATURES))
