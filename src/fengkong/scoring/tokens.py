"""From clean texts to token ids, cut to what the model can read, counting what it can't."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tokenizers import Encoding, Tokenizer

from fengkong.domain.errors import BundleError
from fengkong.scoring.pairs import encode_pair
from fengkong.scoring.windows import Windows, cut_windows, stitched_offsets
from fengkong.scoring.words import Words, align

__all__ = ["Tokeniser", "Tokens"]

_CHARACTERS_PER_TOKEN = 32
"""A text longer than this for each token of the limit is first tried by its beginning alone."""
_PAD_NAMES = ("[PAD]", "<pad>")


class Tokens(NamedTuple):
    """The ids that the model reads, special ones included, and how many more the text would have had."""

    ids: list[int]
    unread: int


class Tokeniser:
    """A `tokenizers` vocabulary behind a length limit. Safe to share between threads.

    The names of special tokens in a text ("[SEP]", "[MASK]") are read as the plain characters that they are, so
    no writer can steer the model with them.

    pad: the token id that fills batches. vocabulary: how many tokens there are.
    """

    def __init__(
        self,
        tokenizer_json: bytes,
        max_tokens: int,
        *,
        windows: Windows | None = None,
        where: str = "tokenizer.json",
    ) -> None:
        """windows: how a longer text is cut by `encode_windows`. Raises BundleError for bytes that are no tokenizer."""
        try:
            # Checked as JSON first: the library answers some malformed input with a panic.
            json.loads(tokenizer_json)
            self._tokenizer = Tokenizer.from_buffer(tokenizer_json)
            self._tokenizer.encode_special_tokens = True
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(max_tokens, stride=windows.overlap if windows else 0)
        except Exception as error:
            raise BundleError("the tokenizer can't be read", where=where, cure="export the model again") from error
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._max_tokens = max_tokens
        self._windows = windows
        self._head = max_tokens * _CHARACTERS_PER_TOKEN
        self.pad = next((i for name in _PAD_NAMES if (i := self._tokenizer.token_to_id(name)) is not None), 0)
        self.vocabulary = self._tokenizer.get_vocab_size()

    def encode(self, texts: Sequence[str], pairs: Sequence[str] = ()) -> list[Tokens]:
        """The tokens of each text, in order. `unread` is exact but for very long texts, where it is estimated.

        pairs: a second text for each, "" where there is none; see `encode_pair` for how two are cut.

        A text of more than 32 characters for each token of the limit is read from its beginning, as far as
        needed to fill the model twice over; the tokens of the rest are reckoned at the same density. So a
        megabyte of words costs milliseconds, and the ids are those of the whole text.
        """
        if any(pairs):
            return [
                self._pair(text, pair) if pair else self.encode([text])[0]
                for text, pair in zip(texts, pairs, strict=True)
            ]
        return [
            Tokens(encoding.ids, unread) for encoding, unread in self._read(texts, self._tokenizer.encode_batch_fast)
        ]

    def encode_words(self, texts: Sequence[str]) -> tuple[list[tuple[list[Encoding], int]], Words]:
        """The windows of each text (one, where it is cut) as `encode_windows` gives them, and the text's words.

        The token that leads a word is counted along the kept tokens of all windows, end to end (`kept_stretches`).
        """
        if self._windows is not None:
            cuts, overlap = self.encode_windows(texts), self._windows.overlap
        else:
            read = self._read(texts, self._tokenizer.encode_batch)  # the fast one doesn't say where tokens stand
            cuts, overlap = [([encoding], unread) for encoding, unread in read], 0
        return cuts, align(texts, [stitched_offsets(pieces, overlap) for pieces, _ in cuts])

    def encode_windows(self, texts: Sequence[str]) -> list[tuple[list[Encoding], int]]:
        """The windows of each text, and how many of its tokens lie in none (estimated for very long texts)."""
        if self._windows is None:
            raise ValueError("this tokeniser was made without windows")
        head = self._head * self._windows.most
        encodings = self._tokenizer.encode_batch([text[:head] for text in texts])
        cuts = [cut_windows(encoding, self._windows, self._special) for encoding in encodings]
        return [
            (pieces, unread + round(max(0, len(text) - head) * (sum(map(len, pieces)) + unread) / head))
            for text, (pieces, unread) in zip(texts, cuts, strict=True)
        ]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before it is cut, special ones included."""
        return [len(tokens.ids) + tokens.unread for tokens in self.encode(texts)]

    def _read(
        self, texts: Sequence[str], encode_batch: Callable[[list[str]], list[Encoding]]
    ) -> list[tuple[Encoding, int]]:
        """The encoding of each text, and how many more tokens it would have had."""
        encodings = iter(encode_batch([text for text in texts if len(text) <= self._head]))
        return [
            (encoding := next(encodings), self._beyond(encoding)) if len(text) <= self._head else self._long(text)
            for text in texts
        ]

    def _beyond(self, encoding: Encoding) -> int:
        return sum(len(rest) - self._special for rest in encoding.overflowing)

    def _pair(self, text: str, pair: str) -> Tokens:
        encoding, unread = encode_pair(self._tokenizer, text[: self._head], pair[: self._head], self._max_tokens)
        read = min(len(text), self._head) + min(len(pair), self._head)
        beyond = len(text) + len(pair) - read
        return Tokens(encoding.ids, unread + round(beyond * (len(encoding.ids) + unread) / max(1, read)))

    def _long(self, text: str) -> tuple[Encoding, int]:
        size = self._head
        # One whole piece of overflow beyond the cut: a word cut in two at `size` can't reach what is read.
        while len((encoding := self._tokenizer.encode(text[:size])).overflowing) < 2 and size < len(text):
            size *= 4
        unread = self._beyond(encoding)
        beyond = max(0, len(text) - size)
        density = (len(encoding.ids) - self._special + unread) / size
        return encoding, unread + round(beyond * density)
