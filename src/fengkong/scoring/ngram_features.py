"""Word and character n-grams of texts, counted by numpy: the same code when a model is trained and when it scores.

Every n-gram is known by a 64-bit hash, and the hash of any stretch comes from prefix sums, so that no string is cut
out and no dictionary is asked. What counts as an n-gram is scikit-learn's rule: lower case, runs of blanks as one
blank; characters in a row, blanks among them; words as runs of letters and digits, each Han character a word.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHARACTERS", "WORDS", "Counts", "Ngrams", "NgramText", "Vocabulary", "prepared"]

WORDS = (1, 2)
CHARACTERS = (1, 2, 3, 4, 5)
"""Orders of the n-grams counted."""

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_BLANKS = re.compile(r"\s\s+")
_HAN = range(0x4E00, 0xA000)
_OTHER, _LETTER, _IDEOGRAPH = 0, 1, 2

# Odd, so that each has an inverse modulo 2**64; digits of the golden ratio and of the square root of three.
_BASE = 0x9E3779B97F4A7C15
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_PAIR = 0xBB67AE8584CAA73B


def prepared(text: str) -> str:
    """The text as its n-grams are taken: lower case, runs of blanks as one blank."""
    return _BLANKS.sub(" ", text.lower())


@dataclass(frozen=True, slots=True)
class Ngrams:
    """All n-grams of one kind and order in some texts, in reading order.

    hashes: uint64 [n-grams]. texts: which text each stands in. starts, ends: [start, end) in the joined texts.
    """

    hashes: Hashes
    texts: Places
    starts: Places
    ends: Places


class NgramText:
    """Some prepared texts, laid end to end, and their n-grams."""

    def __init__(self, texts: Sequence[str]) -> None:
        """texts: as `prepared` answers them."""
        self.joined = "".join(texts)
        self._lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._text_of = np.repeat(np.arange(len(texts)), self._lengths)
        self._codes = np.frombuffer(self.joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        place = np.full(len(self.joined), _BASE, dtype=np.uint64)
        undo = np.full(len(self.joined) + 1, _BASE_INVERSE, dtype=np.uint64)
        undo[0] = 1
        self._undo = np.cumprod(undo, dtype=np.uint64)
        powers = np.concatenate([np.ones(1, np.uint64), np.cumprod(place, dtype=np.uint64)])[:-1]
        sums = np.cumsum((self._codes.astype(np.uint64) + np.uint64(1)) * powers, dtype=np.uint64)
        self._sums = np.concatenate([np.zeros(1, np.uint64), sums])

    def characters(self, order: int) -> Ngrams:
        """Every run of `order` characters inside a text."""
        room = np.repeat(np.cumsum(self._lengths), self._lengths) - np.arange(len(self.joined))
        starts = np.flatnonzero(room >= order)
        return self._stretches(starts, starts + order)

    def words(self, order: int) -> Ngrams:
        """Every run of `order` (1 or 2) words inside a text, whatever stands between them."""
        single = self._words
        if order == 1:
            return single
        neighbours = np.flatnonzero(single.texts[:-1] == single.texts[1:])
        hashes = single.hashes[neighbours] * np.uint64(_PAIR) + single.hashes[neighbours + 1]
        return Ngrams(hashes, single.texts[neighbours], single.starts[neighbours], single.ends[neighbours + 1])

    @cached_property
    def _words(self) -> Ngrams:
        kinds = self._kinds()
        fresh = np.ones(len(kinds), dtype=bool)  # a new text, or another kind of character than the one before
        fresh[1:] = (kinds[1:] != kinds[:-1]) | (self._text_of[1:] != self._text_of[:-1])
        inside = kinds == _LETTER
        starts = np.flatnonzero((inside & fresh) | (kinds == _IDEOGRAPH))
        last = np.ones(len(kinds), dtype=bool)
        last[:-1] = fresh[1:]
        ends = np.flatnonzero((inside & last) | (kinds == _IDEOGRAPH)) + 1
        return self._stretches(starts, ends)

    def _kinds(self) -> NDArray[np.uint8]:
        """Of each character: other, letter or digit, or ideograph. Each distinct one is looked at once."""
        kinds = np.zeros(int(self._codes.max(initial=0)) + 1, dtype=np.uint8)
        for char in set(self.joined):
            if char.isalnum() or char == "_":
                kinds[ord(char)] = _IDEOGRAPH if ord(char) in _HAN else _LETTER
        return kinds[self._codes]

    def _stretches(self, starts: Places, ends: Places) -> Ngrams:
        hashes = (self._sums[ends] - self._sums[starts]) * self._undo[starts]
        return Ngrams(hashes, self._text_of[starts], starts, ends)

    def kinds(self) -> Iterator[tuple[str, int, Ngrams]]:
        """Every kind and order: ("words", 1, ...), ("words", 2, ...), ("characters", 1, ...), ..."""
        for order in WORDS:
            yield "words", order, self.words(order)
        for order in CHARACTERS:
            yield "characters", order, self.characters(order)


@dataclass(frozen=True, slots=True)
class Counts:
    """Occurrences, sorted by text and feature: text number, feature number, how often (each int64 [found])."""

    texts: Places
    features: Places
    counts: Places


class Vocabulary:
    """The n-grams that a model knows. A feature's number is its place among the words, then among the characters."""

    def __init__(self, words: Sequence[str], characters: Sequence[str]) -> None:
        """words: single words and pairs with a blank between; characters: runs of 1 to 5 characters.

        Raises ValueError for an n-gram of no known kind, and for one that is given twice.
        """
        self.words, self.characters = tuple(words), tuple(characters)
        text = NgramText([*self.words, *self.characters])
        counts = {"words": np.zeros(len(self), np.int64), "characters": np.zeros(len(self), np.int64)}
        single = text.words(1)
        np.add.at(counts["words"], single.texts, 1)
        np.add.at(counts["characters"], text.characters(1).texts, 1)
        self._known: dict[tuple[str, int], tuple[Hashes, Places]] = {}
        found = 0
        for kind, order, ngrams in text.kinds():
            mine = np.arange(len(self)) < len(self.words)
            whole = (counts[kind] == order) & (mine if kind == "words" else ~mine)
            places = np.flatnonzero(whole)
            hashes = ngrams.hashes[whole[ngrams.texts]]
            ordered = np.argsort(hashes)
            self._known[kind, order] = hashes[ordered], places[ordered]
            found += len(np.unique(hashes))
        if found < len(self):
            raise ValueError("an n-gram of the vocabulary is of no known kind, or occurs twice")

    def __len__(self) -> int:
        return len(self.words) + len(self.characters)

    @property
    def is_word(self) -> NDArray[np.bool_]:
        """Of each feature: whether it is of words."""
        return np.arange(len(self)) < len(self.words)

    def count(self, texts: Sequence[str]) -> Counts:
        """How often each known n-gram occurs in each of these prepared texts."""
        laid_out, width = NgramText(texts), max(1, len(self))
        hits = [np.zeros(0, np.int64)]  # a text and a feature as one number
        for kind, order, ngrams in laid_out.kinds():
            known, places = self._known[kind, order]
            if len(known):
                at = np.searchsorted(known, ngrams.hashes).clip(max=len(known) - 1)
                hit = known[at] == ngrams.hashes
                hits.append(ngrams.texts[hit] * width + places[at[hit]])
        keys, counts = np.unique(np.concatenate(hits), return_counts=True)
        return Counts(keys // width, keys % width, counts)
