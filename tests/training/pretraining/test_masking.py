"""Hiding words: how many, behind what, together, and as the seed says."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from fengkong.domain.errors import BaseModelError
from fengkong.training.pretraining.masking import Masker
from fengkong.training.pretraining.packing import Packed, pack, tokenise


@pytest.fixture
def tokenizer(bert):
    return Tokenizer.from_file(str(bert / "tokenizer.json"))


@pytest.fixture
def packed(tokenizer, texts):
    return pack(tokenise(texts * 20, tokenizer), tokenizer, 32)


def test_shares_are_those_of_bert(packed, tokenizer):
    rows = np.arange(len(packed))
    masked = Masker(tokenizer, name="bert").mask(packed, rows, seed=[1])
    original = packed.tokens[rows]
    shown, meant = masked.input_ids[masked.hidden], original[masked.hidden]
    assert masked.hidden.sum() / (packed.units > 0).sum() == pytest.approx(0.15, abs=0.01)
    assert (masked.targets == meant).all()
    assert (shown == tokenizer.token_to_id("[MASK]")).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown == meant).mean() == pytest.approx(0.1, abs=0.03)
    assert (masked.input_ids == original)[~masked.hidden].all()


def test_special_tokens_are_neither_hidden_nor_put_in_a_words_place(packed, tokenizer):
    masked = Masker(tokenizer, name="bert").mask(packed, np.arange(len(packed)), seed=[2])
    special = [tokenizer.token_to_id(name) for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
    assert not masked.hidden[packed.units == 0].any()
    assert not np.isin(masked.input_ids[masked.hidden], special).any()


def test_the_tokens_of_a_unit_are_hidden_together(tokenizer):
    units = np.repeat(np.arange(1, 11, dtype=np.uint16), 3)[None].repeat(50, axis=0)
    hidden = Masker(tokenizer, name="bert").mask(Packed(units.astype(np.int32), units), np.arange(50), seed=[3]).hidden
    threes = hidden.reshape(50, 10, 3)
    assert threes.any()
    assert (threes.all(axis=2) == threes.any(axis=2)).all()


def test_another_step_hides_other_words_and_the_same_one_the_same(packed, tokenizer):
    masker, rows = Masker(tokenizer, name="bert"), np.arange(8)
    first, again, other = (masker.mask(packed, rows, seed=seed) for seed in ([1, 5], [1, 5], [1, 6]))
    assert (first.input_ids == again.input_ids).all()
    assert (first.hidden != other.hidden).any()


def test_at_least_one_token_is_hidden(tokenizer):
    packed = Packed(np.array([[7]], dtype=np.int32), np.array([[1]], dtype=np.uint16))
    masker = Masker(tokenizer, name="bert")
    assert all(masker.mask(packed, np.array([0]), seed=[seed]).hidden.sum() == 1 for seed in range(20))


def test_a_tokenizer_without_a_mask_is_refused(tiny_base):
    with pytest.raises(BaseModelError, match=r"tiny: the base's tokenizer has no token to hide a word behind"):
        Masker(Tokenizer.from_file(str(tiny_base / "tokenizer.json")), name="tiny")
