"""A sealed bundle held against labelled text, through the scorer that serves it."""

from collections.abc import Sequence

import numpy as np

from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, likely_slip
from fengkong.scoring.protocol import TextScorer
from fengkong.training.bootstrap import RESAMPLES, FloatArray, IntArray
from fengkong.training.metrics import Metrics, classification_metrics
from fengkong.training.report import ExplainedExample, Kind
from fengkong.trust.occlusion import explain

__all__ = ["evaluate", "explained_examples", "log_probabilities"]

SMALLEST = 1e-30
"""Stands for a probability that was rounded to zero."""


def evaluate(scorer: TextScorer, examples: Sequence[Example], *, resamples: int = RESAMPLES) -> Metrics:
    """The figures of a bundle on labelled text, with 95% intervals; resamples=0 leaves those out.

    Raises InputError where there is no example, or one bears a label that the bundle doesn't know.
    """
    if not examples:
        raise InputError("there are no examples to measure on", cure="name another file or split")
    truth = _label_numbers(scorer, examples)
    probabilities = np.exp(log_probabilities(scorer, examples))
    return classification_metrics(truth, probabilities, scorer.labels, scorer.positive, resamples=resamples)


def log_probabilities(scorer: TextScorer, examples: Sequence[Example]) -> FloatArray:
    """Logarithms of the calibrated probabilities, (n, labels): logits of temperature one."""
    found = scorer.probabilities([ex.text for ex in examples], [ex.fields for ex in examples])
    logs: FloatArray = np.log(np.maximum(found, SMALLEST))
    return logs


def explained_examples(scorer: TextScorer, examples: Sequence[Example], logs: FloatArray) -> list[ExplainedExample]:
    """For the report: the surest right answer, the least sure one, and the surest wrong one, explained.

    logs: `log_probabilities` of these examples. An answer that is two of the three is shown once.
    """
    surest, right = logs.max(axis=1), logs.argmax(axis=1) == _label_numbers(scorer, examples)
    shown: dict[int, Kind] = {}
    kinds: tuple[tuple[Kind, FloatArray], ...] = (
        ("surest_right", np.where(right, surest, -np.inf)),
        ("least_sure", -surest),
        ("surest_wrong", np.where(right, -np.inf, surest)),
    )
    for kind, fitness in kinds:
        if fitness.max() > -np.inf:
            shown.setdefault(int(fitness.argmax()), kind)
    return [
        ExplainedExample(explain(scorer, examples[place].document()), examples[place].label, kind)
        for place, kind in shown.items()
    ]


def _label_numbers(scorer: TextScorer, examples: Sequence[Example]) -> IntArray:
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
