"""Several models as one: their log-probabilities, weighed and added up, with one temperature over all.

A logarithmic opinion pool (Genest & Zidek 1986; Heskes 1998): a label must please every member, and the member that
knows more is heard more. Weights and temperature are found together, and the search is convex.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]  # scipy ships no types
from scipy.special import log_expit, log_softmax  # type: ignore[import-untyped]

from fengkong.domain.errors import InputError

__all__ = ["Blend", "fit_blend", "log_losses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARPNESS = (1 / 20, 20.0)  # the least and the most that the weights, before they are made to sum to one, come to
NEGLIGIBLE = 0.02  # a member of less weight than this costs time and says nothing


@dataclass(frozen=True, slots=True)
class Blend:
    """weights: of each member, >= 0 and summing to one. temperature: divides the mix. loss: mean log loss in nats."""

    weights: tuple[float, ...]
    temperature: float
    loss: float

    def mix(self, members: Sequence[ArrayLike]) -> Floats:
        """The members' logits [rows, labels] as one, before the temperature."""
        return _mixed(members, np.array(self.weights))


def fit_blend(members: Sequence[ArrayLike], targets: ArrayLike) -> Blend:
    """The weights and temperature of the least log loss on rows that no member learnt from.

    members: logits [rows, labels] of each. targets: label numbers [rows], or 0/1 [rows, labels] where a text may bear
    several labels. With one member it is temperature scaling (Guo et al. 2017). One row's weight of uniform labels is
    mixed in, as in Platt 1999: on a set without a mistake the bare loss would drive all doubt out.
    Raises InputError for logits that are not finite or don't fit the targets.
    """
    z = np.stack([np.asarray(member, dtype=np.float64) for member in members])
    y = np.asarray(targets, dtype=np.int64)
    if z.ndim != 3 or not z.size or y.shape not in (z.shape[1:2], z.shape[1:]) or not np.isfinite(z).all():
        raise InputError(
            "a blend needs finite logits of every member, one row for each target",
            received=f"shapes {z.shape}, {y.shape}",
        )
    truth = _smoothed(y, z.shape[2])

    def objective(sharpness: Floats) -> tuple[float, Floats]:
        mixed = np.tensordot(sharpness, z, axes=1)
        errors = _probabilities(mixed, several=y.ndim == 2) - truth
        loss = -_log_likelihood(mixed, truth, several=y.ndim == 2).mean()
        return float(loss), np.einsum("rl,mrl->m", errors, z) / len(y)

    least, most = SHARPNESS
    start = np.full(len(z), 1 / len(z))
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(0.0, most)] * len(z), tol=1e-10).x
    total = float(np.clip(found.sum(), least, most))
    shares = found / found.sum() if found.sum() else start
    shares[shares < NEGLIGIBLE] = 0.0
    weights = shares / shares.sum()
    loss = log_losses(_mixed(z, weights) * total, y).mean()
    return Blend(tuple(float(weight) for weight in weights), 1 / total, float(loss))


def log_losses(logits: ArrayLike, targets: ArrayLike) -> Floats:
    """The log loss of each row in nats [rows]; summed over the labels where a text may bear several."""
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.int64)
    truth = y if y.ndim == 2 else np.eye(z.shape[1])[y]
    return -_log_likelihood(z, truth.astype(np.float64), several=y.ndim == 2)


def _mixed(members: Sequence[ArrayLike] | Floats, weights: Floats) -> Floats:
    return np.asarray(sum(w * np.asarray(z, dtype=np.float64) for w, z in zip(weights, members, strict=True)))


def _smoothed(targets: Ints, labels: int) -> Floats:
    """Targets [rows, labels] with the weight of one uniform row among them."""
    rows = len(targets)
    truth, even = (np.eye(labels)[targets], 1 / labels) if targets.ndim == 1 else (targets, 0.5)
    smoothed: Floats = (rows * truth + even) / (rows + 1)
    return smoothed


def _probabilities(logits: Floats, *, several: bool) -> Floats:
    found: Floats = np.exp(log_expit(logits) if several else log_softmax(logits, axis=1))
    return found


def _log_likelihood(logits: Floats, truth: Floats, *, several: bool) -> Floats:
    """Of each row [rows]."""
    if several:
        found = truth * log_expit(logits) + (1 - truth) * log_expit(-logits)
    else:
        found = truth * log_softmax(logits, axis=1)
    total: Floats = found.sum(axis=1)
    return total
