"""The battery: what must hold for every way of tuning on every kind of base, found in the two registries.

Each pair is prepared and tuned for a few steps once; the checks look at what came of it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors import safe_open

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.training.bases.from_scratch import KINDS, make_base
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.checkpoint import checkpointed, load_checkpoint
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.tuning.predict import predict_logits
from fengkong.training.ways.registry import WAYS

REFUSED = {
    ("deberta-v2", "prefix"): "its attention is its own",
    ("llama", "bitfit"): "has no biases",
    ("modernbert", "bitfit"): "has no biases",
    ("qwen3", "bitfit"): "has no biases",
    ("t5", "bitfit"): "has no biases",
}
PAIRS = [(kind, way) for kind in KINDS for way in WAYS if (kind, way) not in REFUSED]
EXPORTED = [(kind, way) for kind, way in PAIRS if kind in {"bert", "qwen2"} or (kind, way) == ("t5", "prefix")]
FOLDED = {"full", "frozen", "top", "bitfit", "lora", "adalora", "ia3"}
WORDS = {
    "good": ["steady income", "paid on time", "a stable job", "savings"],
    "bad": ["urgent cash", "gambling debts", "overdue", "borrow again"],
}
TEXTS = [(f"{words} and {other}", label) for label, known in WORDS.items() for words in known for other in known]


@dataclass
class Tuned:
    """One pair after its few steps."""

    prepared: Prepared
    checkpoint: Path
    before: dict[str, torch.Tensor]

    @property
    def after(self) -> dict[str, torch.Tensor]:
        return dict(self.prepared.network.named_parameters())

    @property
    def moved(self) -> set[str]:
        """AdaLoRA's singular values start at zero, and a map's may all be cut back to it."""
        found = self.after.items()
        return {name for name, weights in found if ".lora_E." in name or not weights.equal(self.before[name])}

    @property
    def learns(self) -> set[str]:
        return {name for name, weights in self.after.items() if weights.requires_grad}

    def logits(self, network=None) -> np.ndarray:
        return predict_logits(
            network or self.prepared.network, self.prepared.dev, padding=self.prepared.base.padding, batch_tokens=64
        )


@pytest.fixture(scope="module")
def splits() -> Splits:
    examples = [Example(text, label) for text, label in TEXTS]
    return Splits(examples[::2], examples[1::4], [])


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root, texts = tmp_path_factory.mktemp("kinds"), [text for text, _ in TEXTS]
    return {kind: make_base(kind, texts, root / kind, hidden=16, vocabulary=300) for kind in KINDS}


def recipe_for(base: Path, way: str) -> Recipe:
    few = {"top_layers": 1, "rank": 2, "virtual_tokens": 3, "bottleneck": 4, "precision": "fp32"}
    return Recipe.from_values(
        {"base": str(base), "way": way, "epochs": 2, "batch_tokens": 64, "learning_rate": 3e-3, "warmup": 0, **few}
    )


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def tuned(request, bases, splits, tmp_path_factory) -> Tuned:
    kind, way = request.param
    prepared = prepare(recipe_for(bases[kind], way), splits)
    before = {name: weights.detach().clone() for name, weights in prepared.network.named_parameters()}
    state, checkpoint = prepared.start(), tmp_path_factory.mktemp(f"{kind}-{way}") / "checkpoint.safetensors"
    list(checkpointed(fine_tune(state, prepared.train, prepared.dev), state, checkpoint, run="battery"))
    return Tuned(prepared, checkpoint, before)


def test_what_learns_moves_and_nothing_else(tuned):
    assert tuned.moved == tuned.learns
    assert {"head.weight", "head.bias"} <= tuned.moved


def test_the_count_told_is_the_count_of_what_moved(tuned):
    moved = sum(tuned.after[name].numel() for name in tuned.moved)
    told = next(choice for choice in tuned.prepared.plan.choices if choice.name == "way")
    assert f"{moved:,} of " in told.why
    assert tuned.prepared.plan.trained_parameters == moved


def test_a_saved_state_answers_alike_in_a_fresh_network_and_holds_what_learns_alone(tuned, splits):
    with safe_open(tuned.checkpoint, framework="pt") as file:
        held = {name.partition("/")[2] for name in file.keys() if not name.startswith("ranks.")}  # noqa: SIM118
    assert held == tuned.learns
    fresh = prepare(tuned.prepared.recipe, splits)
    state = fresh.start()
    load_checkpoint(state, tuned.checkpoint, run="battery")
    state.settle()
    np.testing.assert_array_equal(tuned.logits(fresh.network), tuned.logits())


def test_the_final_form_answers_alike_and_is_the_plain_base_where_the_way_folds_into_it(tuned, splits):
    final = settled(tuned.prepared.network)
    np.testing.assert_allclose(tuned.logits(final), tuned.logits(), atol=1e-5)
    recipe = tuned.prepared.recipe
    if recipe.way in FOLDED:
        plain = prepare(recipe.changed({"way": "full"}), splits).network
        plain.load_state_dict(final.state_dict())
        np.testing.assert_allclose(tuned.logits(plain), tuned.logits(), atol=1e-5)


@pytest.mark.parametrize("tuned", EXPORTED, ids="-".join, indirect=True)
def test_the_exported_graph_answers_alike(tuned):
    session = ort.InferenceSession(to_onnx(settled(tuned.prepared.network)).SerializeToString())
    starts, tokens = tuned.prepared.dev.starts, tuned.prepared.dev.tokens
    for text, expected in enumerate(tuned.logits()):
        ids = tokens[starts[text] : starts[text + 1]]
        padded = np.pad(ids, (0, text % 3), constant_values=tuned.prepared.base.padding)[None]
        mask = (np.arange(padded.shape[1]) < len(ids)).astype(np.int64)[None]
        (found,) = session.run(["logits"], {"input_ids": padded, "attention_mask": mask})
        np.testing.assert_allclose(found[0], expected, atol=1e-4)


@pytest.mark.parametrize(("pair", "why"), REFUSED.items(), ids=["-".join(pair) for pair in REFUSED])
def test_a_base_that_can_not_be_tuned_so_is_refused_in_one_sentence(bases, splits, pair, why):
    kind, way = pair
    with pytest.raises(SettingsError, match=f"way: a base of the kind '{kind}' .*{why}.*set way to"):
        prepare(recipe_for(bases[kind], way), splits)


def test_every_way_that_a_recipe_may_name_is_there_and_no_other():
    with pytest.raises(SettingsError, match="'way'") as caught:
        Recipe.from_values({"way": "none of them"})
    assert all(repr(way) in caught.value.cure for way in WAYS)
    assert caught.value.cure.count("'") == 2 * len(WAYS)
