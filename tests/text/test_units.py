from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.text import units


def test_words_characters_numbers_and_masks() -> None:
    text = "I don't owe $1,000.50 (3.5%) since Q3; 月收入12000元，联系[PHONE]"
    words = "I|don't|owe|1,000.50|3.5%|since|Q3|月|收|入|12000|元|联|系|[PHONE]"
    assert [text[start:end] for start, end in units(text)] == words.split("|")


def test_a_number_and_its_word_are_two() -> None:
    assert [("36months")[start:end] for start, end in units("36months")] == ["36", "months"]


def test_nothing_but_punctuation_has_no_unit() -> None:
    assert units(" -- …！ ") == []


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_units_are_in_order_and_hold_every_letter_and_digit(text: str) -> None:
    spans = units(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    covered = {at for start, end in spans for at in range(start, end)}
    assert all(at in covered for at, char in enumerate(text) if char.isalpha() or char.isdecimal())
