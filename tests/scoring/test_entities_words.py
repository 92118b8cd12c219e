"""Words and the tokens that speak for them, whatever the tokenizer does."""

import pytest
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, Unigram, WordPiece
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

from fengkong.scoring.words import align, word_spans

TEXTS = ["Acme-Bank's $3.5bn", "腾讯收购Zoox公司", "", "[PHONE] rang, 三 times"]


def wordpiece() -> Tokenizer:
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *"abcdefghijklmnopqrstuvwxyz0123456789$.,'-[]",
        "腾",
        "讯",
        "公",
        "司",
    ]
    pieces += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    tokenizer = Tokenizer(WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TEXTS, BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), vocab_size=256)
    )
    return tokenizer


def sentencepiece() -> Tokenizer:
    letters = sorted({letter for text in TEXTS for letter in text} - {" "})
    pieces = [("<unk>", 0.0), ("▁", -2.0), ("腾讯收", -1.0), ("▁times", -1.0), *((letter, -5.0) for letter in letters)]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


@pytest.mark.parametrize("make", [wordpiece, byte_level, sentencepiece])
def test_each_word_is_led_by_the_token_at_its_beginning(make: object) -> None:
    tokenizer: Tokenizer = make()  # type: ignore[operator]
    encodings = tokenizer.encode_batch(TEXTS)
    words = align(TEXTS, [encoding.offsets for encoding in encodings])
    read: list[list[str]] = [[] for _ in TEXTS]
    for text, start, end, lead in zip(*words, strict=True):
        read[text].append(TEXTS[text][start:end])
        offsets = encodings[text].offsets
        assert offsets[lead][0] < end
        assert offsets[lead][1] > start
        assert not any(start < begin < end or begin > start for begin, _ in offsets[:lead])
    assert read[0] == ["Acme", "-", "Bank", "'", "s", "$", "3", ".", "5bn"]
    assert read[2] == []
    assert read[3] == ["[PHONE]", "rang", ",", "三", "times"]
    if make is sentencepiece:
        assert read[1] == ["腾讯收", "购", "Zoox", "公", "司"]
    else:
        assert read[1] == ["腾", "讯", "收", "购", "Zoox", "公", "司"]


def test_words_beyond_the_length_limit_are_left_out() -> None:
    tokenizer = wordpiece()
    tokenizer.enable_truncation(6)
    words = align(TEXTS, [encoding.offsets for encoding in tokenizer.encode_batch(TEXTS)])
    assert [TEXTS[1][start:end] for text, start, end, _ in zip(*words, strict=True) if text == 1] == [
        "腾",
        "讯",
        "收",
        "购",
    ]
    assert all(lead < 5 for lead in words.lead)


def test_no_texts_and_texts_without_words() -> None:
    assert len(align([], []).text) == 0
    assert len(align(["  "], [[(0, 0), (0, 0)]]).text) == 0


def test_a_word_is_a_han_character_a_run_a_mask_or_a_sign() -> None:
    text = "见[CARD]和a_b：３"
    assert [text[start:end] for start, end in word_spans(text)] == ["见", "[CARD]", "和", "a", "_", "b", "：", "３"]
