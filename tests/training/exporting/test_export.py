"""A trained network becomes a bundle that says the same, or no bundle at all."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import BaseModelError, FacilityError, InputError, SettingsError
from fengkong.scoring import Bundle, Manifest, NumberField, Scorer, Thresholds, softmax
from fengkong.scoring.engine import Engine
from fengkong.training import export_bundle
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.encoding import Encoded
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding
from fengkong.training.tasks.classification import Classification
from fengkong.training.tuning.predict import predict_logits


def test_a_bundle_says_what_the_network_says(
    network: TextClassifier,
    base: BaseModel,
    encoded: Encoded,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    exported = export_bundle(
        network,
        base.tokenizer,
        tmp_path / "b",
        manifest(temperature=2.5),
        kind=kind,
        dev=tiny_splits.dev,
        train=tiny_splits.train,
        recipe="seed = 1\n",
    )
    bundle = Bundle.load(exported.path)
    assert bundle.manifest == exported.manifest
    assert bundle.manifest.precision == "int8"
    assert set(bundle.manifest.files) == {
        "model.onnx",
        "tokenizer.json",
        "model_card.md",
        "weights.safetensors",
        "recipe.toml",
    }
    trained = softmax(predict_logits(network, encoded, padding=0), 2.5)
    found = Scorer(bundle, threads=1).probabilities([ex.text for ex in tiny_splits.dev])
    assert 0.2 < trained[:, 0].std() + trained[:, 0].mean() < 0.9  # there is something to compare
    np.testing.assert_allclose(found, trained, atol=0.03)
    assert exported.parity.chosen.format == "int8"
    # Half of train settles the scales; the other half is compared.
    assert exported.parity.texts == len(tiny_splits.dev) + len(tiny_splits.train) // 2
    assert bundle.manifest.metrics["parity"] == {
        "texts": exported.parity.texts,
        "tried": [bundle.manifest.metrics["parity"]["tried"][0]],
    }


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("width", [0, 3])
def test_the_fp32_graph_is_the_network(
    base: BaseModel, pooling: str, width: int, build: Callable[..., TextClassifier]
) -> None:
    network = build(base, pooling=pooling, field_width=width)
    engine = Engine(to_onnx(settled(network)).SerializeToString(), threads=1, labels=2, with_fields=bool(width))
    draw = np.random.default_rng(0)
    for texts, tokens in ((1, 1), (3, 7), (5, 30)):
        ids = draw.integers(1, 30, (texts, tokens))
        mask = (np.arange(tokens) < draw.integers(1, tokens + 1, texts)[:, None]).astype(np.int64)
        fields = draw.random((texts, width), dtype=np.float32) if width else None
        with torch.inference_mode():
            rows = None if fields is None else torch.from_numpy(fields)
            trained = network(torch.from_numpy(ids), torch.from_numpy(mask), rows).numpy()
        np.testing.assert_allclose(engine.run(ids, mask, fields), trained, atol=1e-4)


def test_fields_reach_the_graph(
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    build: Callable[..., TextClassifier],
    kind: Classification,
) -> None:
    spec = NumberField(name="income", edges=(0.0, 50.0, 100.0))
    network = build(base, field_width=spec.width)
    exported = export_bundle(
        network,
        base.tokenizer,
        tmp_path / "b",
        manifest(fields=(spec,)),
        kind=kind,
        dev=tiny_splits.dev,
        train=tiny_splits.train,
    )
    scorer = Scorer(Bundle.load(exported.path), threads=1)
    low, high, unknown = scorer.probabilities(["a loan"] * 3, [{"income": 1}, {"income": 99}, {}])
    assert len({low[0], high[0], unknown[0]}) == 3


def test_int8_answers_alike_alone_and_in_company(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev)
    assert exported.manifest.precision == "int8"
    scorer = Scorer(Bundle.load(exported.path), threads=1)
    texts = [ex.text for ex in tiny_splits.dev]
    alone = np.concatenate([scorer.probabilities([text]) for text in texts])
    np.testing.assert_allclose(scorer.probabilities(texts), alone, atol=1e-6)


def without_head(network: TextClassifier) -> onnx.ModelProto:
    torch.nn.init.zeros_(network.head.weight)
    return to_onnx(network)


def with_other_pooling(network: TextClassifier) -> onnx.ModelProto:
    network.pooling = "cls"
    return to_onnx(network)


def with_labels_swapped(network: TextClassifier) -> onnx.ModelProto:
    with torch.no_grad():
        network.head.weight.copy_(network.head.weight.flip(0))
        network.head.bias.copy_(network.head.bias.flip(0))
    return to_onnx(network)


@pytest.mark.parametrize("broken", [without_head, with_other_pooling, with_labels_swapped])
def test_a_graph_that_says_something_else_is_not_sealed(
    broken: Callable[[TextClassifier], onnx.ModelProto],
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    # A copy is broken, so the network's own answers stay.
    monkeypatch.setattr("fengkong.training.exporting.sealing.to_onnx", lambda final: broken(settled(final)))
    with pytest.raises(BaseModelError, match="doesn't say what the trained one says"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev)
    assert list(tmp_path.iterdir()) == []


def test_same_network_same_bytes_and_no_trace_of_the_machine(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    one, two = (
        export_bundle(network, base.tokenizer, tmp_path / name, manifest(), kind=kind, dev=tiny_splits.dev)
        for name in "ab"
    )
    assert one.manifest == two.manifest
    for file in one.path.iterdir():
        data = file.read_bytes()
        assert str(tmp_path).encode() not in data
        assert str(Path(torch.__file__).parents[1]).encode() not in data
        assert b"fengkong/training" not in data
    assert not any(node.doc_string for node in onnx.load(one.path / "model.onnx").graph.node)


def test_the_sealed_weights_train_on(
    network: TextClassifier,
    base: BaseModel,
    encoded: Encoded,
    tiny_base: Path,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    build: Callable[..., TextClassifier],
    kind: Classification,
) -> None:
    compact_embedding(network, encoded.tokens, padding=0)  # as it is during training
    expected = predict_logits(network, encoded, padding=0)
    network.train()
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev)
    assert network.training
    fresh = build(load_base(str(tiny_base)))
    fresh.load_state_dict(load_file(exported.path / "weights.safetensors"))
    np.testing.assert_array_equal(predict_logits(fresh, encoded, padding=0), expected)


def test_the_card_tells_what_the_bundle_is(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    facts = manifest(
        temperature=1.5,
        thresholds=Thresholds(review_from=0.2, decline_from=0.7),
        metrics={"test_macro_f1": 0.91},
        training={"data_sha256": "ab12"},
    )
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", facts, kind=kind, dev=tiny_splits.dev)
    card = (exported.path / "model_card.md").read_text(encoding="utf-8")
    for told in (
        "`bad`, `good`",
        "temperature 1.5",
        "Below 0.2",
        "from 0.7",
        "test_macro_f1: 0.91",
        "ab12",
        "32 tokens",
    ):
        assert told in card


def test_a_taken_folder_stays_as_it_is(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match="taken"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
    ids=["file", "safetensors"],
)
def test_a_full_disk_leaves_nothing_behind(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    manifest: Callable[..., Manifest],
    kind: Classification,
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("fengkong.training.exporting.writing.save_model", full)
    with pytest.raises(FacilityError, match="the disk is full"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev)
    assert list(tmp_path.iterdir()) == []


def test_no_dev_text_no_bundle(
    network: TextClassifier, base: BaseModel, tmp_path: Path, manifest: Callable[..., Manifest], kind: Classification
) -> None:
    with pytest.raises(InputError, match="dev"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=[])
