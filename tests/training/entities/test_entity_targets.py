"""Spans of the original text become tags of the right tokens, whatever cleaning did to the text."""

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.text.cleaning import clean
from fengkong.training.entities.targets import NO_TAG, clean_spans, tag_tokens

TYPES = ("LOC", "ORG")


def tokenizer() -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "acme", "ac", "##me", "bank", "##s", "fell", "in", "rome", "美", "国"]
    made = Tokenizer(WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def example(text: str, *named: tuple[str, str]) -> Example:
    spans = tuple(Span(at, at + len(words), words, kind) for words, kind in named if (at := text.index(words)) >= 0)
    return Example(text, "", entities=spans)


def tags(ex: Example, max_tokens: int = 12) -> list[int]:
    return [int(tag) for tag in tag_tokens([ex], tokenizer(), TYPES, max_tokens).tags[0]]


def test_the_first_sub_word_bears_the_tag() -> None:
    found = tags(example("Acme banks fell in Rome", ("Acme banks", "ORG"), ("Rome", "LOC")))
    # [CLS] acme bank ##s fell in rome [SEP]
    assert found[:8] == [NO_TAG, 3, 4, NO_TAG, 0, 0, 1, NO_TAG]
    assert set(found[8:]) == {NO_TAG}


def test_chinese_is_tagged_by_the_character() -> None:
    assert tags(example("在美国fell", ("美国", "LOC")))[:6] == [NO_TAG, 0, 1, 2, 0, NO_TAG]


def test_two_entities_side_by_side_stay_two() -> None:
    assert tags(example("acme bank", ("acme", "ORG"), ("bank", "ORG")))[1:3] == [3, 3]


def test_cleaning_moves_the_text_and_the_tags_with_it() -> None:
    # Full-width letters, a zero-width blank within the name, a mask before it, a run of blanks.
    text = "call 13800138000  \u200bＡc\u200bme   bank fell"
    start = text.index("Ａ")
    ex = Example(text, "", entities=(Span(start, text.index(" fell"), "", "ORG"),))
    cleaned = clean(text)
    assert "[PHONE]" in cleaned.text
    assert [cleaned.text[a:b] for a, b in filter(None, clean_spans(cleaned, ex.entities or ()))] == ["Acme bank"]
    found = tag_tokens([ex], tokenizer(), TYPES, 16)
    words = [tag for tag in found.tags[0] if tag != NO_TAG]
    assert words == [0, 0, 3, 4, 0]
    assert (found.unread, found.widened) == (0, 0)


def test_what_tags_cannot_say_is_counted() -> None:
    within = example("acmebank fell", ("bank", "ORG"))  # one word
    gone = Example("acme \u200b\u200b fell", "", entities=(Span(5, 7, "", "ORG"),))
    beyond = example("fell fell fell fell fell acme", ("acme", "ORG"))
    found = tag_tokens([within, gone, beyond], tokenizer(), TYPES, 5)
    assert (found.widened, found.unread) == (1, 2)
    assert found.tags[0, 1] == 3
    assert not (found.tags[1:] > 0).any()


def test_no_entities_and_no_words() -> None:
    found = tag_tokens([example("acme fell"), example("")], tokenizer(), TYPES, 6)
    assert found.tags.tolist() == [[NO_TAG, 0, 0, NO_TAG, NO_TAG, NO_TAG], [NO_TAG] * 6]
