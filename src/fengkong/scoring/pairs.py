"""Two texts in one row of tokens: the same cut in training and in scoring."""

from tokenizers import Encoding, Tokenizer

__all__ = ["encode_pair"]


def encode_pair(tokenizer: Tokenizer, text: str, pair: str, max_tokens: int) -> tuple[Encoding, int]:
    """Both texts with the tokenizer's own special tokens between them, and how many tokens were cut.

    tokenizer: set to cut at `max_tokens`. The first text is cut before the second, which may take half of the room at
    most where both are long.
    """
    first = tokenizer.encode(text, add_special_tokens=False)
    second = tokenizer.encode(pair, add_special_tokens=False)
    lengths = [len(found) + sum(map(len, found.overflowing)) for found in (first, second)]
    room = max_tokens - tokenizer.num_special_tokens_to_add(True)
    kept_second = min(lengths[1], max(room - lengths[0], room // 2))
    kept_first = min(lengths[0], room - kept_second)
    first.truncate(kept_first)
    second.truncate(kept_second)
    return tokenizer.post_process(first, second), sum(lengths) - kept_first - kept_second
