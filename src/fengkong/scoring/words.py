"""The words of a clean text that bear tags, and the token that speaks for each: the first of its sub-words.

A word is a Han character, a run of letters and digits, the mask of an identifier, or one sign of another kind, whatever
the tokenizer; so a model of any base finds the same units, and a Chinese text is read by the character. Words that one
token holds together (as SentencePiece joins Chinese characters) count as one.
"""

import re
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.text.units import HAN

__all__ = ["Words", "align", "word_spans"]

_WORD = re.compile(rf"\[(?:EMAIL|IBAN|ID|USCI|CARD|PHONE)\]|[{HAN}]|[^\W_{HAN}]+|\S")

Ints = NDArray[np.int64]


class Words(NamedTuple):
    """The words of many texts that a model reads, end to end; each array int64 [words].

    text: which text a word is of. start, end: its characters [start, end) in that clean text. lead: the token that
    speaks for it, counted within the text's own tokens.
    """

    text: Ints
    start: Ints
    end: Ints
    lead: Ints


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words stand, [start, end), in order."""
    return [match.span() for match in _WORD.finditer(text)]


def align(texts: Sequence[str], offsets: Sequence[Sequence[tuple[int, int]]]) -> Words:
    """The words of clean texts and their leading tokens.

    offsets: for each text the characters [start, end) of its tokens; special tokens have (0, 0). Words without a token
    (beyond the length limit, or dropped by the tokenizer) are left out.
    """
    spans = [word_spans(text) for text in texts]
    text = np.repeat(np.arange(len(texts)), [len(found) for found in spans])
    start, end = _pairs(spans)
    counts = [len(tokens) for tokens in offsets]
    owner = np.repeat(np.arange(len(texts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum([0, *counts])[:-1], counts)
    token_start, token_end = _pairs(offsets)
    real = token_end > token_start
    owner, place, token_start, token_end = owner[real], place[real], token_start[real], token_end[real]
    if not len(owner) or not len(text):
        return Words(*np.zeros((4, 0), dtype=np.int64))
    # All texts on one line, a gap between them, so that one search serves them all. The last token that begins no
    # later than the word: some tokenizers let a mere "▁" claim the first character as well.
    base = np.concatenate([[0], np.cumsum([len(one) + 1 for one in texts])])
    lead = np.searchsorted(token_start + base[owner], start + base[text], side="right") - 1
    before = (lead < 0) | (owner[lead] != text) | (token_end[lead] <= start)
    lead = np.minimum(lead + before, len(owner) - 1)  # what begins within the word leads it where nothing does before
    led = (owner[lead] == text) & (token_start[lead] < end) & (token_end[lead] > start)
    return _joined(Words(text[led], start[led], end[led], place[lead[led]]))


def _pairs(spans: Sequence[Sequence[tuple[int, int]]]) -> tuple[Ints, Ints]:
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(spans)), np.int64).reshape(-1, 2)
    return flat[:, 0], flat[:, 1]


def _joined(words: Words) -> Words:
    """Words with one leading token as one."""
    new = np.concatenate([[True], (np.diff(words.lead) != 0) | (np.diff(words.text) != 0)])
    heads = np.flatnonzero(new)[: len(words.text)]
    lasts = np.concatenate([heads[1:], [len(words.text)]])[: len(heads)] - 1
    return Words(words.text[heads], words.start[heads], words.end[lasts], words.lead[heads])
