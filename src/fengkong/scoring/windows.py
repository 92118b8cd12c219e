"""Long texts: windows that overlap, each read by itself, and one answer from all of them, or one for each word."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Encoding

__all__ = ["Pooling", "Windows", "cut_windows", "deciding_window", "kept_stretches", "pool_windows", "stitched_offsets"]

Pooling = Literal["mean", "max", "attention"]


class Windows(BaseModel):
    """How a long text is read.

    most: windows of a text that are read; what lies beyond them is counted as unread. overlap: tokens that a window
    shares with the one before it, so that no phrase is torn apart in both.
    pooling: of the windows' logits: their "mean", the "max" of each label, or by "attention", a mean whose weights the
    network gives beside the logits (a gate in the last column; Ilse et al. 2018). The logits of words are not pooled:
    each is read in the one window where it stands furthest from an edge (`kept_stretches`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: Annotated[int, Field(ge=2, le=1024)]
    overlap: Annotated[int, Field(ge=0)]
    pooling: Pooling


def cut_windows(encoding: Encoding, windows: Windows, special: int) -> tuple[list[Encoding], int]:
    """The windows of a text, and how many of its tokens lie in none.

    encoding: of a tokenizer that cuts with the overlap as its stride. special: tokens that it adds to each window.
    """
    pieces = [encoding, *encoding.overflowing]
    beyond = pieces[windows.most :]
    return pieces[: windows.most], sum(len(piece) - special - windows.overlap for piece in beyond)


def kept_stretches(pieces: Sequence[Encoding], overlap: int) -> list[tuple[int, int]]:
    """Of each window the tokens [first, last) that speak for the text, so that end to end they are the whole text once.

    Where two windows share tokens, each keeps the half that lies further from its own edge: a token is read where it
    has the most context on both sides (Devlin et al. 2019, on long documents), and an entity at the edge of one window
    stands whole in the other.
    """
    kept = []
    for place, piece in enumerate(pieces):
        first, last = 0, len(piece)
        own = [at for at, special in enumerate(piece.special_tokens_mask) if not special]
        if place > 0:
            first = own[0] + overlap // 2
        if place < len(pieces) - 1:
            last = own[-1] + 1 - (overlap - overlap // 2)
        kept.append((first, last))
    return kept


def stitched_offsets(pieces: Sequence[Encoding], overlap: int) -> list[tuple[int, int]]:
    """The characters [start, end) of a text's kept tokens, end to end."""
    stretches = kept_stretches(pieces, overlap)
    return [offset for piece, (a, b) in zip(pieces, stretches, strict=True) for offset in piece.offsets[a:b]]


def pool_windows(logits: NDArray[np.float32], starts: NDArray[np.int64], pooling: Pooling) -> NDArray[np.float32]:
    """Logits (texts, labels) of logits (windows, columns); the windows of text i are starts[i] to starts[i + 1].

    columns: the labels, and the gate behind them where pooling is "attention".
    """
    first = starts[:-1]
    if pooling == "max":
        return np.maximum.reduceat(logits, first, axis=0)
    if pooling == "mean":
        weights = np.ones((len(logits), 1), dtype=np.float32)
    else:
        counts = np.diff(starts)
        gates = logits[:, -1:]
        weights = np.exp(gates - np.repeat(np.maximum.reduceat(gates, first, axis=0), counts, axis=0))
        logits = logits[:, :-1]
    pooled = np.add.reduceat(weights * logits, first, axis=0) / np.add.reduceat(weights, first, axis=0)
    return pooled.astype(np.float32)


def deciding_window(logits: NDArray[np.float32], pooled: NDArray[np.float32]) -> int:
    """Which window of one text speaks most for its answer: logits (windows, labels), pooled (labels,)."""
    label = int(pooled.argmax())
    others = np.delete(logits, label, axis=1)
    margins = logits[:, label] - (others.max(axis=1) if others.shape[1] else 0.0)
    return int(margins.argmax())
