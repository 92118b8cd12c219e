"""Bases made on the spot: whole folders of every kind, the same from the same texts and seed, English and Chinese."""

import json

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from fengkong.domain.errors import InputError, SettingsError
from fengkong.training.bases.from_scratch import KINDS, make_base

TEXTS = [
    "The applicant pays on time and has a steady income.",
    "Urgent cash for gambling debts, overdue again!",
    "该公司信用评级下调,债务违约风险上升。",
    "客户按时还款,收入稳定。",
] * 5


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_whole_folder_that_transformers_reads(kind, tmp_path, capfd):
    state = torch.get_rng_state()
    folder = make_base(kind, TEXTS, tmp_path / "base", hidden=16, max_tokens=40)
    assert torch.get_rng_state().equal(state)
    assert files_of(folder).keys() == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    config = json.loads((folder / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert config["model_type"] == kind
    assert config["vocab_size"] == tokenizer.get_vocab_size() <= 400
    assert tokenizer.decode(tokenizer.encode("客户按时还款").ids).replace(" ", "") == "客户按时还款"
    assert capfd.readouterr() == ("", "")
    model = AutoModel.from_pretrained(folder)
    assert model.get_input_embeddings().weight.shape == (tokenizer.get_vocab_size(), 16)


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_same_texts_and_seed_same_bytes_and_another_seed_other_weights(kind, tmp_path):
    first, again, other = (
        files_of(make_base(kind, TEXTS, tmp_path / name, seed=seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first["tokenizer.json"] == other["tokenizer.json"]
    assert first["model.safetensors"] != other["model.safetensors"]


def test_a_bert_reads_each_han_character_as_a_token(tmp_path):
    folder = make_base("bert", TEXTS, tmp_path / "base")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("信用 Steady").tokens == ["[CLS]", "信", "用", "steady", "[SEP]"]


def test_a_small_vocabulary_keeps_the_frequent_characters(tmp_path):
    folder = make_base("bert", ["甲甲甲乙乙丙"], tmp_path / "base", vocabulary=7)
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("甲乙丙").tokens
    assert tokens == ["[CLS]", "甲", "乙", "[UNK]", "[SEP]"]


def test_what_can_not_be_made_is_refused_before_anything_is_written(tmp_path):
    folder = tmp_path / "base"
    with pytest.raises(SettingsError, match="did you mean 'roberta'"):
        make_base("robert", TEXTS, folder)
    with pytest.raises(SettingsError, match=r"33 for 2 heads.*multiple of 4"):
        make_base("bert", TEXTS, folder, hidden=33)
    with pytest.raises(InputError, match="no text"):
        make_base("bert", ["", "  "], folder)
    assert not folder.exists()
