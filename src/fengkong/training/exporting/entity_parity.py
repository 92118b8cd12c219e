"""Does a sealed graph find the entities that the trained network finds? On whole texts, from raw text to span."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.manifest import Head
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.words import word_spans
from fengkong.training.exporting.parity import Attempt
from fengkong.training.measuring.entity_metrics import entity_figures

__all__ = ["EntityQuestion"]

Spans = tuple[Span, ...]
NOWHERE = Span(0, 0, "")


@dataclass(frozen=True, eq=False)
class EntityQuestion:
    """A head that finds entities: the examples, those of dev (dev_texts) first, and what the trained network finds.

    trained: the entities of each; holds: the probability that a text holds one of each type, (texts, types).
    """

    head: Head
    examples: Sequence[Example]
    dev_texts: int
    trained: Sequence[Spans]
    holds: NDArray[np.float64]

    def attempt(self, name: str, bundle: Bundle, scorer: Scorer) -> Attempt:
        """How near the bundle's answers are: equal tags a word, and F1 of entities on dev."""
        signals = scorer.score([ex.document() for ex in self.examples])
        found = [sig.spans for sig in signals]
        holds = np.array([[sig.probabilities.get(label, np.nan) for label in self.head.labels] for sig in signals])
        difference = np.abs(holds - self.holds)
        return Attempt(
            name,
            bundle.manifest.precision,
            megabytes=len(bundle.model) / 1e6,
            agreement=self._agreement(found, len(found)),
            dev_agreement=self._agreement(found, self.dev_texts),
            dev_texts=self.dev_texts,
            metric="entity_f1",
            figure=self._f1(found),
            figure_trained=self._f1(self.trained),
            mean_difference=float(difference.mean()),
            max_difference=float(difference.max()),
        )

    def _agreement(self, found: Sequence[Spans], texts: int) -> float:
        """The share of words that bear the same tag in both."""
        equal = total = 0
        for ex, ours, theirs in zip(self.examples[:texts], found, self.trained, strict=False):
            places = word_spans(ex.text)
            total += len(places)
            equal += sum(a == b for a, b in zip(_tags(places, ours), _tags(places, theirs), strict=True))
        return equal / total if total else 1.0

    def _f1(self, found: Sequence[Spans]) -> float:
        dev = slice(self.dev_texts)
        truth = [ex.entities or () for ex in self.examples[dev]]
        return entity_figures(truth, found[dev], self.head.labels, resamples=0).figures["entity_f1"].value or 0.0


def _tags(places: Sequence[tuple[int, int]], spans: Spans) -> list[tuple[str, bool]]:
    """Of each word the type of the entity that it lies in ("" outside of all), and whether it begins it."""
    tags, waiting = [], iter((*spans, NOWHERE))
    span = next(waiting)
    for start, end in places:
        while span is not NOWHERE and span.end <= start:
            span = next(waiting)
        inside = span.start < end and span.end > start
        tags.append((span.label, start <= span.start) if inside else ("", False))
    return tags
