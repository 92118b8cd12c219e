"""Which n-grams a model shall know: the commonest ones, and how rare each is."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.errors import InputError
from fengkong.scoring.ngram_features import CHARACTERS, WORDS, Ngrams, NgramText, Vocabulary, prepared

__all__ = ["choose_vocabulary"]

MOST_FEATURES = 50_000  # of words, and of characters
MOST_CHARACTERS = 2_000_000  # to choose from: the commonest n-grams are known long before, and memory stays bounded
RARE_FROM = 100  # with fewer texts than this, an n-gram that occurs in one of them may still be the one that tells

_WORD = re.compile(r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]")


class _Found(NamedTuple):
    """Distinct n-grams: occurrences, texts that hold it, and where one of them stands (each int64 [n-grams])."""

    totals: NDArray[np.int64]
    holding: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def of(self, rows: NDArray[np.int64]) -> "_Found":
        return _Found(*(column[rows] for column in self))


def choose_vocabulary(texts: Sequence[str]) -> tuple[Vocabulary, NDArray[np.float32]]:
    """The commonest n-grams of some cleaned texts, and their inverse document frequencies (float32 [features]).

    idf = ln((1 + texts) / (1 + texts that hold it)) + 1. Raises InputError where there is no n-gram at all, or none
    that two of many texts share.
    """
    sample = [prepared(text) for text in _spaced(texts)]
    least = 2 if len(sample) >= RARE_FROM else 1
    read = NgramText(sample)
    words = _commonest((_distinct(read.words(order), least) for order in WORDS), MOST_FEATURES)
    characters = _commonest((_distinct(read.characters(order), least) for order in CHARACTERS), MOST_FEATURES)
    if not words.totals.size + characters.totals.size:
        raise InputError(
            "the training texts have nothing in common to learn from",
            cure="check that the text column is the right one",
        )
    vocabulary = Vocabulary(
        [" ".join(_WORD.findall(stretch)) for stretch in _stretches(read, words)], list(_stretches(read, characters))
    )
    holding = np.concatenate([words.holding, characters.holding])
    return vocabulary, (np.log((1 + len(sample)) / (1 + holding)) + 1).astype(np.float32)


def _spaced(texts: Sequence[str]) -> Sequence[str]:
    """All texts, or evenly spaced ones, up to the bound of characters in all (at least one text)."""
    every = -(-sum(map(len, texts)) // MOST_CHARACTERS)
    return texts[:: max(1, every)]


def _distinct(ngrams: Ngrams, least: int) -> _Found:
    """Each n-gram that at least so many texts hold, once."""
    by_hash = np.argsort(ngrams.hashes, kind="stable")  # stable: the texts of one n-gram stay in order
    hashes, texts = ngrams.hashes[by_hash], ngrams.texts[by_hash]
    fresh = np.ones(len(hashes), dtype=bool)
    fresh[1:] = hashes[1:] != hashes[:-1]
    entered = fresh.copy()
    entered[1:] |= texts[1:] != texts[:-1]
    first = np.flatnonzero(fresh)
    holding = np.add.reduceat(entered.astype(np.int64), first) if first.size else first
    at = by_hash[first]
    found = _Found(np.diff(np.append(first, len(hashes))), holding, ngrams.starts[at], ngrams.ends[at])
    return found.of(np.flatnonzero(holding >= least))


def _commonest(orders: Iterable[_Found], most: int) -> _Found:
    found = _Found(*(np.concatenate(columns) for columns in zip(*orders, strict=True)))
    return found.of(np.sort(np.argsort(-found.totals, kind="stable")[:most]))


def _stretches(read: NgramText, found: _Found) -> Iterable[str]:
    return (read.joined[start:end] for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True))
