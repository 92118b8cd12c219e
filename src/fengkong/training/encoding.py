"""Texts become token ids, once; then batches of like length, by a budget of tokens, in an order fixed by the seed.

Texts pass `fengkong.text.clean` first, exactly as they do when a bundle scores them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from fengkong.domain.documents import Example
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.pairs import encode_pair
from fengkong.scoring.windows import Windows, cut_windows, kept_stretches
from fengkong.text.cleaning import clean

__all__ = [
    "Batch",
    "Encoded",
    "Float32s",
    "Int64s",
    "FieldEncoder",
    "collate",
    "encode",
    "plan_batches",
    "shuffled_batches",
]

Bools = npt.NDArray[np.bool_]
Int64s = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """Tokenised texts, laid end to end.

    tokens: int64 [all tokens]; text i is tokens[starts[i]:starts[i + 1]].
    targets: what is to be learnt of each text, [texts, ...]; the kind of task says in which form.
    fields: float32 [texts, width], or None where the model reads text alone.
    unread: int64 [texts], tokens beyond the limit that were cut.
    unknown: share of the tokens, in [0, 1], that the vocabulary lacks.
    windows: int64 [texts + 1] where long texts are read in windows: text i has the rows windows[i] to windows[i + 1] of
        `starts`; None where a row is a text.
    kept: bool [all tokens], those that speak for their text where a word is to be tagged once, though two windows hold
        it (`scoring.windows.kept_stretches`); None where a row is a text.
    vectors: float32 [texts, hidden], what the encoder says of each text, where it was asked before and stays as it is.
    """

    tokens: Int64s
    starts: Int64s
    targets: npt.NDArray[Any]
    fields: Float32s | None
    unread: Int64s
    unknown: float = 0.0
    vectors: Float32s | None = None
    windows: Int64s | None = None
    kept: Bools | None = None

    def __len__(self) -> int:
        return len(self.unread)

    @property
    def lengths(self) -> Int64s:
        """Tokens a text, int64 [texts]; in windows, those of all of its windows, each as long as the longest."""
        rows = np.diff(self.starts)
        if self.windows is None:
            return rows
        return np.maximum.reduceat(rows, self.windows[:-1]) * np.diff(self.windows)


@dataclass(frozen=True)
class Batch:
    """One padded batch: ids and mask int64 [rows, tokens], targets [texts, ...], fields, vectors float32 or None.

    owners: int64 [rows], the text of each row, where rows are windows; kept: bool [rows, tokens], those that speak for
        their text. Both None where a row is a text.
    """

    input_ids: Int64s
    attention_mask: Int64s
    targets: npt.NDArray[Any]
    fields: Float32s | None
    vectors: Float32s | None = None
    owners: Int64s | None = None
    kept: Bools | None = None


def encode(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    targets: npt.NDArray[Any],
    *,
    max_tokens: int,
    fields: FieldEncoder | None = None,
    windows: Windows | None = None,
) -> Encoded:
    """Clean and tokenise all examples; sets the tokenizer to cut at `max_tokens` and not to pad.

    targets: what is to be learnt of each example, in their order. windows: how longer texts are read; None cuts them.
    """
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # as in scoring: "[SEP]" in a text is plain characters
    tokenizer.enable_truncation(max_tokens, stride=windows.overlap if windows else 0)
    cut = kept = None
    if windows is not None:
        encodings, unread, cut, kept = _in_windows(examples, tokenizer, windows)
    else:
        encodings, unread = _tokenise(examples, tokenizer, max_tokens)
    starts = np.concatenate([[0], np.cumsum([len(encoding.ids) for encoding in encodings])]).astype(np.int64)
    tokens = np.fromiter((token for encoding in encodings for token in encoding.ids), np.int64, count=int(starts[-1]))
    rows = fields.encode([ex.fields for ex in examples]) if fields is not None else None
    beyond, unknown = np.array(unread, dtype=np.int64), _unknown_share(tokens, tokenizer)
    return Encoded(tokens, starts, targets, rows, beyond, unknown, windows=cut, kept=kept)


def plan_batches(lengths: Int64s, budget: int, *, order: Int64s | None = None) -> list[Int64s]:
    """Cut texts into batches of like length, each of at most `budget` tokens, padding included (at least one text).

    lengths: int64 [texts]. order: the order in which texts of one length are taken; as given when None.
    Every order gives the same number of batches, so a step count is known before training.
    """
    taken = np.arange(len(lengths)) if order is None else order
    by_length = taken[np.argsort(lengths[taken], kind="stable")]
    batches: list[Int64s] = []
    start = 0
    for place, text in enumerate(by_length):
        if place > start and int(lengths[text]) * (place - start + 1) > budget:
            batches.append(by_length[start:place])
            start = place
    if len(by_length):
        batches.append(by_length[start:])
    return batches


def shuffled_batches(lengths: Int64s, budget: int, *, seed: int, epoch: int) -> list[Int64s]:
    """The batches of one pass, in an order that depends on nothing but the seed and the number of the pass."""
    rng = np.random.default_rng([seed, epoch])
    batches = plan_batches(lengths, budget, order=rng.permutation(len(lengths)))
    return [batches[place] for place in rng.permutation(len(batches))]


def collate(encoded: Encoded, texts: Int64s, *, padding: int) -> Batch:
    """Lay the chosen texts out as one rectangle, filled with the `padding` token id at the right."""
    at, owners = texts, None
    if encoded.windows is not None:
        counts = np.diff(encoded.windows)[texts]
        owners = np.repeat(np.arange(len(texts)), counts)
        at = np.concatenate([np.arange(encoded.windows[text], encoded.windows[text + 1]) for text in texts])
    lengths = np.diff(encoded.starts)[at]
    mask = np.arange(int(lengths.max())) < lengths[:, None]
    ids = np.full(mask.shape, padding, dtype=np.int64)
    own = np.concatenate([np.arange(encoded.starts[row], encoded.starts[row + 1]) for row in at])
    ids[mask] = encoded.tokens[own]
    kept = None
    if encoded.kept is not None:
        kept = np.zeros(mask.shape, dtype=np.bool_)
        kept[mask] = encoded.kept[own]
    rows = encoded.fields[texts] if encoded.fields is not None else None
    vectors = encoded.vectors[texts] if encoded.vectors is not None else None
    return Batch(ids, mask.astype(np.int64), encoded.targets[texts], rows, vectors, owners, kept)


def _tokenise(examples: Sequence[Example], tokenizer: Tokenizer, max_tokens: int) -> tuple[list[Encoding], list[int]]:
    """Encodings, and how many tokens of each text were cut. Where one example has a second text, all take that way."""
    texts = [clean(ex.text).text for ex in examples]
    if any(ex.pair for ex in examples):
        pairs = [clean(ex.pair).text for ex in examples]
        both = [encode_pair(tokenizer, text, pair, max_tokens) for text, pair in zip(texts, pairs, strict=True)]
        return [encoding for encoding, _ in both], [cut for _, cut in both]
    encodings = tokenizer.encode_batch_fast(texts)
    special = tokenizer.num_special_tokens_to_add(False)
    return encodings, [sum(len(piece.ids) - special for piece in encoding.overflowing) for encoding in encodings]


def _in_windows(
    examples: Sequence[Example], tokenizer: Tokenizer, windows: Windows
) -> tuple[list[Encoding], list[int], Int64s, Bools]:
    """Every window of every text, how many tokens of each text lie in none, which windows are whose, and which tokens
    speak for their text.
    """
    special = tokenizer.num_special_tokens_to_add(False)
    encodings = tokenizer.encode_batch([clean(ex.text).text for ex in examples])
    cuts = [cut_windows(encoding, windows, special) for encoding in encodings]
    starts = np.concatenate([[0], np.cumsum([len(pieces) for pieces, _ in cuts])]).astype(np.int64)
    kept = [
        (np.arange(len(piece)) >= first) & (np.arange(len(piece)) < last)
        for pieces, _ in cuts
        for piece, (first, last) in zip(pieces, kept_stretches(pieces, windows.overlap), strict=True)
    ]
    encodings = [piece for pieces, _ in cuts for piece in pieces]
    return encodings, [unread for _, unread in cuts], starts, np.concatenate(kept)


def _unknown_share(tokens: Int64s, tokenizer: Tokenizer) -> float:
    name = getattr(tokenizer.model, "unk_token", None)
    unknown = tokenizer.token_to_id(name) if name is not None else None
    return float(np.mean(tokens == unknown)) if unknown is not None and len(tokens) else 0.0
