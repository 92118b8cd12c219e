"""A network whose answers are worth comparing, and a manifest for it; shared by the tests of the export."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.scoring import Manifest
from fengkong.text import CLEANING_VERSION
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.encoding import Encoded, encode
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.tasks.classification import Classification

LABELS = ("bad", "good")


@pytest.fixture
def kind() -> Classification:
    return Classification(LABELS)


def make_manifest(**changes: object) -> Manifest:
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
def manifest() -> Callable[..., Manifest]:
    return make_manifest


@pytest.fixture
def base(tiny_base: Path) -> BaseModel:
    return load_base(str(tiny_base))


@pytest.fixture
def encoded(base: BaseModel, tiny_splits: Splits, kind: Classification) -> Encoded:
    return encode(tiny_splits.dev, base.tokenizer, kind.targets(tiny_splits.dev), max_tokens=32)


def build_network(base: BaseModel, *, pooling: str = "mean", field_width: int = 0) -> TextClassifier:
    """A network that was not trained, but whose answers depend on its texts and lie on both sides of a half."""
    torch.manual_seed(3)
    network = TextClassifier(base.encoder, 2, hidden=base.hidden, pooling=pooling, field_width=field_width)
    with torch.no_grad():
        network.head.weight.normal_(0, 3)
        if network.field_head is not None:
            network.field_head.wide.weight.normal_()
    return network.eval()


@pytest.fixture
def build() -> Callable[..., TextClassifier]:
    return build_network


def part_labels(network: TextClassifier, encoded: Encoded) -> TextClassifier:
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
def part() -> Callable[[TextClassifier, Encoded], TextClassifier]:
    return part_labels


@pytest.fixture
def network(base: BaseModel, encoded: Encoded) -> TextClassifier:
    return part_labels(build_network(base), encoded)
