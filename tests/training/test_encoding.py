"""Texts to token ids to batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.processors import BertProcessing

from fengkong.domain.documents import Example
from fengkong.scoring.tokens import Tokeniser
from fengkong.training.encoding import collate, encode, plan_batches, shuffled_batches


@pytest.fixture
def tokenizer(tiny_base):
    return Tokenizer.from_file(str(tiny_base / "tokenizer.json"))


def tokens_of(encoded, text):
    return encoded.tokens[encoded.starts[text] : encoded.starts[text + 1]].tolist()


def test_texts_are_cleaned_as_they_are_when_scored(tokenizer):
    disguised = Example("Ｕｒｇｅｎｔ ca\u200bsh", "bad")  # full-width letters, a zero-width space
    encoded = encode([disguised, Example("Urgent cash", "bad")], tokenizer, np.zeros(2), max_tokens=16)
    assert tokens_of(encoded, 0) == tokens_of(encoded, 1)


def test_a_cut_text_keeps_its_special_tokens_and_what_was_cut_is_counted(tokenizer):
    encoded = encode(
        [Example("loan " * 30, "a"), Example("loan " * 6, "a"), Example("", "a")], tokenizer, np.zeros(3), max_tokens=8
    )
    assert encoded.lengths.tolist() == [8, 8, 2]
    assert encoded.unread.tolist() == [24, 0, 0]
    assert tokens_of(encoded, 0) == tokens_of(encoded, 1)


def test_tokens_that_the_vocabulary_lacks_are_counted(tokenizer):
    encoded = encode([Example("loan xylophone", "a")], tokenizer, np.zeros(1), max_tokens=8)
    assert encoded.unknown == 0.25


def test_two_texts_stand_side_by_side_and_the_first_is_cut_before_the_second(tokenizer):
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    encoded = encode(
        [Example("loan " * 20, "a", pair="for a car"), Example("loan", "a", pair="house"), Example("loan", "a")],
        tokenizer,
        np.zeros(3),
        max_tokens=10,
    )
    words = [[tokenizer.id_to_token(token) for token in tokens_of(encoded, text)] for text in range(3)]
    assert words[0] == ["[CLS]", *["loan"] * 4, "[SEP]", "for", "a", "car", "[SEP]"]
    assert words[1] == ["[CLS]", "loan", "[SEP]", "house", "[SEP]"]
    assert encoded.unread.tolist() == [16, 0, 0]
    # A live text with its pair is read the same way.
    live = Tokeniser(tokenizer.to_str().encode(), 10).encode(["loan " * 20, "loan"], ["for a car", ""])
    assert live[0].ids == tokens_of(encoded, 0)
    assert live[0].unread == 16


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(16, 200), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_batches_hold_every_text_once_within_the_budget(lengths, budget, epoch):
    lengths = np.array(lengths, dtype=np.int64)
    batches = shuffled_batches(lengths, budget, seed=7, epoch=epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= budget for batch in batches)
    assert len(batches) == len(plan_batches(lengths, budget))


def test_order_follows_from_seed_and_pass_alone():
    lengths = np.full(50, 10, dtype=np.int64)

    def order(seed, epoch):
        return np.concatenate(shuffled_batches(lengths, 100, seed=seed, epoch=epoch)).tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_collate_pads_at_the_right_and_masks_the_padding(tokenizer):
    encoded = encode([Example("loan", "a"), Example("loan for a car", "b")], tokenizer, np.array([0, 1]), max_tokens=16)
    batch = collate(encoded, np.array([1, 0]), padding=9)
    assert batch.input_ids.shape == (2, 6)
    assert batch.input_ids[1, 3:].tolist() == [9, 9, 9]
    assert batch.attention_mask.tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert batch.targets.tolist() == [1, 0]
    assert batch.input_ids[0].tolist() == tokens_of(encoded, 1)
