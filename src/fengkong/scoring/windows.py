"""Long texts: windows that overlap, each read by itself, and one answer from all of them."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Encoding

__all__ = ["Pooling", "Windows", "cut_windows", "deciding_window", "pool_windows"]

Pooling = Literal["mean", "max", "attention"]


class Windows(BaseModel):
    """How a long text is read.

    most: windows of a text that are read; what lies beyond them is counted as unread. overlap: tokens that a window
    shares with the one before it, so that no phrase is torn apart in both.
    pooling: of the windows' logits: their "mean", the "max" of each label, or by "attention", a mean whose weights the
    network gives beside the logits (a gate in the last column; Ilse et al. 2018).
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
