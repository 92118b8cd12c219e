"""A number: a risk score, a loss in currency, a grade on a scale. Learnt standardised, by squared error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.scoring.manifest import Scale, TaskKind
from fengkong.training.encoding import Float32s
from fengkong.training.measuring.figures import number_figures
from fengkong.training.tasks.targets import Targets, number_of, number_targets

__all__ = ["VALUE", "Regression"]

VALUE = "value"
"""The name of the one column of logits."""


@dataclass(frozen=True)
class Regression:
    """The number that a label writes out. scale: by which it is standardised, from train."""

    scale: Scale
    labels: tuple[str, ...] = (VALUE,)
    task: TaskKind = "regression"
    metric: str = "rmse"
    metric_why: str = "the error that is learnt, in the unit of the numbers"

    @classmethod
    def from_splits(cls, splits: Splits) -> "Regression":
        """Standardised by train. Raises InputError for a label that is no number, and where all are the same."""
        numbers = np.array([number_of(ex) for ex in splits.train])
        if np.ptp(numbers) == 0:
            raise InputError(
                "all numbers to learn from are the same",
                received=f"{numbers[0]:g}",
                cure="check the name of the label column",
            )
        return cls(Scale(mean=float(numbers.mean()), spread=float(numbers.std())))

    def targets(self, examples: Sequence[Example]) -> Float32s:
        """The standardised numbers, float32 (texts,). Raises InputError for a label that is no number."""
        return number_targets(examples, self.scale)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error of the standardised numbers."""
        return nn.functional.mse_loss(logits[:, 0], targets)

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """rmse and mae in the unit of the numbers, r2, spearman, and loss."""
        truth, foretold = (self.scale.mean + self.scale.spread * z for z in (targets, logits[:, 0]))
        found = number_figures(truth, foretold, resamples=0).figures
        figures = {name: estimate.value for name, estimate in found.items() if estimate.value is not None}
        return {"spearman": 0.0, **figures, "loss": float(np.mean((logits[:, 0] - targets) ** 2))}
