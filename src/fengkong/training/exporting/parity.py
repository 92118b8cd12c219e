"""Does a sealed graph say what the trained network says? The figures, and the bar for each format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score, r2_score

from fengkong.scoring.manifest import Head, Precision

__all__ = ["Answers", "Attempt", "ParityReport", "compare"]

Answers = npt.NDArray[np.float64]

LEAST_AGREEMENT = 0.99
MOST_LOST = 0.005
SPREAD_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One format, measured against the trained network on the same texts.

    agreement: share of equal answers; dev_agreement: of those to the dev texts. Of several labels a text, the labels
    that both give among those that either gives; of a number, the texts within a tenth of the numbers' spread.
    metric: macro_f1, micro_f1 or r2; figure, figure_trained: that on dev, of this format and of the trained network.
    mean_difference, max_difference: of the probabilities, or the numbers. megabytes: size of the graph.
    """

    format: str
    precision: Precision
    megabytes: float
    agreement: float
    dev_agreement: float
    dev_texts: int
    metric: str
    figure: float
    figure_trained: float
    mean_difference: float
    max_difference: float

    @property
    def accepted(self) -> bool:
        """At least 99% equal answers, on dev too (or one text apart), and at most 0.5 points of the figure lost."""
        apart = round((1 - self.dev_agreement) * self.dev_texts)
        on_dev = apart <= 1 or self.dev_agreement >= LEAST_AGREEMENT
        return on_dev and self.agreement >= LEAST_AGREEMENT and self.figure_trained - self.figure <= MOST_LOST


@dataclass(frozen=True, slots=True)
class ParityReport:
    """Every format that was tried, fastest first; the last one is in the bundle. texts: how many were compared."""

    texts: int
    tried: tuple[Attempt, ...]

    @property
    def chosen(self) -> Attempt:
        """The format in the bundle."""
        return self.tried[-1]

    @property
    def sentence(self) -> str:
        """What was chosen, how near it is, and what was passed over."""
        passed = ", ".join(f"{attempt.format} ({_figures(attempt)})" for attempt in self.tried[:-1])
        return (
            f"The bundle is in {self.chosen.format}, {self.chosen.megabytes:.0f} MB: {_figures(self.chosen)}, "
            f"against the trained model on {self.texts:,} texts." + (f" Passed over: {passed}." if passed else "")
        )


def compare(
    name: str,
    precision: Precision,
    size: int,
    *,
    head: Head,
    found: Answers,
    trained: Answers,
    dev_targets: npt.NDArray[Any],
) -> Attempt:
    """Measure a format. found, trained: a head's answers [texts, labels], the dev texts first; size: bytes.

    dev_targets: what is true of the dev texts, as the kind of task has it.
    """
    dev = slice(len(dev_targets))
    difference = np.abs(found - trained)
    metric, figure = _figure_of(head)
    return Attempt(
        name,
        precision,
        megabytes=size / 1e6,
        agreement=_agreement(head, found, trained),
        dev_agreement=_agreement(head, found[dev], trained[dev]),
        dev_texts=len(dev_targets),
        metric=metric,
        figure=figure(dev_targets, found[dev]),
        figure_trained=figure(dev_targets, trained[dev]),
        mean_difference=float(difference.mean()),
        max_difference=float(difference.max()),
    )


def _agreement(head: Head, found: Answers, trained: Answers) -> float:
    if head.scale is not None:
        return float(np.mean(np.abs(found - trained) <= SPREAD_SHARE * head.scale.spread))
    if head.task == "multilabel":
        ours, theirs = found >= head.cutoffs, trained >= head.cutoffs
        either = int((ours | theirs).sum())
        return int((ours & theirs).sum()) / either if either else 1.0
    return float(np.mean(found.argmax(axis=1) == trained.argmax(axis=1)))


def _figure_of(head: Head) -> tuple[str, Callable[[npt.NDArray[Any], Answers], float]]:
    """The metric that parity is judged by, and how it is measured."""
    if head.scale is not None:
        mean, spread = head.scale.mean, head.scale.spread
        return "r2", lambda truth, numbers: float(r2_score(mean + spread * truth, numbers[:, 0]))
    if head.task == "multilabel":
        return "micro_f1", lambda truth, p: _f1(truth, p >= head.cutoffs, "micro")
    return "macro_f1", lambda truth, p: _f1(truth, p.argmax(axis=1), "macro")


def _f1(truth: npt.NDArray[Any], answers: npt.NDArray[Any], average: str) -> float:
    return float(f1_score(truth, answers, average=average, zero_division=0.0))


def _figures(attempt: Attempt) -> str:
    return (
        f"{attempt.agreement:.1%} equal answers, {attempt.metric} {attempt.figure:.3f} "
        f"after {attempt.figure_trained:.3f}, up to {attempt.max_difference:.3f} apart"
    )
