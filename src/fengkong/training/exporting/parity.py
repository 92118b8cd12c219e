"""Does a sealed graph say what the trained network says? The figures, and the bar for each format."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

__all__ = ["Attempt", "ParityReport", "compare"]

Probabilities = npt.NDArray[np.float64]

LEAST_AGREEMENT = 0.99
MOST_LOST = 0.005


@dataclass(frozen=True, slots=True)
class Attempt:
    """One format, measured against the trained network on the same texts.

    agreement: share of texts with the same label; dev_agreement: of the dev texts among them. macro_f1,
    macro_f1_trained: on dev, of this format and of the trained network. mean_difference, max_difference: of the
    probabilities. megabytes: size of the graph.
    """

    format: str
    precision: Literal["int8", "fp32"]
    megabytes: float
    agreement: float
    dev_agreement: float
    dev_texts: int
    macro_f1: float
    macro_f1_trained: float
    mean_difference: float
    max_difference: float

    @property
    def accepted(self) -> bool:
        """At least 99% equal labels, on dev alone too (or one text apart), and at most 0.5 points of macro-F1 lost."""
        apart = round((1 - self.dev_agreement) * self.dev_texts)
        on_dev = apart <= 1 or self.dev_agreement >= LEAST_AGREEMENT
        return on_dev and self.agreement >= LEAST_AGREEMENT and self.macro_f1_trained - self.macro_f1 <= MOST_LOST


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
            f"against the trained network on {self.texts:,} texts." + (f" Passed over: {passed}." if passed else "")
        )


def compare(
    name: str,
    precision: Literal["int8", "fp32"],
    size: int,
    *,
    found: Probabilities,
    trained: Probabilities,
    dev_labels: npt.NDArray[np.int64],
) -> Attempt:
    """Measure a format. found, trained: [texts, labels], the dev texts first; dev_labels: [dev texts]; size: bytes."""
    labels, trained_labels = found.argmax(axis=1), trained.argmax(axis=1)
    difference = np.abs(found - trained)
    return Attempt(
        name,
        precision,
        megabytes=size / 1e6,
        agreement=float(np.mean(labels == trained_labels)),
        dev_agreement=float(np.mean((labels == trained_labels)[: len(dev_labels)])),
        dev_texts=len(dev_labels),
        macro_f1=_macro_f1(dev_labels, labels),
        macro_f1_trained=_macro_f1(dev_labels, trained_labels),
        mean_difference=float(difference.mean()),
        max_difference=float(difference.max()),
    )


def _macro_f1(truth: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    return float(f1_score(truth, labels[: len(truth)], average="macro", zero_division=0.0))


def _figures(attempt: Attempt) -> str:
    return (
        f"{attempt.agreement:.1%} equal labels, macro-F1 {attempt.macro_f1:.3f} "
        f"after {attempt.macro_f1_trained:.3f}, probabilities up to {attempt.max_difference:.3f} apart"
    )
