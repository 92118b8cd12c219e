"""Which kind of task a set of examples is, where the recipe doesn't say."""

from collections.abc import Mapping

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import SettingsError
from fengkong.training.defaults import Choice
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.classification import Classification
from fengkong.training.tasks.entities import Entities, TagLoss
from fengkong.training.tasks.kind import Kind
from fengkong.training.tasks.multilabel import MultiLabel
from fengkong.training.tasks.ordinal import Ordinal
from fengkong.training.tasks.regression import Regression

__all__ = ["choose_kind", "metric_choice"]

METRICS = {
    "classification": ("accuracy", "macro_f1", "auc", "loss"),
    "ordinal": ("kappa", "rank_error", "accuracy", "macro_f1", "loss"),
    "multilabel": ("micro_f1", "macro_f1", "exact_match", "loss"),
    "regression": ("rmse", "mae", "r2", "spearman", "loss"),
    "entities": ("entity_f1", "loss"),
}
LOSSES = {
    "classification": ("cross_entropy", "focal"),
    "ordinal": ("cross_entropy",),
    "multilabel": ("cross_entropy",),
    "regression": ("cross_entropy",),
    "entities": ("cross_entropy", "soft_iou", "crf"),
}
_TAG_LOSSES: Mapping[str, TagLoss] = {"cross_entropy": "cross_entropy", "soft_iou": "soft_iou", "crf": "crf"}


def choose_kind(recipe: Recipe, splits: Splits) -> Kind:
    """The kind that the recipe names; with "auto", entities where they are all that labels the texts, several labels
    where any example bears a list of other than one, and ordered ones where the recipe orders them.

    Raises InputError for examples that can't be learnt from so, SettingsError for a metric, loss or order of another
    kind.
    """
    several = any(ex.labels is not None and len(ex.labels) != 1 for _, part in splits for ex in part)
    marked = all(ex.entities is not None and not ex.label for ex in splits.train)
    found = "entities" if marked else "multilabel" if several else "ordinal" if recipe.order else "classification"
    task = found if recipe.task == "auto" else recipe.task
    _check_fits(recipe, task)
    match task:
        case "ordinal":
            return Ordinal.from_splits(recipe.order, splits)
        case "multilabel":
            return MultiLabel.from_splits(splits)
        case "regression":
            return Regression.from_splits(splits)
        case "entities":
            return Entities.from_splits(_TAG_LOSSES[recipe.loss], splits)
    return Classification.from_splits(recipe, splits)


def metric_choice(kind: Kind) -> Choice:
    """The dev figure that picks the best state unless the recipe names one."""
    return Choice("metric", kind.metric, kind.metric_why)


def _check_order(recipe: Recipe, task: str) -> None:
    if (task == "ordinal") != bool(recipe.order):
        raise SettingsError(
            "an order belongs to task 'ordinal', and such a task needs one",
            where="order",
            received=f"task {task!r}",
            cure="write the labels from the lowest to the highest" if task == "ordinal" else "leave it out",
        )
    if len(recipe.order) == 1 or len(set(recipe.order)) < len(recipe.order):
        raise SettingsError(
            "an order holds two labels or more, each once",
            where="order",
            received=", ".join(recipe.order),
            cure="write the labels from the lowest to the highest",
        )


def _check_fits(recipe: Recipe, task: str) -> None:
    _check_order(recipe, task)
    metrics = METRICS[task]
    if recipe.metric not in ("auto", *metrics):
        raise SettingsError(
            f"the metric is not one of task {task!r}",
            where="metric",
            received=repr(recipe.metric),
            cure=f"choose one of {', '.join(metrics)}, or 'auto'",
        )
    if recipe.loss not in LOSSES[task]:
        raise SettingsError(
            f"the loss is not one of task {task!r}",
            where="loss",
            received=repr(recipe.loss),
            cure=f"choose {' or '.join(LOSSES[task])}",
        )
    plain = not recipe.label_smoothing and recipe.class_weights == "none" and not recipe.cost_matrix
    if task != "classification" and not plain:
        raise SettingsError(
            "label_smoothing, class_weights and cost_matrix belong to one label a text, without an order",
            where="recipe",
            received=f"task {task!r}",
            cure="leave them out",
        )
