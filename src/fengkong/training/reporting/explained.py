"""The few answers of a test set that tell most about a model, each with what moved it."""

from collections.abc import Sequence

import numpy as np

from fengkong.domain.documents import Example
from fengkong.scoring.protocol import TextScorer
from fengkong.training.evaluation import label_numbers
from fengkong.training.measuring.bootstrap import FloatArray
from fengkong.training.reporting.report import ExplainedExample, Kind
from fengkong.trust.occlusion import explain

__all__ = ["explained_examples"]


def explained_examples(scorer: TextScorer, examples: Sequence[Example], logs: FloatArray) -> list[ExplainedExample]:
    """For the report: the surest right answer, the least sure one, and the surest wrong one, explained.

    logs: `log_probabilities` of these examples. An answer that is two of the three is shown once.
    """
    surest, right = logs.max(axis=1), logs.argmax(axis=1) == label_numbers(scorer, examples)
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
