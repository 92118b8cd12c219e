"""One label a text: softmax and cross-entropy, weighted, smoothed, focal or by cost where the recipe says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.scoring.calibration import softmax
from fengkong.scoring.manifest import TaskKind
from fengkong.training.encoding import Float32s, Int64s
from fengkong.training.measuring.metrics import classification_metrics
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.losses import as_tensor, balanced_weights, cost_table, expected_cost, focal_loss
from fengkong.training.tasks.targets import Targets, class_targets

__all__ = ["Classification"]


@dataclass(frozen=True)
class Classification:
    """One of the labels. weights: of each label in the loss; costs: (true, said), of a mistake; None for none."""

    labels: tuple[str, ...]
    focusing: float = 0.0
    smoothing: float = 0.0
    weights: Float32s | None = None
    costs: Float32s | None = None
    task: TaskKind = "classification"

    @classmethod
    def from_splits(cls, recipe: Recipe, splits: Splits) -> "Classification":
        """For the labels of train, with the losses of the recipe. Raises InputError for fewer than two labels."""
        labels = tuple(sorted({ex.label for ex in splits.train}))
        if len(labels) < 2:
            raise InputError(
                "the training split holds one label only",
                received=repr(labels[0]),
                cure="give examples of at least two labels, and check the name of the label column",
            )
        kind = cls(labels, recipe.focusing if recipe.loss == "focal" else 0.0, recipe.label_smoothing)
        weights = None
        if recipe.class_weights == "balanced":
            weights = balanced_weights(kind.targets(splits.train), len(labels))
        costs = cost_table(recipe.cost_matrix, labels) if recipe.cost_matrix else None
        return cls(labels, kind.focusing, kind.smoothing, weights, costs)

    @property
    def metric(self) -> str:
        """AUC of two labels, macro-F1 of more."""
        return "auc" if len(self.labels) == 2 else "macro_f1"

    @property
    def metric_why(self) -> str:
        """Why that."""
        if len(self.labels) == 2:
            return "with two labels the threshold is chosen later, so the ranking counts"
        return "it weighs rare labels like common ones"

    def targets(self, examples: Sequence[Example]) -> Int64s:
        """The place of each example's label, int64 (texts,). Raises InputError for a label that train lacks."""
        return class_targets(examples, self.labels)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy in one of its forms, with the expected cost of the answers added where costs are known."""
        weights = None if self.weights is None else as_tensor(self.weights, logits)
        if self.focusing:
            loss = focal_loss(logits, targets, focusing=self.focusing, weights=weights, smoothing=self.smoothing)
        else:
            loss = nn.functional.cross_entropy(logits, targets, weight=weights, label_smoothing=self.smoothing)
        return loss if self.costs is None else loss + expected_cost(logits, targets, as_tensor(self.costs, logits))

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """accuracy, macro_f1, loss, and auc where there are two labels."""
        names = [str(place) for place in range(logits.shape[1])]
        measured = classification_metrics(targets, softmax(logits), names, resamples=0)
        figures = {"accuracy": measured.accuracy, "macro_f1": measured.macro_f1, "loss": measured.log_loss}
        if measured.binary is not None:
            figures["auc"] = measured.binary.auc
        return {name: estimate.value for name, estimate in figures.items() if estimate.value is not None}
