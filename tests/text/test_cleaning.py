from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import InputError
from fengkong.text import clean, mask_identifiers, normalise

NASTY = (
    "aAbеоаΑ１Ａ①½²™ﬁ㎡ｶﾞ\u0301\u0323\u0336\u200b\u202e\ufeff\x00\t\n\r \u3000\xa0\ud83d\udc00裝貸發髮"
    "，。：（）…¨ℵ가\u1100\u1161\u11a83·⒈⑴Ⅳ￥＠－．−‐–@.+-_/()[]0123456789XxGB\U0001d400\U000e0041\U0001f600٣"
)
TEXTS = st.one_of(st.text(), st.text(alphabet=NASTY), st.text(alphabet=st.characters(exclude_categories=())))
IDS = st.sampled_from(
    ["13812345678", "+86 138-1234-5678", "11010519491231002X", "4111 1111 1111 1111", "a.b@x.com", "010-65529988"]
)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text).text
    assert clean(once).text == once


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(IDS, st.text(alphabet=NASTY, max_size=4)), max_size=8))
def test_masking_twice_changes_nothing_more(parts: list[str]) -> None:
    once = clean("".join(parts)).text
    assert clean(once).text == once


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(IDS, TEXTS), max_size=5))
def test_spans_lead_back_in_bounds_and_in_order(parts: list[str]) -> None:
    original = " ".join(parts)
    cleaned = clean(original)
    spans = [cleaned.original_span(at, at + 1) for at in range(len(cleaned.text))]
    assert all(0 <= start < end <= len(original) for start, end in spans)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(spans))
    end = cleaned.original_span(len(cleaned.text), len(cleaned.text))
    assert 0 <= end[0] == end[1] <= len(original)


def test_a_span_holds_what_was_behind_it() -> None:
    original = "Ｌｏａｎ\u200b of  ½ ﬁrm, call １３８１２３４５６７８!"
    cleaned = clean(original)
    assert cleaned.text == "Loan of 1/2 firm, call [PHONE]!"

    def behind(word: str) -> str:
        at = cleaned.text.index(word)
        start, end = cleaned.original_span(at, at + len(word))
        return original[start:end]

    assert behind("Loan") == "Ｌｏａｎ"
    assert behind("1/2") == "½"
    assert behind("firm") == "ﬁrm"
    assert behind("i") == "ﬁ"
    assert behind("[PHONE]") == "１３８１２３４５６７８"
    assert behind("PHO") == "１３８１２３４５６７８"
    assert behind("!") == "!"
    assert behind("Loan of") == "Ｌｏａｎ\u200b of"


def test_clean_text_is_not_touched() -> None:
    text = "Income $45,000.00, DTI 12.5%, since 2023-11-23."
    assert clean(text).text == text
    assert clean(text).original_span(7, 14) == (7, 14)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 6)])
def test_a_span_outside_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="outside the clean text"):
        clean("a\tb c").original_span(*span)


def test_the_parts_of_cleaning_stand_alone() -> None:
    assert normalise("电话１３８１２３４５６７８").text == "电话13812345678"
    assert mask_identifiers("电话13812345678").text == "电话[PHONE]"


def test_every_character_is_cleaned_to_the_end_at_once() -> None:
    every = " ".join(map(chr, [*range(0x32400), *range(0xE0000, 0xE1000)]))
    once = clean(every).text
    assert clean(once).text == once
    once.encode()  # no half of a surrogate pair is left
