"""What a sealed head says of texts, and its figures against what is true, for the kinds that don't give one label."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fengkong.scoring.manifest import Head
from fengkong.training.measuring.bootstrap import RESAMPLES, FloatArray
from fengkong.training.measuring.entity_metrics import Spans, entity_figures
from fengkong.training.measuring.figures import Figures, multilabel_figures, number_figures
from fengkong.training.measuring.ordinal_figures import ordinal_figures

__all__ = ["Answers", "answer_figures"]

Answers = FloatArray | Spans
"""What a model says of texts: a row of numbers each, or their entities."""
Truth = NDArray[Any] | Spans


def answer_figures(
    head: Head, answers: Answers, targets: Truth, *, resamples: int = RESAMPLES, seed: int = 0
) -> Figures:
    """The figures of a head's answers (n, labels) against the targets (n, ...) of its kind of task, or of the entities
    found in each text against those marked there.
    """
    if not isinstance(answers, np.ndarray) or not isinstance(targets, np.ndarray):
        return entity_figures(list(targets), list(answers), head.labels, resamples=resamples, seed=seed)
    if head.scale is not None:
        truth = head.scale.mean + head.scale.spread * np.asarray(targets, dtype=np.float64)
        return number_figures(truth, answers[:, 0], resamples=resamples, seed=seed)
    if head.task == "ordinal":
        return ordinal_figures(targets, answers.argmax(axis=1), head.labels, resamples=resamples, seed=seed)
    return multilabel_figures(targets, answers >= head.cutoffs, head.labels, resamples=resamples, seed=seed)
