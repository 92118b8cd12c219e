"""Bundles with n-grams: alone, in a blend, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from fengkong.domain.documents import Document
from fengkong.domain.errors import BundleError
from fengkong.scoring.bundle import Bundle, seal
from fengkong.scoring.fields import NumberField
from fengkong.scoring.manifest import Head, Manifest
from fengkong.scoring.ngram_features import Vocabulary
from fengkong.scoring.ngrams import NgramModel
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION

LABELS = ("low", "high")
INCOME = NumberField(name="income", edges=(-3.0, 3.0))  # 0 to 1, and a flag for "missing"


def ngrams(width=0):
    """Says "high" of the word "quiet" and of 静, and "low" of the word "alarm"."""
    weights = np.array([[-2, 2], [-2, 2], [3, -3]], dtype=np.float16)
    field_weights = np.array([[-3, 3], [0, 0]], dtype=np.float32)[:width]
    vocabulary = Vocabulary(["quiet", "静", "alarm"], [])
    return NgramModel(vocabulary, np.ones(3, np.float32), weights, np.zeros(2, np.float32), field_weights)


def manifest(**given):
    facts = {
        "heads": (Head(name="risk", labels=LABELS, positive="high"),),
        "language": "mul",
        "cleaning": CLEANING_VERSION,
        "max_tokens": 0,
        "precision": "fp16",
        "blend": {"ngrams.npz": 1.0},
    }
    return Manifest(**{**facts, **given})


def alone(folder: Path, **given) -> Path:
    folder.mkdir()
    (folder / "ngrams.npz").write_bytes(ngrams(given.pop("width", 0)).to_bytes())
    (folder / "model_card.md").write_text("# n-grams\n")
    seal(folder, manifest(**given))
    return folder


def blended(tiny_bundle, weight: float) -> Path:
    path = tiny_bundle(seal_it=False)
    (path / "ngrams.npz").write_bytes(ngrams().to_bytes())
    seal(path, manifest(max_tokens=32, precision="fp32", blend={"model.onnx": 1 - weight, "ngrams.npz": weight}))
    return path


def test_n_grams_alone_need_no_network(tmp_path):
    path = alone(tmp_path / "b")
    assert {file.name for file in path.iterdir()} == {"ngrams.npz", "model_card.md", "manifest.json"}
    scorer = Scorer(Bundle.load(path))
    loud, quiet, chinese = scorer.score([Document("ＡＬＡＲＭ!"), Document("all quiet " * 5000), Document("很靜")])
    assert loud.label == "low"
    assert quiet.label == chinese.label == "high"
    assert quiet.p == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)
    assert quiet.unread == 0


def test_the_second_text_is_read_too(tmp_path):
    scorer = Scorer(Bundle.load(alone(tmp_path / "b")))
    (signal,) = scorer.score([Document("nothing", pair="Alarm")])
    assert signal.label == "low"


def test_fields_are_read_beside_n_grams(tmp_path):
    scorer = Scorer(Bundle.load(alone(tmp_path / "b", fields=(INCOME,), width=2)))
    rich, poor, unknown = scorer.score([Document("x", {"income": 3.0}), Document("x", {"income": -3.0}), Document("x")])
    assert rich.p > 0.99
    assert poor.p == pytest.approx(0.5)
    assert unknown.fieldless


def test_a_blend_is_the_weighed_sum_of_logits(tiny_bundle, tmp_path):
    texts = ["urgent alarm", "calm and quiet", "a loan", "骗 静"]
    network = Scorer(Bundle.load(tiny_bundle(folder="n"))).probabilities(texts)
    linear = Scorer(Bundle.load(alone(tmp_path / "l"))).probabilities(texts)
    mixed = Scorer(Bundle.load(blended(tiny_bundle, 0.25))).probabilities(texts)
    product = network**0.75 * linear**0.25
    assert mixed == pytest.approx(product / product.sum(axis=1, keepdims=True), abs=1e-6)


def test_a_missing_part_does_not_load(tmp_path, tiny_bundle):
    path = blended(tiny_bundle, 0.5)
    (path / "ngrams.npz").unlink()
    with pytest.raises(BundleError, match=r"'ngrams.npz' is missing"):
        Bundle.load(path)
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "model_card.md").write_text("#")
    with pytest.raises(BundleError, match=r"'ngrams.npz' is missing"):
        seal(folder, manifest())


def test_a_part_that_no_blend_names_is_unknown(tiny_bundle):
    path = tiny_bundle(seal_it=False)
    (path / "ngrams.npz").write_bytes(ngrams().to_bytes())
    with pytest.raises(BundleError, match=r"'ngrams.npz' is unknown"):
        seal(path, manifest(max_tokens=32, precision="fp32", blend={"model.onnx": 1.0}))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"blend": {"ngrams.npz": 0.4}}, "sum to one"),
        ({"blend": {}}, "at least 1"),
        ({"blend": {"model.onnx": 1.0}}, "max_tokens"),
        ({"max_tokens": 32}, "max_tokens"),
        ({"heads": (Head(name="names", labels=("PER",), task="entities"),)}, "entities"),
    ],
)
def test_an_impossible_blend_is_refused(given, fault):
    with pytest.raises(ValueError, match=fault):
        manifest(**given)


def test_n_grams_of_other_labels_are_refused(tmp_path):
    path = tmp_path / "b"
    path.mkdir()
    (path / "ngrams.npz").write_bytes(ngrams().to_bytes())
    (path / "model_card.md").write_text("#")
    seal(path, manifest(heads=(Head(name="risk", labels=("a", "b", "c")),)))
    with pytest.raises(BundleError, match="doesn't fit its manifest"):
        Scorer(Bundle.load(path))
