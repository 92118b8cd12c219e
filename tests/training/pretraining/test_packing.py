"""Documents are packed end to end, in rows of one length without padding, with words and Han characters as units."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from fengkong.domain.errors import InputError
from fengkong.training.bases.from_scratch import make_base
from fengkong.training.pretraining.packing import Tokenised, hold_out, pack, tokenise


@pytest.fixture
def tokenizer(bert):
    return Tokenizer.from_file(str(bert / "tokenizer.json"))


def test_rows_hold_every_token_in_order_and_no_padding(tokenizer, texts):
    docs = tokenise(texts, tokenizer)
    packed = pack(docs, tokenizer, 16)
    cls, sep, pad = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]", "[PAD]"))
    assert packed.tokens.shape == packed.units.shape == (len(packed), 16)
    assert (packed.tokens[:, 0] == cls).all()
    assert (packed.tokens[:, -1] == sep).all()
    assert not (packed.tokens == pad).any()
    laid = packed.tokens[:, 1:-1].ravel()
    whole = np.concatenate([[*doc.tokens, sep] for doc in docs])
    assert (laid == whole[: len(laid)]).all()
    assert len(whole) - len(laid) < 14


def test_special_tokens_are_of_no_unit_and_units_count_from_one_in_each_row(tokenizer, texts):
    packed = pack(tokenise(texts, tokenizer), tokenizer, 16)
    special = np.isin(packed.tokens, [tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]")])
    assert ((packed.units == 0) == special).all()
    for units in packed.units:
        assert list(np.unique(units[units > 0])) == list(range(1, units.max() + 1))


def test_a_word_cut_by_the_end_of_a_row_is_a_unit_in_both(tokenizer):
    begins = np.arange(60) % 5 == 0
    packed = pack([Tokenised(np.full(60, 30, dtype=np.int32), begins)], tokenizer, 14)  # 12 between [CLS] and [SEP]
    assert packed.units[0].tolist() == [0, *[1] * 5, *[2] * 5, *[3] * 2, 0]
    assert packed.units[1].tolist() == [0, *[1] * 3, *[2] * 5, *[3] * 4, 0]


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "modernbert"])
def test_a_unit_is_a_word_or_a_han_character_whatever_the_tokenizer(kind, texts, tmp_path):
    folder = make_base(kind, ["unbreakable steady"], tmp_path / kind, vocabulary=270, hidden=16)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    text = "steady unbreakables 债务违约 again and again"
    (doc,) = tokenise([text], tokenizer)
    units = np.cumsum(doc.begins)
    encoding = tokenizer.encode(text, add_special_tokens=False)
    unit_at = {at: unit for unit, (start, end) in zip(units, encoding.offsets, strict=True) for at in range(start, end)}
    assert len({unit_at[text.index("unbreak")], unit_at[text.index("ables")]}) == 1
    assert len({unit_at[at] for at in range(text.index("债"), text.index("约") + 1)}) == 4 or kind == "xlm-roberta"
    assert unit_at[text.index("steady") + 2] != unit_at[text.index("unbreak") + 2]


def test_a_short_corpus_is_one_shorter_row(tokenizer):
    packed = pack(tokenise(["steady income, overdue debts, urgent cash"], tokenizer), tokenizer, 32)
    assert len(packed) == 1
    assert packed.length < 32


def test_short_documents_are_left_out_and_nothing_else_is_refused(tokenizer):
    docs = tokenise(["hm", "steady income, overdue debts, urgent cash"], tokenizer)
    assert len(docs) == 1
    with pytest.raises(InputError, match=r"no document has 8 tokens or more \(received 2 documents\)"):
        tokenise(["hm", ""], tokenizer)
    with pytest.raises(InputError, match="the corpus holds no text"):
        tokenise([], tokenizer)


def test_held_out_documents_are_few_and_none_is_learnt_from(tokenizer, texts):
    docs = tokenise(texts, tokenizer)
    learnt, held = hold_out(docs, 16, seed=1)
    assert len(held) == 1
    assert len(learnt) == len(docs) - 1
    assert not any(held[0] is doc for doc in learnt)
    assert hold_out(docs, 16, seed=1)[1][0] is held[0]
    with pytest.raises(InputError, match="one document alone"):
        hold_out(docs[:1], 16, seed=1)


def test_marks_written_in_a_text_are_plain_characters(tokenizer):
    (doc,) = tokenise(["steady [SEP] income [MASK] overdue debts"], tokenizer)
    assert tokenizer.token_to_id("[SEP]") not in doc.tokens
    assert tokenizer.token_to_id("[MASK]") not in doc.tokens
