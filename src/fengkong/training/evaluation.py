"""A sealed bundle held against labelled text, through the scorer that serves it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fengkong.corpus.splitting import HowToSplit, Splits, align_splits, mixed, split_examples
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, InputError
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.protocol import TextScorer
from fengkong.training.data_sum import data_digest
from fengkong.training.measuring.answers import Answers, answer_figures
from fengkong.training.measuring.bootstrap import RESAMPLES, FloatArray
from fengkong.training.measuring.figures import Figures
from fengkong.training.measuring.metrics import Metrics, classification_metrics
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.targets import Targets, head_targets, labels_of, marked_entities

__all__ = ["evaluate", "labels_in", "log_of", "scorer_answers", "splits_as_trained", "true_answers"]

SMALLEST = 1e-30
"""Stands for a probability that was rounded to zero."""


def evaluate(scorer: TextScorer, examples: Sequence[Example], *, resamples: int = RESAMPLES) -> Metrics | Figures:
    """The figures of a bundle on labelled text, with 95% intervals; resamples=0 leaves those out.

    Raises InputError where there is no example, or one bears a label that the bundle doesn't know.
    """
    if not examples:
        raise InputError("there are no examples to measure on", cure="name another file or split")
    targets = true_answers(scorer, examples)
    found = scorer_answers(scorer, examples)
    if scorer.head.task != "classification" or not isinstance(found, np.ndarray):
        return answer_figures(scorer.head, found, targets, resamples=resamples)
    return classification_metrics(np.asarray(targets), found, scorer.labels, scorer.positive, resamples=resamples)


def scorer_answers(scorer: TextScorer, examples: Sequence[Example]) -> Answers:
    """What a scorer says of examples: calibrated probabilities (n, labels), the number (n, 1), or the entities of each.

    Raises FacilityError where a text can't be scored.
    """
    if scorer.head.task == "entities":
        return list(_entities_found(scorer, examples))
    return scorer.probabilities(
        [ex.text for ex in examples], [ex.fields for ex in examples], [ex.pair for ex in examples]
    )


def _entities_found(scorer: TextScorer, examples: Sequence[Example]) -> Iterator[tuple[Span, ...]]:
    for place, sig in enumerate(scorer.score([ex.document() for ex in examples])):
        if sig.failed:
            raise FacilityError(sig.cause, where=f"text {place}, counted from 0")
        yield sig.spans


def true_answers(scorer: TextScorer, examples: Sequence[Example]) -> Targets | list[tuple[Span, ...]]:
    """What is true of examples, as the scorer's kind of task has it. Raises InputError for a label it doesn't know."""
    if scorer.head.task == "entities":
        return [marked_entities(ex, scorer.head.labels) for ex in examples]
    targets: Targets = head_targets(scorer.head, examples)
    return targets


def log_of(probabilities: FloatArray) -> FloatArray:
    """Logarithms of calibrated probabilities (n, labels): logits of temperature one."""
    logs: FloatArray = np.log(np.maximum(probabilities, SMALLEST))
    return logs


def labels_in(examples: Sequence[Example]) -> Iterator[str]:
    """Every label of every example, or type of every entity, for counting."""
    if all(ex.entities is not None and not ex.label for ex in examples):
        return (entity.label for ex in examples for entity in ex.entities or ())
    return (
        (label for ex in examples for label in labels_of(ex))
        if any(ex.labels is not None for ex in examples)
        else (ex.label for ex in examples)
    )


def splits_as_trained(
    bundle: Bundle, by_question: Mapping[str, Sequence[Example]], how: HowToSplit | None = None
) -> dict[str, Splits] | None:
    """The splits that a bundle was trained on, by question, made again from its examples; None where these are others.

    The seed is that of the recipe sealed in the bundle, and the manifest's sum over the data tells whether they agree.
    """
    if "recipe.toml" not in bundle.manifest.files:
        return None
    seed = Recipe.load(bundle.path / "recipe.toml").seed
    try:
        splits = {name: split_examples(examples, how=how, seed=seed) for name, examples in by_question.items()}
    except InputError:  # what can't be split was never trained on
        return None
    if len(bundle.manifest.heads) == 1:
        whole = next(iter(splits.values()))
    else:
        splits = align_splits(splits)
        whole = mixed(splits)
    return splits if data_digest(whole) == bundle.manifest.training.get("data_sha256") else None
