"""From texts of many lengths to few full batches."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["TOKENS_A_BATCH", "Batch", "pack"]

TOKENS_A_BATCH = 1024
"""Enough to keep two cores busy, few enough to stay in their caches."""


class Batch(NamedTuple):
    """Texts of nearly one length. rows: where they stood, (texts,). ids, mask: int64 (texts, longest)."""

    rows: NDArray[np.intp]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def pack(texts: Sequence[Sequence[int]], pad: int, budget: int = TOKENS_A_BATCH) -> Iterator[Batch]:
    """Batches of at most `budget` tokens, padding included, longest texts first; every text in exactly one.

    A text longer than the budget has a batch to itself.
    """
    lengths = np.array([len(ids) for ids in texts], dtype=np.intp)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = order[start : start + max(1, budget // longest)]
        yield _batch([texts[row] for row in rows], rows, longest, pad)
        start += len(rows)


def _batch(texts: Sequence[Sequence[int]], rows: NDArray[np.intp], longest: int, pad: int) -> Batch:
    ids = np.full((len(texts), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return Batch(rows, ids, mask)
