"""Tokens and batches: nothing lost, nothing steered, nothing slow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import BundleError
from fengkong.scoring.packing import pack
from fengkong.scoring.tokens import Tokeniser


@pytest.fixture
def tokeniser(tiny_bundle) -> Tokeniser:
    return Tokeniser((tiny_bundle(seal_it=False) / "tokenizer.json").read_bytes(), 16)


def test_long_texts_read_the_same_beginning_as_short_ones(tokeniser: Tokeniser) -> None:
    beginning = "urgent loan is calm please "
    texts = [beginning * times for times in (1, 3, 10, 100, 40_000)]
    first, *others = tokeniser.encode(texts)
    assert (len(first.ids), first.unread) == (7, 0)
    assert {tuple(tokens.ids) for tokens in others} == {tuple(others[0].ids)}
    assert [tokens.unread for tokens in others[:2]] == [1, 36]
    assert others[2].unread == pytest.approx(486, rel=0.05)
    assert others[3].unread == pytest.approx(199_986, rel=0.01)
    assert tokeniser.lengths(texts[:3]) == [7, 17, 52]


@pytest.mark.parametrize("filler", [" " * 100_000, "x" * 100_000 + " ", "\n" * 3000])
def test_a_beginning_of_few_tokens_does_not_hide_what_follows(tokeniser: Tokeniser, filler: str) -> None:
    (tokens,) = tokeniser.encode([filler + "urgent"])
    (urgent,) = tokeniser.encode(["urgent"])
    assert urgent.ids[1] in tokens.ids
    assert tokens.unread == 0


def test_names_of_special_tokens_are_plain_text(tokeniser: Tokeniser) -> None:
    steered, *plain = tokeniser.encode(["loan [SEP] [PAD] [CLS] loan", "loan"])
    special = plain[0].ids[0], plain[0].ids[-1], tokeniser.pad
    assert steered.ids[0] == special[0]
    assert not set(steered.ids[1:-1]) & set(special)


@pytest.mark.parametrize("data", [b"", b"{}", b"\x80\x04pickle", b"[[[[", b'{"version": "1.0", "model": 5}'])
def test_what_is_not_a_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"tokenizer\.json: the tokenizer can't be read"):
        Tokeniser(data, 16)


@given(st.lists(st.lists(st.integers(1, 99), max_size=40), max_size=30), st.integers(1, 120))
@settings(deadline=None, max_examples=200)
def test_batches_hold_every_text_once_within_the_budget(texts: list[list[int]], budget: int) -> None:
    seen = []
    for batch in pack(texts, 0, budget):
        assert batch.ids.shape == batch.mask.shape
        assert batch.ids.size <= budget or len(batch.rows) == 1
        assert batch.ids.shape[1] == max(1, *(len(texts[row]) for row in batch.rows))
        for row, ids, mask in zip(batch.rows, batch.ids, batch.mask, strict=True):
            assert ids[mask == 1].tolist() == texts[row]
            assert not ids[mask == 0].any()
            seen.append(int(row))
    assert sorted(seen) == list(range(len(texts)))


def test_equal_lengths_leave_no_padding() -> None:
    texts = [[1] * (1 + at % 4) for at in range(400)]
    assert np.mean([batch.mask.mean() for batch in pack(texts, 0, 64)]) > 0.95
