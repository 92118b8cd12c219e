"""A linear classifier on plain numbers: on the embeddings of a base, on fields, on both side by side.

On embeddings of an untouched base it is a linear probe (Alain & Bengio 2016): what the base knows before tuning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fengkong.training.linear.separating import separate

__all__ = ["Block", "FittedProbe", "Probe", "fit_probe", "side_by_side"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that belong together, brought to mean zero and equal spread, and as rows to a length of about one.

    So each block weighs about as much as another, whatever its width and its units: mean and scale are [width].
    """

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, values: ArrayLike) -> Self:
        """To values [rows, width]; a column that never changes keeps its unit."""
        rows = np.asarray(values, dtype=np.float64)
        spread = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(spread > 0, spread, 1.0) * np.sqrt(rows.shape[1]))

    def apply(self, values: ArrayLike) -> Floats:
        """Other values [rows, width] in the same manner."""
        scaled: Floats = (np.asarray(values, dtype=np.float64) - self.mean) / self.scale
        return scaled

    def plain(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weights [width, labels] on scaled values as weights on plain ones, and what to add to the bias [labels]."""
        found = weights / self.scale[:, None]
        return found, -self.mean @ found


@dataclass(frozen=True, slots=True)
class Probe:
    """weights: of each block's plain values, [width, labels] each. bias: [labels]."""

    weights: tuple[Floats, ...]
    bias: Floats

    @classmethod
    def on_scaled(cls, scalers: Sequence[Block], weights: Floats, bias: Floats) -> Self:
        """From weights [all widths, labels] on the scaled blocks side by side."""
        cuts = np.cumsum([scaler.mean.size for scaler in scalers])[:-1]
        parts = [scaler.plain(part) for scaler, part in zip(scalers, np.split(weights, cuts), strict=True)]
        return cls(tuple(part for part, _ in parts), bias + np.sum([shift for _, shift in parts], axis=0))

    def logits(self, blocks: Sequence[ArrayLike]) -> Floats:
        """Of rows with the same blocks, [rows, width] each."""
        products = (
            np.asarray(block, dtype=np.float64) @ part for block, part in zip(blocks, self.weights, strict=True)
        )
        return np.asarray(sum(products) + self.bias)


@dataclass(frozen=True, slots=True)
class FittedProbe:
    """A probe whose logits are calibrated, and the strength that held-out folds chose.

    held_out: logits [rows, labels] of each training row by a probe that did not see it.
    """

    probe: Probe
    held_out: Floats
    strength: float


def fit_probe(blocks: Sequence[ArrayLike], targets: ArrayLike, labels: int, *, seed: int = 0) -> FittedProbe:
    """Fit on blocks, [rows, width] each; targets: label numbers [rows], or 0/1 [rows, labels]."""
    scalers = [Block.fit(block) for block in blocks]
    found = separate(side_by_side(scalers, blocks), targets, labels, seed=seed)
    return FittedProbe(Probe.on_scaled(scalers, found.weights, found.bias), found.held_out, found.strength)


def side_by_side(scalers: Sequence[Block], blocks: Sequence[ArrayLike]) -> Floats:
    """Scaled blocks as one table [rows, all widths]."""
    return np.hstack([scaler.apply(block) for scaler, block in zip(scalers, blocks, strict=True)])
