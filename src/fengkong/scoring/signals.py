"""One way from a row of logits to a signal, for every scorer and every kind of task."""

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.scoring.calibration import sigmoid, softmax
from fengkong.scoring.manifest import Head
from fengkong.scoring.protocol import TextScorer

__all__ = ["LABEL_SEPARATOR", "answers", "signal"]

LABEL_SEPARATOR = "|"


def answers(head: Head, logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """What a head says, (texts, labels), of its logits (texts, labels): calibrated probabilities, or the number.

    A row that holds NaN, or infinity, becomes a row of NaN, for the caller to refuse.
    """
    if head.task == "multilabel":
        return sigmoid(logits, head.temperature)
    if head.scale is not None:
        numbers = np.asarray(logits, dtype=np.float64) * head.scale.spread + head.scale.mean
        return np.where(np.isfinite(numbers), numbers, np.nan)
    return softmax(logits, head.temperature)


def signal(
    scorer: TextScorer,
    answer: NDArray[np.float64],
    unread: int = 0,
    *,
    fieldless: bool = False,
    spans: tuple[Span, ...] = (),
) -> Signal:
    """The signal of one text, of its row of `answers` (labels,), and of the entities found in it.

    label: the most probable one (the first of equals); of several, all those that reach their cutoff, and of entities
        all types found, joined by "|".
    p: of the positive label where there is one, else of the most probable.
    """
    head = scorer.head
    if head.task == "regression":
        return Signal(
            scorer.name, None, None, bundle=scorer.bundle_id, unread=unread, fieldless=fieldless, value=float(answer[0])
        )
    by_label = dict(zip(head.labels, answer.tolist(), strict=True))
    likeliest = max(by_label, key=by_label.__getitem__)
    label = likeliest
    if head.task == "multilabel":
        given = (name for name, p, cutoff in zip(head.labels, answer, head.cutoffs, strict=True) if p >= cutoff)
        label = LABEL_SEPARATOR.join(given)
    if head.task == "entities":
        found = {span.label for span in spans}
        label = LABEL_SEPARATOR.join(name for name in head.labels if name in found)
    return Signal(
        scorer.name,
        label,
        by_label[head.positive or likeliest],
        probabilities=by_label,
        bundle=scorer.bundle_id,
        spans=spans,
        unread=unread,
        fieldless=fieldless,
    )
