"""The few answers of a test set that tell most about a model, each with what moved it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Example
from fengkong.scoring.manifest import Head
from fengkong.scoring.protocol import TextScorer
from fengkong.training.evaluation import true_answers
from fengkong.training.measuring.answers import Answers
from fengkong.training.measuring.bootstrap import FloatArray
from fengkong.training.reporting.report import ExplainedExample, Kind
from fengkong.training.tasks.targets import Targets
from fengkong.trust.occlusion import explain

__all__ = ["explained_examples"]


def explained_examples(scorer: TextScorer, examples: Sequence[Example], answers: Answers) -> list[ExplainedExample]:
    """For the report: the surest right answer, the least sure one, and the surest wrong one, explained.

    answers: `scorer_answers` of these examples. An answer that is two of the three is shown once. None where the
    answers are entities, which say themselves where they stand.
    """
    if not isinstance(answers, np.ndarray):
        return []
    surest, right = _sureness(scorer.head, answers, np.asarray(true_answers(scorer, examples)))
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


def _sureness(head: Head, answers: FloatArray, targets: Targets) -> tuple[FloatArray, NDArray[np.bool_]]:
    """How sure each answer is, in some unit, and whether it is right; a number is as sure as it is near the truth."""
    if head.scale is not None:
        errors = np.abs(answers[:, 0] - head.scale.mean - head.scale.spread * np.asarray(targets, dtype=np.float64))
        return -errors, errors <= np.median(errors)
    if head.task == "multilabel":
        given = answers >= head.cutoffs
        return np.abs(answers - head.cutoffs).min(axis=1), (given == targets.astype(bool)).all(axis=1)
    return answers.max(axis=1), answers.argmax(axis=1) == targets
