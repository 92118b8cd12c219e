"""What was tuned in any way is sealed, and scores without torch what the network says, from raw text on."""

import numpy as np
import pytest
from safetensors.torch import load_file

from fengkong.scoring.bundle import Bundle
from fengkong.scoring.calibration import softmax
from fengkong.scoring.manifest import Head, Manifest
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION
from fengkong.training.exporting.sealing import export_bundle
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.tuning.predict import predict_logits


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("lora", ""),
        ("adalora", ""),
        ("ia3", ""),
        ("adapter", ".adapter."),
        ("prefix", ".prefix."),
        ("prompt", ".prompt."),
    ],
)
def test_a_bundle_scores_as_its_network(tiny_base, tiny_splits, tmp_path, way, kept):
    values = {"base": str(tiny_base), "way": way, "epochs": 4, "batch_tokens": 256, "learning_rate": 0.01}
    prepared = prepare(
        Recipe.from_values({**values, "precision": "fp32", "bottleneck": 8, "virtual_tokens": 5}), tiny_splits
    )
    list(fine_tune(prepared.start(), prepared.train, prepared.dev))
    manifest = Manifest(
        heads=(Head(name="risk", labels=prepared.labels, positive="bad"),),
        language="en",
        cleaning=CLEANING_VERSION,
        max_tokens=prepared.max_tokens,
        precision="fp32",
    )
    exported = export_bundle(
        prepared.network,
        prepared.tokenizer,
        tmp_path / "b",
        manifest,
        kind=prepared.kind,
        dev=tiny_splits.dev,
        train=tiny_splits.train,
    )
    found = Scorer(Bundle.load(exported.path), threads=1).probabilities([ex.text for ex in tiny_splits.dev])
    trained = softmax(predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding))
    np.testing.assert_allclose(found, trained, atol=0.03)
    assert np.ptp(trained[:, 0]) > 0.1  # there is something to compare
    names = set(load_file(exported.path / "weights.safetensors"))
    plain = set(prepare(Recipe.from_values({"base": str(tiny_base)}), tiny_splits).network.state_dict())
    assert any(kept in name for name in names - plain) if kept else names == plain
