"""What must hold for a tagger on every kind of base, and in every way: tokens and tags fit, and so does the graph."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.scoring.tokens import Tokeniser
from fengkong.text.cleaning import clean
from fengkong.training.bases.from_scratch import KINDS, make_base
from fengkong.training.encoding import collate
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.tuning.predict import predict_logits
from fengkong.training.ways.registry import WAYS

FIRMS = ["Acme Bank", "Zeta", "腾讯控股", "美国银行", "Steady Income Trust"]
TEXTS = ["{} fell by 3.5% in May", "we sold {} , then bought", "{}债务违约风险上升", "公司收购{}，股价上涨"]
WAY_BASE = "bert"
PAIRS = [*((kind, "full") for kind in KINDS), *((WAY_BASE, way) for way in WAYS if way != "full")]


def marked(text: str, firm: str) -> Example:
    start = text.index("{}")
    return Example(text.format(firm), "", entities=(Span(start, start + len(firm), firm, "ORG"),))


EXAMPLES = [marked(text, firm) for text in TEXTS for firm in FIRMS]
SPLITS = Splits(EXAMPLES, EXAMPLES[::3], EXAMPLES[1::3])


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root, texts = tmp_path_factory.mktemp("kinds"), [ex.text for ex in EXAMPLES] * 3
    return {kind: make_base(kind, texts, root / kind) for kind in KINDS}


@pytest.mark.parametrize(("kind", "way"), PAIRS)
def test_a_tagger_learns_and_its_graph_says_the_same(kind: str, way: str, bases: dict[str, Path]) -> None:
    recipe = Recipe.from_values(
        {"base": str(bases[kind]), "way": way, "epochs": 2, "batch_tokens": 128, "max_tokens": 48, "rank": 2}
        | {"virtual_tokens": 4, "bottleneck": 4, "threads": 1, "precision": "fp32", "loss": "crf"}
    )
    prepared = prepare(recipe, SPLITS)
    assert prepared.kind.task == "entities"

    # Every entity is marked, and on tokens that the scorer takes for the beginnings of the same words.
    tokeniser = Tokeniser(prepared.tokenizer.to_str().encode(), prepared.max_tokens)
    _, words = tokeniser.encode_words([clean(ex.text).text for ex in SPLITS.train])
    tags = np.asarray(prepared.train.targets)
    assert (tags[words.text, words.lead] >= 0).all()
    assert (tags >= 0).sum() == len(words.text)
    assert (tags == 1).sum() == len(SPLITS.train)

    state = prepared.start()
    before = float(prepared.kind.dev_figures(dev_logits(prepared), prepared.dev.targets)["loss"])
    for _ in fine_tune(state, prepared.train, prepared.dev):
        pass
    logits = dev_logits(prepared)
    assert float(prepared.kind.dev_figures(logits, prepared.dev.targets)["loss"]) < before
    assert prepared.network.transitions.abs().max() > 0

    session = ort.InferenceSession(to_onnx(settled(prepared.network)).SerializeToString())
    batch = collate(prepared.dev, np.arange(len(prepared.dev)), padding=prepared.base.padding)
    (found,) = session.run(["logits"], {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask})
    assert found.shape == (*batch.input_ids.shape, 3)
    within = batch.attention_mask.astype(bool)
    np.testing.assert_allclose(found[within], logits[:, : found.shape[1]][within], atol=2e-4)


def dev_logits(prepared: Prepared) -> np.ndarray:
    return predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
