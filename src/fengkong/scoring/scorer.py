"""From raw texts to calibrated signals: one question of a bundle."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Document
from fengkong.domain.errors import FacilityError, SettingsError, likely_slip
from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.entities import EntityFinder
from fengkong.scoring.manifest import Head
from fengkong.scoring.protocol import check_beside
from fengkong.scoring.reader import Fields, Read, Reader
from fengkong.scoring.signals import answers, signal

__all__ = ["Scorer", "open_scorers"]


class _Answers(NamedTuple):
    """What a head says of some texts, in order: its answers (texts, labels), and what else their signals tell."""

    answers: NDArray[np.float64]
    unread: Sequence[int]
    fieldless: Sequence[bool]
    spans: Sequence[tuple[Span, ...]]


class Scorer:
    """A bundle at work. Safe to share between threads; the answers don't depend on what is scored together.

    reader: the bundle's model, which the scorers of a bundle's other questions may share.
    """

    def __init__(
        self, bundle: Bundle, *, threads: int = 2, head: str | None = None, reader: Reader | None = None
    ) -> None:
        """threads: how many of the processor's cores one call may use, from 1. head: which question of the bundle;
        its only one, or its first, where None. reader: the bundle's model where it is at work already.

        Raises BundleError when the bundle's parts don't fit each other, SettingsError for a head that it lacks.
        """
        self.reader = reader or Reader(bundle, threads=threads)
        self.head, self._columns = _find(bundle.manifest.heads, head)
        self.name = self.head.name
        self.labels = self.head.labels
        self.positive = self.head.positive
        self.bundle_id = bundle.id
        self._finder = EntityFinder(self.head) if self.head.task == "entities" else None

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        """One signal a document, in order; a failed one where the model gave no finite answer.

        Raises FacilityError when the engine itself fails.
        """
        signals: list[Signal] = []
        texts, fields, pairs = [doc.text for doc in docs], [doc.fields for doc in docs], [doc.pair for doc in docs]
        for found in self._answers(texts, fields, pairs):
            signals += self._signals(found)
        return signals

    @staticmethod
    def score_together(scorers: "Sequence[Scorer]", docs: Sequence[Document]) -> "list[list[Signal]]":
        """What each scorer answers, in their order; all share one reader, which reads the documents once.

        Raises FacilityError when the engine itself fails.
        """
        signals: list[list[Signal]] = [[] for _ in scorers]
        texts, fields, pairs = [doc.text for doc in docs], [doc.fields for doc in docs], [doc.pair for doc in docs]
        for read in scorers[0].reader.read(texts, fields, pairs):
            for scorer, answered in zip(scorers, signals, strict=True):
                answered.extend(scorer._signals(scorer._of(read)))
        return signals

    def probabilities(
        self, texts: Sequence[str], fields: Fields | None = None, pairs: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Calibrated probabilities (texts, labels) of raw texts; of a number, the number itself (texts, 1).

        Of entities, the probability that a text holds one of each type.

        fields: none means that none are known. pairs: the second texts, where there are any.
        Raises InputError when texts, fields and pairs differ in number, FacilityError when a text can't be scored.
        """
        check_beside(texts, fields, pairs)
        found = self._answers(texts, fields or [{}] * len(texts), pairs or [""] * len(texts))
        probabilities = np.concatenate([np.zeros((0, len(self.labels))), *(part.answers for part in found)])
        if len(bad := np.flatnonzero(np.isnan(probabilities).any(axis=1))):
            raise FacilityError("the model gave no finite score", where=f"text {bad[0]}, counted from 0")
        return probabilities

    def _answers(self, texts: Sequence[str], fields: Fields, pairs: Sequence[str]) -> Iterator[_Answers]:
        return map(self._of, self.reader.read(texts, fields, pairs))

    def _of(self, read: Read) -> _Answers:
        if self._finder is not None and read.words is not None:
            spans, holds = self._finder.find(read.words.of(self._columns))
            return _Answers(holds, read.unread, [False] * len(spans), spans)
        found = answers(self.head, read.logits[:, self._columns])
        return _Answers(found, read.unread, read.fieldless, read.evidence(self._columns))

    def _signals(self, found: _Answers) -> Iterator[Signal]:
        return map(self._signal, found.answers, found.unread, found.fieldless, found.spans)

    def _signal(self, answer: NDArray[np.float64], unread: int, fieldless: bool, spans: tuple[Span, ...]) -> Signal:
        if np.isnan(answer).any():
            return Signal.failure(self.name, "the model gave no finite score", self.bundle_id)
        return signal(self, answer, unread, fieldless=fieldless, spans=spans)


def open_scorers(bundle: Bundle, *, threads: int = 2) -> dict[str, Scorer]:
    """A scorer for each question of a bundle, by name, all with one model in memory. Raises as `Scorer` does."""
    reader = Reader(bundle, threads=threads)
    return {head.name: Scorer(bundle, head=head.name, reader=reader) for head in bundle.manifest.heads}


def _find(heads: Sequence[Head], name: str | None) -> tuple[Head, slice]:
    """A head and its columns among the logits."""
    start = 0
    for head in heads:
        if name in (None, head.name):
            return head, slice(start, start + head.columns)
        start += head.columns
    names = [head.name for head in heads]
    raise SettingsError("the bundle answers no such question", received=repr(name), cure=likely_slip(str(name), names))
