"""Which tokens of overlapping windows speak for a text: each once, and each where it has the most context."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from fengkong.scoring.windows import Windows, cut_windows, kept_stretches, stitched_offsets

WORDS = [f"w{number}" for number in range(40)]


def tokenizer(*, special: bool) -> Tokenizer:
    names = ["[UNK]", "[CLS]", "[SEP]", *WORDS]
    made = Tokenizer(models.WordLevel({name: at for at, name in enumerate(names)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if special:
        made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return made


@settings(deadline=None, max_examples=60)
@given(words=st.integers(0, 40), most=st.integers(2, 12), overlap=st.integers(0, 5), special=st.booleans())
def test_end_to_end_they_are_what_was_read_and_nothing_twice(
    words: int, most: int, overlap: int, special: bool
) -> None:
    text, made = " ".join(WORDS[:words]), tokenizer(special=special)
    made.enable_truncation(10, stride=overlap)
    extra = made.num_special_tokens_to_add(False)
    windows = Windows(most=most, overlap=overlap, pooling="mean")
    pieces, unread = cut_windows(made.encode(text), windows, extra)
    offsets = [(a, b) for a, b in stitched_offsets(pieces, overlap) if b > a]
    assert [text[a:b] for a, b in offsets] == WORDS[: words - unread]
    for place, (piece, (first, last)) in enumerate(zip(pieces, kept_stretches(pieces, overlap), strict=True)):
        own = [at for at, mark in enumerate(piece.special_tokens_mask) if not mark]
        # Half of what is shared lies between what is kept and an edge that is not the text's own.
        assert place == 0 or first - own[0] == overlap // 2
        assert place == len(pieces) - 1 or own[-1] + 1 - last == overlap - overlap // 2
