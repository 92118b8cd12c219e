"""A scorer without a model: for tests, rehearsals and rules written before there is a bundle."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.canonical import digest
from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import InputError
from fengkong.domain.signals import Signal
from fengkong.scoring.manifest import Head
from fengkong.scoring.protocol import check_beside
from fengkong.scoring.signals import signal
from fengkong.text.cleaning import clean

__all__ = ["FakeScorer"]


class FakeScorer:
    """Scores by keywords, the same way every time. It has the surface of `Scorer`; it reads no fields.

    keywords: the probability of the positive label in a text that holds this word (letter case aside); several
    words agree as independent causes do: 1 - (1 - p1)(1 - p2)...
    positive: the label that keywords speak for; None means the last label, and `Signal.p` is then that of the
    most probable label, as with a real bundle that names none.
    otherwise: the probability of that label without any keyword. The other labels share the rest equally.
    """

    def __init__(
        self,
        name: str = "risk",
        labels: Sequence[str] = ("low", "high"),
        keywords: Mapping[str, float] | None = None,
        *,
        positive: str | None = None,
        otherwise: float = 0.1,
    ) -> None:
        """Raises InputError for fewer than two labels, a positive that isn't one, or a p outside [0, 1]."""
        self.name, self.labels, self.positive = name, tuple(labels), positive
        self._keywords = {clean(word).text.casefold(): float(p) for word, p in (keywords or {}).items()}
        self._otherwise = float(otherwise)
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < 2:
            raise InputError("a scorer needs two different labels or more", received=repr(self.labels))
        if positive is not None and positive not in self.labels:
            raise InputError("positive must be one of the labels", received=repr(positive))
        if not all(0 <= p <= 1 for p in (self._otherwise, *self._keywords.values())):
            raise InputError("a keyword's probability must lie in [0, 1]", cure="give 0.9 for 90%")
        self.head = Head(name=name, labels=self.labels, positive=positive)
        self._column = self.labels.index(self.labels[-1] if positive is None else positive)
        self.bundle_id = f"fake:{digest([name, self.labels, positive, self._keywords, self._otherwise])}"

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        """One signal a document, in order."""
        return [signal(self, row) for row in self.probabilities([doc.text for doc in docs])]

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        """Probabilities (texts, labels). Raises InputError when texts, fields and pairs differ in number."""
        check_beside(texts, fields, pairs)
        found = np.array([self._probability(text) for text in texts], dtype=np.float64)
        shared = (1 - found) / (len(self.labels) - 1)
        table = np.repeat(shared[:, None], len(self.labels), axis=1)
        table[:, self._column] = found
        return table

    def _probability(self, text: str) -> float:
        read = clean(text).text.casefold()
        doubts = [1 - p for word, p in self._keywords.items() if word in read]
        return 1 - prod(doubts) if doubts else self._otherwise
