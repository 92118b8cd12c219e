"""From the spans of an example to the tag of each token: the first token of a word bears the word's tag.

Spans are of the original text, tokens of the clean one; what cleaning rewrote is mapped there and back as a whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.scoring.windows import Windows, cut_windows, stitched_offsets
from fengkong.scoring.words import Words, align
from fengkong.text.alignment import CleanText
from fengkong.text.cleaning import clean

__all__ = ["NO_TAG", "Tagged", "clean_spans", "tag_tokens"]

NO_TAG = -100
"""What stands for a token that bears no tag: special tokens, sub-words after the first, padding."""


class Tagged(NamedTuple):
    """The tags of many texts, and what of the entities they can't say.

    tags: int16 [texts, tokens], as many as the longest text can have; NO_TAG where a token bears none.
    unread: entities with no word that is read. widened: entities that begin or end within a word, so that a bit more
    than them is learnt.
    """

    tags: NDArray[np.int16]
    unread: int
    widened: int


def tag_tokens(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    types: Sequence[str],
    max_tokens: int,
    windows: Windows | None = None,
) -> Tagged:
    """The tags (in the order of `tag_names`) of all examples, tokenised as they are for training.

    windows: how longer texts are read; their tokens are then those that the windows keep, end to end.
    The tokenizer is left set to cut at `max_tokens` and not to pad. An example without entities (None) has O all over.
    Raises KeyError for a type that is not among `types`.
    """
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    tokenizer.enable_truncation(max_tokens, stride=windows.overlap if windows else 0)
    cleans = [clean(ex.text) for ex in examples]
    encodings = tokenizer.encode_batch([one.text for one in cleans])
    offsets, longest = [encoding.offsets for encoding in encodings], max_tokens
    if windows is not None:
        special = tokenizer.num_special_tokens_to_add(False)
        cuts = [cut_windows(encoding, windows, special)[0] for encoding in encodings]
        offsets = [stitched_offsets(pieces, windows.overlap) for pieces in cuts]
        longest = max(map(len, offsets), default=0)
    words = align([one.text for one in cleans], offsets)
    begin = {name: 1 + 2 * place for place, name in enumerate(types)}
    tags = np.zeros(len(words.text), dtype=np.int16)
    bounds = np.searchsorted(words.text, np.arange(len(examples) + 1))
    unread = widened = 0
    for ex, one, first, last in zip(examples, cleans, bounds[:-1], bounds[1:], strict=True):
        starts, ends = words.start[first:last].tolist(), words.end[first:last].tolist()
        free = 0  # of two entities in one word the first has it
        for entity, span in zip(ex.entities or (), clean_spans(one, ex.entities or ()), strict=True):
            if span is None or (a := max(free, bisect_right(ends, span[0]))) >= (b := bisect_left(starts, span[1])):
                unread += 1
                continue
            widened += starts[a] < span[0] or ends[b - 1] > span[1]
            tags[first + a] = begin[entity.label]
            tags[first + a + 1 : first + b] = begin[entity.label] + 1
            free = b
    return Tagged(_table(words, tags, len(examples), longest), unread, widened)


def clean_spans(cleaned: CleanText, spans: Sequence[Span]) -> list[tuple[int, int] | None]:
    """Where spans of the original text stand in the clean one, without blanks at their ends; None where nothing of one
    was kept. Of what cleaning rewrote as a whole, the whole.
    """
    text, found = cleaned.text, [(span.start, span.end) for span in spans]
    if spans and (cleaned.edits or cleaned.earlier):
        behind = [cleaned.original_span(at, at + 1) for at in range(len(text))]
        starts, ends = [start for start, _ in behind], [end for _, end in behind]
        found = [(bisect_right(ends, start), bisect_left(starts, end)) for start, end in found]
    return [_trimmed(text, start, end) for start, end in found]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    inner = text[start:end].strip()
    if not inner:
        return None
    start += text[start:end].index(inner)
    return start, start + len(inner)


def _table(words: Words, tags: NDArray[np.int16], texts: int, tokens: int) -> NDArray[np.int16]:
    table = np.full((texts, tokens), NO_TAG, dtype=np.int16)
    table[words.text, words.lead] = tags
    return table
