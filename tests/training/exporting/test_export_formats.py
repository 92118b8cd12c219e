"""Which format a network is sealed in: integers where they say the same, safer ones where they don't."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.scoring import Bundle, Manifest
from fengkong.training import export_bundle
from fengkong.training.bases.loading import BaseModel
from fengkong.training.encoding import Encoded
from fengkong.training.exporting import sealing
from fengkong.training.exporting.sealing import Exported
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.tasks.classification import Classification


@pytest.fixture
def export(
    base: BaseModel, tiny_splits: Splits, tmp_path: Path, manifest: Callable[..., Manifest], kind: Classification
) -> Callable[[TextClassifier], Exported]:
    def seal(network: TextClassifier) -> Exported:
        return export_bundle(
            network, base.tokenizer, tmp_path / "b", manifest(), kind=kind, dev=tiny_splits.dev, train=tiny_splits.train
        )

    return seal


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
    build: Callable[..., TextClassifier],
    part: Callable[[TextClassifier, Encoded], TextClassifier],
    export: Callable[[TextClassifier], Exported],
) -> None:
    monkeypatch.setattr(sealing, "KEPT_IN_FP32", kept)
    network = loud(build(base))
    with torch.no_grad():
        outliers(network)
    part(network, encoded)
    exported = export(network)
    assert [attempt.format for attempt in exported.parity.tried] == formats
    assert [attempt.accepted for attempt in exported.parity.tried] == [False] * (len(formats) - 1) + [True]
    assert Bundle.load(exported.path).manifest.precision == exported.parity.chosen.precision
    assert exported.parity.chosen.precision == ("fp32" if formats[-1] == "fp32" else "int8")
    assert f"The bundle is in {formats[-1]}" in exported.parity.sentence
    assert ("Passed over: int8 (" in exported.parity.sentence) == (len(formats) > 1)
    assert exported.parity.sentence in (exported.path / "model_card.md").read_text(encoding="utf-8")


def test_word_embeddings_are_stored_in_integers(
    network: TextClassifier,
    base: BaseModel,
    monkeypatch: pytest.MonkeyPatch,
    export: Callable[[TextClassifier], Exported],
) -> None:
    monkeypatch.setattr("fengkong.training.exporting.quantising.SMALL_TABLE", 8)
    exported = export(network)
    assert exported.parity.chosen.format == "int8"
    assert exported.parity.chosen.max_difference < 0.05
    table = max(network.encoder.get_input_embeddings().weight.shape)
    tensors = onnx.load(exported.path / "model.onnx").graph.initializer
    assert {tensor.data_type for tensor in tensors if list(tensor.dims) == [table, base.hidden]} == {
        onnx.TensorProto.INT8
    }
