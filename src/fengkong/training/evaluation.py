"""A sealed bundle held against labelled text, through the scorer that serves it."""

from collections.abc import Sequence

import numpy as np

from fengkong.corpus.splitting import HowToSplit, Splits, split_examples
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, likely_slip
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.protocol import TextScorer
from fengkong.training.measuring.bootstrap import RESAMPLES, FloatArray, IntArray
from fengkong.training.measuring.metrics import Metrics, classification_metrics
from fengkong.training.recipe import Recipe
from fengkong.training.run_folder import data_digest

__all__ = ["evaluate", "label_numbers", "log_probabilities", "splits_as_trained"]

SMALLEST = 1e-30
"""Stands for a probability that was rounded to zero."""


def evaluate(scorer: TextScorer, examples: Sequence[Example], *, resamples: int = RESAMPLES) -> Metrics:
    """The figures of a bundle on labelled text, with 95% intervals; resamples=0 leaves those out.

    Raises InputError where there is no example, or one bears a label that the bundle doesn't know.
    """
    if not examples:
        raise InputError("there are no examples to measure on", cure="name another file or split")
    truth = label_numbers(scorer, examples)
    probabilities = np.exp(log_probabilities(scorer, examples))
    return classification_metrics(truth, probabilities, scorer.labels, scorer.positive, resamples=resamples)


def log_probabilities(scorer: TextScorer, examples: Sequence[Example]) -> FloatArray:
    """Logarithms of the calibrated probabilities, (n, labels): logits of temperature one."""
    found = scorer.probabilities([ex.text for ex in examples], [ex.fields for ex in examples])
    logs: FloatArray = np.log(np.maximum(found, SMALLEST))
    return logs


def splits_as_trained(bundle: Bundle, examples: Sequence[Example], how: HowToSplit | None = None) -> Splits | None:
    """The splits that a bundle was trained on, made again from its examples; None where these are others.

    The seed is that of the recipe sealed in the bundle, and the manifest's sum over the data tells whether they agree.
    """
    if "recipe.toml" not in bundle.manifest.files:
        return None
    try:
        splits = split_examples(examples, how=how, seed=Recipe.load(bundle.path / "recipe.toml").seed)
    except InputError:  # what can't be split was never trained on
        return None
    return splits if data_digest(splits) == bundle.manifest.training.get("data_sha256") else None


def label_numbers(scorer: TextScorer, examples: Sequence[Example]) -> IntArray:
    """The place of each example's label among the scorer's. Raises InputError for a label that it doesn't know."""
    numbers = {label: number for number, label in enumerate(scorer.labels)}
    for ex in examples:
        if ex.label not in numbers:
            raise InputError(
                "the bundle doesn't know this label",
                where=str(ex.place),
                received=repr(ex.label),
                cure=likely_slip(ex.label, numbers),
            )
    return np.array([numbers[ex.label] for ex in examples], dtype=np.int64)
