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
from fengkong.text import CLEANING_VERSION
from fengkong.training import export_bundle
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.encoding import Encoded, encode
from fengkong.training.exporting import sealing
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding
from fengkong.training.tasks.classification import Classification
from fengkong.training.tuning.predict import predict_logits

LABELS = ("bad", "good")
KIND = Classification(LABELS)


def manifest(**changes: object) -> Manifest:
    facts = {
        "language": "en",
        "cleaning": CLEANING_VERSION,
        "max_tokens": 32,
        "precision": "fp32",
    }
    head = {"name": "risk", "labels": LABELS, "positive": "bad"}
    head |= {key: changes.pop(key) for key in ("labels", "positive", "temperature", "thresholds") if key in changes}
    return Manifest.model_validate({**facts, "heads": (head,), **changes})


@pytest.fixture
def base(tiny_base: Path) -> BaseModel:
    return load_base(str(tiny_base))


@pytest.fixture
def encoded(base: BaseModel, tiny_splits: Splits) -> Encoded:
    return encode(tiny_splits.dev, base.tokenizer, KIND.targets(tiny_splits.dev), max_tokens=32)


def build(base: BaseModel, *, pooling: str = "mean", field_width: int = 0) -> TextClassifier:
    """A network that was not trained, but whose answers depend on its texts and lie on both sides of a half."""
    torch.manual_seed(3)
    network = TextClassifier(base.encoder, 2, hidden=base.hidden, pooling=pooling, field_width=field_width)
    with torch.no_grad():
        network.head.weight.normal_(0, 3)
        if network.field_head is not None:
            network.field_head.wide.weight.normal_()
    return network.eval()


def part(network: TextClassifier, encoded: Encoded) -> TextClassifier:
    """Turn the head so that it parts the two labels: along the way between their mean vectors, from its middle."""
    states = []
    with torch.inference_mode():
        for text in range(len(encoded)):
            ids = torch.from_numpy(encoded.tokens[encoded.starts[text] : encoded.starts[text + 1]])[None]
            states.append(network.embed(ids, torch.ones_like(ids))[0])
    vectors = torch.stack(states)
    bad, good = (vectors[torch.from_numpy(encoded.targets == label)].mean(dim=0) for label in (0, 1))
    way = (good - bad) * 8 / (good - bad).norm()
    with torch.no_grad():
        network.head.weight.copy_(torch.stack([-way, way]))
        network.head.bias.copy_(-network.head.weight @ ((bad + good) / 2))
    return network


@pytest.fixture
def network(base: BaseModel, encoded: Encoded) -> TextClassifier:
    return part(build(base), encoded)


def test_a_bundle_says_what_the_network_says(
    network: TextClassifier, base: BaseModel, encoded: Encoded, tiny_splits: Splits, tmp_path: Path
) -> None:
    exported = export_bundle(
        network,
        base.tokenizer,
        tmp_path / "b",
        manifest(temperature=2.5),
        kind=KIND,
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
def test_the_fp32_graph_is_the_network(base: BaseModel, pooling: str, width: int) -> None:
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


def test_fields_reach_the_graph(base: BaseModel, tiny_splits: Splits, tmp_path: Path) -> None:
    spec = NumberField(name="income", edges=(0.0, 50.0, 100.0))
    network = build(base, field_width=spec.width)
    exported = export_bundle(
        network,
        base.tokenizer,
        tmp_path / "b",
        manifest(fields=(spec,)),
        kind=KIND,
        dev=tiny_splits.dev,
        train=tiny_splits.train,
    )
    scorer = Scorer(Bundle.load(exported.path), threads=1)
    low, high, unknown = scorer.probabilities(["a loan"] * 3, [{"income": 1}, {"income": 99}, {}])
    assert len({low[0], high[0], unknown[0]}) == 3


def test_int8_answers_alike_alone_and_in_company(
    network: TextClassifier, base: BaseModel, tiny_splits: Splits, tmp_path: Path
) -> None:
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
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
) -> None:
    # A copy is broken, so the network's own answers stay.
    monkeypatch.setattr("fengkong.training.exporting.sealing.to_onnx", lambda final: broken(settled(final)))
    with pytest.raises(BaseModelError, match="doesn't say what the trained one says"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
    assert list(tmp_path.iterdir()) == []


def loud(network: TextClassifier) -> TextClassifier:
    """With products that weigh in the answer, as they do once trained."""
    with torch.no_grad():
        for parameter in network.encoder.encoder.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 0.1)
    return network


def mixed(kept: int) -> str:
    return f"int8 with its {kept} most sensitive products in fp32"


def hide_in_first_layer(network: TextClassifier) -> None:
    """Two channels that are always 1 get huge opposite weights: nothing in floats, ruin in eight bits."""
    norm = network.encoder.embeddings.LayerNorm
    norm.weight[:2], norm.bias[:2] = 0, 1
    attention = network.encoder.encoder.layer[0].attention.self
    for linear in (attention.query, attention.key, attention.value):
        linear.weight[:, 0] += 4000
        linear.weight[:, 1] -= 4000


def hide_in_narrowing_product(network: TextClassifier) -> None:
    for layer in network.encoder.encoder.layer:
        layer.intermediate.dense.weight[:2], layer.intermediate.dense.bias[:2] = 0, 1
        layer.output.dense.weight[:, 0] += 4000
        layer.output.dense.weight[:, 1] -= 4000


@pytest.mark.parametrize(
    ("outliers", "kept", "formats"),
    [
        (lambda _: None, (2,), ["int8"]),
        (hide_in_narrowing_product, (2,), ["int8", mixed(2)]),
        (hide_in_first_layer, (), ["int8", "fp32"]),
    ],
)
def test_a_network_that_int8_ruins_takes_a_safer_format_and_says_so(
    outliers: Callable[[TextClassifier], None],
    kept: tuple[int, ...],
    formats: list[str],
    monkeypatch: pytest.MonkeyPatch,
    base: BaseModel,
    encoded: Encoded,
    tiny_splits: Splits,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(sealing, "KEPT_IN_FP32", kept)
    network = loud(build(base))
    with torch.no_grad():
        outliers(network)
    part(network, encoded)
    exported = export_bundle(
        network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev, train=tiny_splits.train
    )
    assert [attempt.format for attempt in exported.parity.tried] == formats
    assert [attempt.accepted for attempt in exported.parity.tried] == [False] * (len(formats) - 1) + [True]
    assert Bundle.load(exported.path).manifest.precision == exported.parity.chosen.precision
    assert exported.parity.chosen.precision == ("fp32" if formats[-1] == "fp32" else "int8")
    assert f"The bundle is in {formats[-1]}" in exported.parity.sentence
    assert ("Passed over: int8 (" in exported.parity.sentence) == (len(formats) > 1)
    assert exported.parity.sentence in (exported.path / "model_card.md").read_text(encoding="utf-8")


def test_same_network_same_bytes_and_no_trace_of_the_machine(
    network: TextClassifier, base: BaseModel, tiny_splits: Splits, tmp_path: Path
) -> None:
    one, two = (
        export_bundle(network, base.tokenizer, tmp_path / name, manifest(), kind=KIND, dev=tiny_splits.dev)
        for name in "ab"
    )
    assert one.manifest == two.manifest
    for file in one.path.iterdir():
        data = file.read_bytes()
        assert str(tmp_path).encode() not in data
        assert str(Path(torch.__file__).parents[1]).encode() not in data
        assert b"fengkong/training" not in data
    assert not any(node.doc_string for node in onnx.load(one.path / "model.onnx").graph.node)


def test_word_embeddings_are_stored_in_integers(
    network: TextClassifier,
    base: BaseModel,
    tiny_splits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fengkong.training.exporting.quantising.SMALL_TABLE", 8)
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
    assert exported.parity.chosen.format == "int8"
    assert exported.parity.chosen.max_difference < 0.05
    table = max(network.encoder.get_input_embeddings().weight.shape)
    tensors = onnx.load(exported.path / "model.onnx").graph.initializer
    assert {tensor.data_type for tensor in tensors if list(tensor.dims) == [table, base.hidden]} == {
        onnx.TensorProto.INT8
    }


def test_the_sealed_weights_train_on(
    network: TextClassifier, base: BaseModel, encoded: Encoded, tiny_base: Path, tiny_splits: Splits, tmp_path: Path
) -> None:
    compact_embedding(network, encoded.tokens, padding=0)  # as it is during training
    expected = predict_logits(network, encoded, padding=0)
    network.train()
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
    assert network.training
    fresh = build(load_base(str(tiny_base)))
    fresh.load_state_dict(load_file(exported.path / "weights.safetensors"))
    np.testing.assert_array_equal(predict_logits(fresh, encoded, padding=0), expected)


def test_the_card_tells_what_the_bundle_is(
    network: TextClassifier, base: BaseModel, tiny_splits: Splits, tmp_path: Path
) -> None:
    facts = manifest(
        temperature=1.5,
        thresholds=Thresholds(review_from=0.2, decline_from=0.7),
        metrics={"test_macro_f1": 0.91},
        training={"data_sha256": "ab12"},
    )
    exported = export_bundle(network, base.tokenizer, tmp_path / "b", facts, kind=KIND, dev=tiny_splits.dev)
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
    network: TextClassifier, base: BaseModel, tiny_splits: Splits, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match="taken"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
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
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("fengkong.training.exporting.writing.save_model", full)
    with pytest.raises(FacilityError, match="the disk is full"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=tiny_splits.dev)
    assert list(tmp_path.iterdir()) == []


def test_no_dev_text_no_bundle(network: TextClassifier, base: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dev"):
        export_bundle(network, base.tokenizer, tmp_path / "b", manifest(), kind=KIND, dev=[])
