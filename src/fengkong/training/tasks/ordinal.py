"""One label a text, where the labels have an order: low, mid, high. What is far off costs more than what is near."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError, likely_slip
from fengkong.scoring.calibration import softmax
from fengkong.scoring.manifest import TaskKind
from fengkong.training.encoding import Float32s, Int64s
from fengkong.training.measuring.ordinal_figures import ordinal_figures
from fengkong.training.tasks.targets import Targets, class_targets

__all__ = ["Ordinal", "ranked_probability_score"]


@dataclass(frozen=True)
class Ordinal:
    """One of the labels, which stand in ascending order.

    The network gives a probability for each label, so they sum to one and the probability of "at least this rank" can
    only fall from rank to rank. The order is taught by the loss alone.
    """

    labels: tuple[str, ...]
    task: TaskKind = "ordinal"
    metric: str = "kappa"
    metric_why: str = "the agreement beyond chance, in which a mistake by two ranks counts four times one by one"

    @classmethod
    def from_splits(cls, order: Sequence[str], splits: Splits) -> "Ordinal":
        """In the order given. Raises SettingsError where the order is none of the labels that train bears."""
        borne = {ex.label for ex in splits.train}
        for label in order:
            if label not in borne:
                raise SettingsError(
                    "no example of train bears a label of the order",
                    where="order",
                    received=repr(label),
                    cure=likely_slip(label, borne),
                )
        for ex in splits.train:
            if ex.label not in order:
                raise InputError(
                    "a label has no place in the order",
                    where=str(ex.place),
                    received=repr(ex.label),
                    cure=likely_slip(ex.label, order),
                )
        return cls(tuple(order))

    def targets(self, examples: Sequence[Example]) -> Int64s:
        """The rank of each example's label from 0, int64 (texts,). Raises InputError for one without a rank."""
        return class_targets(examples, self.labels)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy, and the ranked probability score beside it, by which a mistake costs more the further off."""
        return nn.functional.cross_entropy(logits, targets) + ranked_probability_score(logits, targets)

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """kappa, rank_error, accuracy, macro_f1, and loss."""
        found = ordinal_figures(targets, logits.argmax(axis=1), self.labels, resamples=0).figures
        figures = {name: estimate.value for name, estimate in found.items() if estimate.value is not None}
        p = np.clip(softmax(logits)[np.arange(len(targets)), targets], 1e-16, 1)
        return {"kappa": 0.0, **figures, "loss": float(-np.log(p).mean())}


def ranked_probability_score(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean squared difference between the cumulative probabilities and the truth's, summed over the ranks.

    A strictly proper score for ordered categories (Epstein 1969; Murphy 1971); as a loss it is the squared distance of
    the earth mover (Hou et al. 2016).
    """
    at_most = logits.float().softmax(dim=1).cumsum(dim=1)
    reached = torch.arange(logits.shape[1], device=logits.device) >= targets[:, None]
    return (at_most - reached.to(at_most.dtype)).square().sum(dim=1).mean()
