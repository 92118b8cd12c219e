"""One way from a row of probabilities to a signal, for every scorer."""

from numpy import float64
from numpy.typing import NDArray

from fengkong.domain.signals import Signal
from fengkong.scoring.protocol import TextScorer

__all__ = ["signal"]


def signal(scorer: TextScorer, probabilities: NDArray[float64], unread: int = 0, *, fieldless: bool = False) -> Signal:
    """The signal of one text: the most probable label (the first of equals), and p of the positive label.

    probabilities: (labels,), calibrated.
    """
    by_label = dict(zip(scorer.labels, probabilities.tolist(), strict=True))
    label = max(by_label, key=by_label.__getitem__)
    return Signal(
        scorer.name,
        label,
        by_label[scorer.positive or label],
        probabilities=by_label,
        bundle=scorer.bundle_id,
        unread=unread,
        fieldless=fieldless,
    )
