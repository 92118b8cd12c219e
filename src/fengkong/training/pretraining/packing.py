"""Documents become rows of one length, packed end to end, so that no step is spent on padding.

A row may hold the end of one document and the beginning of the next, with the token between them that ends a text
(RoBERTa's "full sentences", Liu et al. 2019, where that did as well as rows that stop at the end of a document).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from fengkong.domain.errors import InputError
from fengkong.training.encoding import Int64s

__all__ = ["MOST_HELD_OUT_ROWS", "Packed", "Tokenised", "hold_out", "pack", "row_order", "tokenise"]

FEWEST_TOKENS = 8
"""A shorter document leaves hardly a context to guess a word from."""
HELD_OUT_SHARE = 0.02
MOST_HELD_OUT_ROWS = 128
CHUNK = 512
HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))


@dataclass(frozen=True)
class Tokenised:
    """One document: its tokens, int32, and at which of them a word or a Han character begins, bool; both [tokens]."""

    tokens: npt.NDArray[np.int32]
    begins: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Packed:
    """Rows of one length, without padding.

    tokens: int32 [rows, length]. units: uint16 [rows, length], the number, from 1, of the word or Han character in its
    row that a token is part of; 0 for special tokens.
    """

    tokens: npt.NDArray[np.int32]
    units: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, rows: int) -> "Packed":
        """At most so many rows of it."""
        return Packed(self.tokens[:rows], self.units[:rows])

    @property
    def length(self) -> int:
        """Tokens a row."""
        return int(self.tokens.shape[1])


def tokenise(texts: Sequence[str], tokenizer: Tokenizer) -> list[Tokenised]:
    """Each clean text as tokens, nothing cut and nothing added; texts under eight tokens are left out.

    Raises InputError where all texts are that short, or there is none.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True  # as in scoring: "[SEP]" in a text is plain characters
    docs = []
    for start in range(0, len(texts), CHUNK):
        chunk = list(texts[start : start + CHUNK])
        encodings = tokenizer.encode_batch(chunk, add_special_tokens=False)
        docs += [_units(text, encoding) for text, encoding in zip(chunk, encodings, strict=True)]
    long_enough = [doc for doc in docs if len(doc.tokens) >= FEWEST_TOKENS]
    if not long_enough:
        raise InputError(
            f"no document has {FEWEST_TOKENS} tokens or more" if docs else "the corpus holds no text",
            received=f"{len(docs):,} documents",
            cure="give running text, a document a row",
        )
    return long_enough


def _units(text: str, encoding: Encoding) -> Tokenised:
    """Where units begin: at each word of the tokenizer's, and at each Han character, whatever it calls a word.

    Byte-level tokenizers take a whole Chinese sentence for one word, and write one character with several tokens.
    """
    tokens = np.array(encoding.ids, dtype=np.int32)
    if not len(tokens):
        return Tokenised(tokens, np.zeros(0, dtype=np.bool_))
    words = np.array([-1 if word is None else word for word in encoding.word_ids])
    starts = np.array([start for start, _ in encoding.offsets])
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)[np.minimum(starts, len(text) - 1)]
    han = np.logical_or.reduce([(codes >= first) & (codes <= last) for first, last in HAN])
    begins = np.ones(len(tokens), dtype=np.bool_)
    begins[1:] = (words[1:] != words[:-1]) | ((starts[1:] != starts[:-1]) & (han[1:] | han[:-1]))
    return Tokenised(tokens, begins)


def hold_out(docs: Sequence[Tokenised], length: int, *, seed: int) -> tuple[list[Tokenised], list[Tokenised]]:
    """The documents to learn from, and those held out: a fiftieth of them, or as many as fill 128 rows if fewer.

    Raises InputError where there is one document alone.
    """
    if len(docs) < 2:
        raise InputError(
            "there is one document alone, so none can be held out to measure on",
            cure="give more, or part a plain text by blank lines",
        )
    order = np.random.default_rng(seed).permutation(len(docs))
    sizes = np.cumsum([len(docs[at].tokens) for at in order])
    enough = int(np.searchsorted(sizes, MOST_HELD_OUT_ROWS * length)) + 1
    held = set(order[: max(1, min(enough, round(HELD_OUT_SHARE * len(docs))))].tolist())
    return [doc for at, doc in enumerate(docs) if at not in held], [docs[at] for at in sorted(held)]


def pack(docs: Sequence[Tokenised], tokenizer: Tokenizer, length: int) -> Packed:
    """Lay documents end to end and cut them into rows of `length` tokens, what stands around a text included.

    The last tokens, too few for a row, are left out; where they are all, the one row is as long as they are.
    """
    before, after = _surroundings(tokenizer)
    gap, none = np.array(after, dtype=np.int32), np.zeros(len(after), dtype=np.bool_)
    tokens = np.concatenate([part for doc in docs for part in (doc.tokens, gap)])
    begins = np.concatenate([part for doc in docs for part in (doc.begins, none)])
    words = np.concatenate([part for doc in docs for part in (np.ones_like(doc.begins), none)])
    room = min(length - len(before) - len(after), len(tokens))
    rows = len(tokens) // room
    inner, starts, within = (part[: rows * room].reshape(rows, room) for part in (tokens, begins, words))
    starts[:, 0] = within[:, 0]  # a word that two rows share is a unit in each
    units = np.where(within, np.cumsum(starts, axis=1), 0)
    sides = ((0, 0), (len(before), len(after)))
    around = [np.tile(np.array(side, dtype=np.int32), (rows, 1)) for side in (before, after)]
    return Packed(np.hstack([around[0], inner, around[1]]), np.pad(units, sides).astype(np.uint16))


def _surroundings(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    encoding = tokenizer.encode("a")
    mask = encoding.special_tokens_mask
    first = mask.index(0)
    last = len(mask) - mask[::-1].index(0)
    return encoding.ids[:first], encoding.ids[last:]


def row_order(rows: int, epoch: int, *, seed: int) -> Int64s:
    """The order of rows in one pass, which depends on nothing but the seed and the number of the pass."""
    return np.random.default_rng([seed, epoch]).permutation(rows)
