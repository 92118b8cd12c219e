"""What tests of several rooms need: a bundle and a base that are real in every part, and tiny."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from fengkong.scoring.bundle import seal
from fengkong.scoring.fields import CategoryField, FieldEncoder, NumberField
from fengkong.scoring.manifest import Head, Manifest
from fengkong.text.cleaning import CLEANING_VERSION

LEANINGS = {"urgent": 8.0, "default": 6.0, "fraud": 6.0, "诈": 8.0, "骗": 8.0, "calm": -6.0, "stable": -4.0, "稳": -6.0}
PLAIN = [
    "the",
    "a",
    "loan",
    "is",
    "was",
    "company",
    "pays",
    "on",
    "time",
    "money",
    "now",
    "please",
    *",.贷款公司按时还很",
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LEANINGS, *PLAIN]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes don't name a test: what packs them may put the time of day in, and each worker would see another name."""
    return argname if isinstance(val, bytes) else None


class TinyBundle(Protocol):
    def __call__(
        self,
        labels: Sequence[str] = ("low", "high"),
        *,
        positive: str | None = "high",
        fields: Sequence[NumberField | CategoryField] = (),
        name: str = "risk",
        folder: str = "bundle",
        max_tokens: int = 32,
        temperature: float = 1.0,
        seal_it: bool = True,
    ) -> Path: ...


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> TinyBundle:
    """Makes sealed bundles: words such as "urgent" and 诈骗 speak for the last label, "calm" and 稳 for the first.

    Each number or category field adds its encoding, weighted +1 a column, to the last label's logit.
    """

    def make(
        labels: Sequence[str] = ("low", "high"),
        *,
        positive: str | None = "high",
        fields: Sequence[NumberField | CategoryField] = (),
        name: str = "risk",
        folder: str = "bundle",
        max_tokens: int = 32,
        temperature: float = 1.0,
        seal_it: bool = True,
    ) -> Path:
        path = tmp_path / folder
        path.mkdir()
        (path / "model.onnx").write_bytes(graph(len(labels), FieldEncoder(fields).width))
        (path / "tokenizer.json").write_text(tokenizer(), encoding="utf-8")
        (path / "model_card.md").write_text("# A tiny model\n", encoding="utf-8")
        manifest = Manifest(
            heads=(
                Head(
                    name=name,
                    labels=tuple(labels),
                    positive=positive if positive in labels else None,
                    temperature=temperature,
                ),
            ),
            language="mul",
            cleaning=CLEANING_VERSION,
            max_tokens=max_tokens,
            precision="fp32",
            fields=tuple(fields),
        )
        if seal_it:
            seal(path, manifest)
        return path

    return make


def tokenizer() -> str:
    """A word-level tokenizer in the manner of BERT: letter case aside, Chinese by character."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer(lowercase=True)
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    words.add_special_tokens(VOCABULARY[:4])
    return words.to_str()


def graph(labels: int, width: int) -> bytes:
    """Embedding, mean over the mask, linear layer; fields are added at the last logit."""
    from onnx import TensorProto, helper, numpy_helper

    leaning = np.array([[LEANINGS.get(word, 0.0)] for word in VOCABULARY], dtype=np.float32)
    head = np.linspace(-1, 1, labels, dtype=np.float32)[None]
    constants = {"table": leaning, "head": head, "axis": np.array([1], np.int64), "last": np.array([2], np.int64)}
    steps = [
        ("Gather", ["table", "input_ids"], "vectors"),
        ("Cast", ["attention_mask"], "mask"),
        ("Unsqueeze", ["mask", "last"], "weights"),
        ("Mul", ["vectors", "weights"], "weighted"),
        ("ReduceSum", ["weighted", "axis"], "total"),
        ("ReduceSum", ["weights", "axis"], "count"),
        ("Div", ["total", "count"], "mean"),
        ("MatMul", ["mean", "head"], "of_text" if width else "logits"),
    ]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "tokens"]),
    ]
    if width:
        constants["field_head"] = np.eye(1, labels, labels - 1, dtype=np.float32).repeat(width, axis=0)
        steps += [("MatMul", ["fields", "field_head"], "of_fields"), ("Add", ["of_text", "of_fields"], "logits")]
        inputs.append(helper.make_tensor_value_info("fields", TensorProto.FLOAT, ["batch", width]))
    attributes = {"Cast": {"to": TensorProto.FLOAT}, "ReduceSum": {"keepdims": 0}}
    nodes = [helper.make_node(kind, names, [out], **attributes.get(kind, {})) for kind, names, out in steps]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])]
    weights = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", inputs, outputs, weights),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    return model.SerializeToString()


@pytest.fixture(scope="session")
def tiny_base_of_words() -> Callable[[Path, str], Path]:
    """Makes a base to be tuned: a thin BERT whose tokenizer knows the words of a text (of Han: the characters)."""
    return _make_base


def _make_base(folder: Path, text: str) -> Path:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    words = sorted(set(re.findall(r"[a-z]+|\d|[^\w\s]|[\u4e00-\u9fff]", text.lower())))
    vocabulary = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=256, pad_token_id=0, **shape)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    return folder
