"""From clean texts to token ids, cut to what the model can read, counting what it can't."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from tokenizers import Encoding, Tokenizer

from fengkong.domain.errors import BundleError

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

    def __init__(self, tokenizer_json: bytes, max_tokens: int, *, where: str = "tokenizer.json") -> None:
        """Raises BundleError when the bytes are not a tokenizer."""
        try:
            # Checked as JSON first: the library answers some malformed input with a panic.
            json.loads(tokenizer_json)
            self._tokenizer = Tokenizer.from_buffer(tokenizer_json)
            self._tokenizer.encode_special_tokens = True
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(max_tokens)
        except Exception as error:
            raise BundleError("the tokenizer can't be read", where=where, cure="export the model again") from error
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._head = max_tokens * _CHARACTERS_PER_TOKEN
        self.pad = next((i for name in _PAD_NAMES if (i := self._tokenizer.token_to_id(name)) is not None), 0)
        self.vocabulary = self._tokenizer.get_vocab_size()

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, in order. `unread` is exact but for very long texts, where it is estimated.

        A text of more than 32 characters for each token of the limit is read from its beginning, as far as
        needed to fill the model twice over; the tokens of the rest are reckoned at the same density. So a
        megabyte of words costs milliseconds, and the ids are those of the whole text.
        """
        short = [text for text in texts if len(text) <= self._head]
        encodings = iter(self._tokenizer.encode_batch_fast(short))
        return [self._tokens(next(encodings)) if len(text) <= self._head else self._long(text) for text in texts]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before it is cut, special ones included."""
        return [len(tokens.ids) + tokens.unread for tokens in self.encode(texts)]

    def _tokens(self, encoding: Encoding) -> Tokens:
        return Tokens(encoding.ids, sum(len(rest) - self._special for rest in encoding.overflowing))

    def _long(self, text: str) -> Tokens:
        size = self._head
        # One whole piece of overflow beyond the cut: a word cut in two at `size` can't reach what is read.
        while len((encoding := self._tokenizer.encode(text[:size])).overflowing) < 2 and size < len(text):
            size *= 4
        ids, unread = self._tokens(encoding)
        beyond = max(0, len(text) - size)
        density = (len(ids) - self._special + unread) / size
        return Tokens(ids, unread + round(beyond * density))
