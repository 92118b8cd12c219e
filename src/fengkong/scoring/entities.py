"""From the logits of words to named entities of the original text, and the signal that carries them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.spans import Span
from fengkong.scoring.chains import Chain
from fengkong.scoring.manifest import Head
from fengkong.scoring.words import Words
from fengkong.text.alignment import CleanText

__all__ = ["EntityFinder", "WordRead"]

_WORDS_A_BATCH = 8192
"""Words decoded at once, padding included."""


class WordRead(NamedTuple):
    """What a model says of the words of many texts.

    originals, cleans: the texts, before and after cleaning. words: theirs, end to end. logits: float32 [words, tags].
    """

    originals: Sequence[str]
    cleans: Sequence[CleanText]
    words: Words
    logits: NDArray[np.float32]

    def of(self, columns: slice) -> "WordRead":
        """The same, with the logits of one head alone."""
        return self._replace(logits=self.logits[:, columns])


class EntityFinder:
    """Reads a head's tags. Safe to share between threads; the answers don't depend on what is decoded together."""

    def __init__(self, head: Head) -> None:
        """The labels of `head` are the types of entities."""
        self._labels = head.labels
        transitions = np.array(head.transitions) if head.transitions else None
        self._chain = Chain(len(head.labels), transitions, head.temperature)

    def find(self, read: WordRead) -> tuple[list[tuple[Span, ...]], NDArray[np.float64]]:
        """The entities of each text in order, and the probability that it holds one of each type, (texts, types).

        A span is one of the original characters; its weight is the probability of just this entity (`Chain.decode`).
        A text of which a logit is not finite has no entity, and a row of NaN.
        """
        texts = len(read.cleans)
        bounds = np.searchsorted(read.words.text, np.arange(texts + 1))
        found: list[list[Span]] = [[] for _ in range(texts)]
        holds = np.zeros((texts, len(self._labels)))
        for rows in _batches(np.diff(bounds)):
            lengths = np.diff(bounds)[rows]
            within = np.arange(lengths.max()) < lengths[:, None]
            logits = np.zeros((*within.shape, read.logits.shape[1]), dtype=np.float32)
            places = np.concatenate([np.arange(bounds[row], bounds[row + 1]) for row in rows])
            logits[within] = read.logits[places]
            entities, holds[rows] = self._chain.decode(logits, lengths)
            for row, first, last, kind, p in zip(*(part.tolist() for part in entities), strict=True):
                text = int(rows[row])
                start, end = read.words.start[bounds[text] + first], read.words.end[bounds[text] + last]
                found[text].append(_span(read, text, int(start), int(end), self._labels[kind], p))
        return [tuple(spans) for spans in found], holds


def _batches(lengths: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Texts of nearly one length, the longest first; those without a word in none."""
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        rows = order[start : start + max(1, _WORDS_A_BATCH // int(lengths[order[start]]))]
        yield rows
        start += len(rows)


def _span(read: WordRead, text: int, start: int, end: int, label: str, p: float) -> Span:
    a, b = read.cleans[text].original_span(start, end)
    return Span(a, b, read.originals[text][a:b], label, p)
