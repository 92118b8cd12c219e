"""Losses of one label a text: weighted, smoothed, focal, and by what a mistake costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.training.encoding import Float32s, Int64s

__all__ = ["balanced_weights", "cost_table", "expected_cost", "focal_loss"]

CostMatrix = Mapping[str, Mapping[str, float]]


def focal_loss(logits: Tensor, targets: Tensor, *, focusing: float, weights: Tensor | None, smoothing: float) -> Tensor:
    """Cross-entropy times (1 - p)^focusing: what is learnt already counts little (Lin et al. 2017)."""
    losses = nn.functional.cross_entropy(logits, targets, weight=weights, label_smoothing=smoothing, reduction="none")
    p = logits.softmax(dim=1).gather(1, targets[:, None])[:, 0]
    return ((1 - p) ** focusing * losses).mean()


def expected_cost(logits: Tensor, targets: Tensor, costs: Tensor) -> Tensor:
    """What the answers are expected to cost, where label j is said with its probability (Elkan 2001)."""
    return (logits.softmax(dim=1) * costs[targets]).sum(dim=1).mean()


def balanced_weights(targets: Int64s, labels: int) -> Float32s:
    """A weight a label, so that each label has the same say whatever its number of examples; their mean is one."""
    counts = np.maximum(np.bincount(targets, minlength=labels), 1)
    weights = len(targets) / (labels * counts)
    balanced: Float32s = (weights * len(targets) / weights[targets].sum()).astype(np.float32)
    return balanced


def cost_table(costs: CostMatrix, labels: Sequence[str]) -> Float32s:
    """costs[true][said] as a table (true, said) scaled to a mean mistake of one; what isn't named costs nothing.

    Raises SettingsError for a label that is none, a cost below zero, and where no mistake costs anything.
    """
    table = np.zeros((len(labels), len(labels)), dtype=np.float32)
    for true, row in costs.items():
        for said, cost in row.items():
            for label in (true, said):
                if label not in labels:
                    raise SettingsError(
                        "the cost matrix names a label that is none",
                        where="cost_matrix",
                        received=repr(label),
                        cure=likely_slip(label, labels),
                    )
            table[labels.index(true), labels.index(said)] = cost
    np.fill_diagonal(table, 0.0)
    if not table.any() or (table < 0).any():
        raise SettingsError(
            "the cost matrix must hold what mistakes cost, in numbers from 0 up",
            where="cost_matrix",
            cure="write cost_matrix.TRUE.SAID = what it costs to say SAID where TRUE is right",
        )
    scaled: Float32s = table / table[table > 0].mean()
    return scaled


def as_tensor(values: Float32s, like: Tensor) -> Tensor:
    """Constants on the device of the logits."""
    return torch.from_numpy(values).to(like.device)
