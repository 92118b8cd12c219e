"""How a text is cut for occlusion: sentences, segments that bound the work, and windows of one unit or two."""

import re
from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from fengkong.text.units import HAN

__all__ = ["SEGMENTS", "Unit", "cut", "segments", "sentences", "windows"]

SEGMENTS = 64
"""Into how many segments a long text is cut at each level, at most twice that."""

SHORTEST_CUT = 32
"""Sentences of fewer units are never cut in two."""

SENTENCE_END = re.compile(r"[.!?;。！？；…\n]")
ONE_HAN = re.compile(f"[{HAN}]")

Unit = tuple[int, int]
"""[start, end) in characters."""


def sentences(text: str, units: Sequence[Unit]) -> list[list[int]]:
    """The indices of the units, sentence by sentence. A full stop within a number is part of its unit, so ends none."""
    if not units:
        return []
    groups = [[0]]
    for index, (left, right) in enumerate(pairwise(units), start=1):
        if SENTENCE_END.search(text, left[1], right[0]):
            groups.append([])
        groups[-1].append(index)
    return groups


def segments(groups: Sequence[list[int]]) -> list[list[int]]:
    """The groups with long ones cut and, where there are too many, short neighbours joined: at most 2 * SEGMENTS."""
    limit = max(SHORTEST_CUT, ceil(sum(map(len, groups)) / SEGMENTS))
    pieces = [group[at : at + limit] for group in groups for at in range(0, len(group), limit)]
    if len(pieces) <= SEGMENTS:
        return pieces
    joined: list[list[int]] = []
    for piece in pieces:
        if joined and len(joined[-1]) + len(piece) <= limit:
            joined[-1] = joined[-1] + piece
        else:
            joined.append(piece)
    return joined


def windows(text: str, units: Sequence[Unit], chosen: Sequence[int]) -> list[tuple[int, ...]]:
    """What to occlude together, as indices of units: each unit, and every two Han characters that touch.

    A Han character is seldom a word, and often its word is still understood without it; hence the pairs.
    """
    han = [ONE_HAN.fullmatch(text, *units[index]) is not None for index in chosen]
    pairs = [
        (left, right)
        for (left, right), both in zip(pairwise(chosen), map(all, pairwise(han)), strict=True)
        if both and units[left][1] == units[right][0]
    ]
    return [*((index,) for index in chosen), *pairs]


def cut(text: str, spans: Sequence[Unit]) -> str:
    """The text without these spans, which come in order and don't overlap."""
    bounds = [0, *(bound for span in spans for bound in span), len(text)]
    return "".join(text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True))
