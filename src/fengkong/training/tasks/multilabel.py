"""Several labels a text, or none: a sigmoid and a binary cross-entropy each, and a cutoff each, chosen on dev."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.scoring.calibration import sigmoid
from fengkong.scoring.manifest import TaskKind
from fengkong.training.encoding import Float32s
from fengkong.training.measuring.cutoffs import label_log_loss
from fengkong.training.measuring.figures import multilabel_figures
from fengkong.training.tasks.targets import Targets, label_targets, labels_of

__all__ = ["MultiLabel"]


@dataclass(frozen=True)
class MultiLabel:
    """Any number of the labels."""

    labels: tuple[str, ...]
    task: TaskKind = "multilabel"
    metric: str = "micro_f1"
    metric_why: str = "it weighs every label given or missed alike; the cutoffs are chosen later"

    @classmethod
    def from_splits(cls, splits: Splits) -> "MultiLabel":
        """For the labels of train. Raises InputError where it bears fewer than two."""
        labels = tuple(sorted({label for ex in splits.train for label in labels_of(ex)}))
        if len(labels) < 2:
            raise InputError(
                "the training split holds fewer than two labels",
                received=", ".join(labels) or "none",
                cure="check the name of the label column; a text bears its labels as a list, or joined by '|'",
            )
        return cls(labels)

    def targets(self, examples: Sequence[Example]) -> Float32s:
        """1 where a text bears a label, else 0, float32 (texts, labels). Raises InputError for a label train lacks."""
        return label_targets(examples, self.labels)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy summed over the labels: a text weighs as much as with one label of many."""
        return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """micro_f1, macro_f1 and exact_match at a cutoff of one half, and loss."""
        p = sigmoid(logits)
        found = multilabel_figures(targets, p >= 0.5, self.labels, resamples=0).figures
        figures = {name: estimate.value for name, estimate in found.items() if estimate.value is not None}
        return {"macro_f1": 0.0, "micro_f1": 0.0, **figures, "loss": label_log_loss(p, targets)}
