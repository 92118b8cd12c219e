"""Tiny bases made on the spot: a BERT of two layers with a tokenizer that knows the words of these examples."""

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example

GOOD = ["steady", "income", "paid", "on", "time", "stable", "job", "savings"]
BAD = ["urgent", "cash", "gambling", "debts", "overdue", "default", "borrow", "again"]
PLAIN = ["the", "applicant", "writes", "about", "a", "loan", "for", "car", "house", "school", "and", "repairs"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def make_tiny_base(folder: Path, *, seed: int = 0, hidden: int = 32) -> Path:
    """Write a base that `load_base` takes: config.json, model.safetensors, tokenizer.json."""
    vocabulary = {word: place for place, word in enumerate([*SPECIAL, *sorted({*GOOD, *BAD, *PLAIN})])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    )
    config = BertConfig(
        vocab_size=len(vocabulary) + 20,  # rows that no text uses, as in any real table
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=64,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(config, add_pooling_layer=False)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    return folder


def make_examples(n: int, *, seed: int = 0) -> list[Example]:
    """Applications of 4 to 20 words whose label ("good" or "bad") follows from the words in them; two fields."""
    draw = torch.Generator().manual_seed(seed)

    def pick(words: list[str], count: int) -> list[str]:
        return [words[int(place)] for place in torch.randint(len(words), (count,), generator=draw)]

    examples = []
    for number in range(n):
        label, words = (("good", GOOD), ("bad", BAD))[number % 2]
        text = pick(PLAIN, 2 + number % 9) + pick(words, 2 + number % 5)
        examples.append(Example(" ".join(text), label, fields={"income": 100 if label == "good" else 10, "term": 36}))
    return examples


def make_splits() -> Splits:
    return Splits(make_examples(120, seed=1), make_examples(40, seed=2), make_examples(40, seed=3))


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def tiny_splits() -> Splits:
    return make_splits()


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
