"""The choice among trained models: the best, unless a simpler one is as good, and never below the simple ones."""

import numpy as np
import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.training.candidates import Candidate, Evidence, choose, with_ngrams
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.choosing import choose_kind

TRUTH = np.random.default_rng(0).integers(0, 2, 400)
EXAMPLES = [Example("text", "ab"[label]) for label in TRUTH]
KIND = choose_kind(Recipe(), Splits(EXAMPLES, EXAMPLES, EXAMPLES))
EVIDENCE = Evidence(TRUTH, TRUTH, with_train=False)


def candidate(name, right, seed=1, held_out=None):
    """A member that answers so many of ten texts rightly."""
    rng = np.random.default_rng(seed)
    said = np.where(rng.random(400) < right / 10, TRUTH, 1 - TRUTH)
    return Candidate.alone(name, 2.0 * np.eye(2)[said] + rng.normal(0, 0.1, (400, 2)), held_out, seconds=6.0)


def kept(*candidates, metric="macro_f1"):
    found, choice, tried = choose(candidates, EVIDENCE, KIND, metric)
    return found.name, choice, {one.name: one for one in tried}


def test_the_clearly_best_is_kept_and_all_are_told():
    name, choice, tried = kept(candidate("ngrams", 6), candidate("frozen", 7, 2), candidate("tuned", 9, 3))
    assert name == choice.value == "tuned"
    assert "the best macro_f1" in choice.why
    assert [one.kept for one in tried.values()] == [False, False, True]
    assert list(tried) == ["ngrams", "frozen", "tuned"]
    assert tried["ngrams"].minutes == pytest.approx(0.1)
    assert tried["ngrams"].figure == pytest.approx(0.6, abs=0.06)
    # Of a share of 400 texts.
    assert tried["ngrams"].spread == pytest.approx((0.6 * 0.4 / 400) ** 0.5, rel=0.3)
    assert "behind the best, too much to be chance" in tried["ngrams"].why
    assert "the best macro_f1" in tried["tuned"].why


def test_a_simpler_one_that_is_as_good_is_kept():
    simple = candidate("ngrams", 8, 4)
    corrected, wrong = simple.dev.copy(), np.flatnonzero(simple.dev.argmax(axis=1) != TRUTH)[:1]
    corrected[wrong] = 2.0 * np.eye(2)[TRUTH[wrong]]
    name, choice, tried = kept(simple, Candidate.alone("tuned", corrected, None, 60.0))
    assert name == "ngrams"
    assert "not clearly better" in choice.why
    assert "costs more to serve" in choice.why
    assert tried["tuned"].why == "not clearly better, and costs more to serve"


def test_on_few_texts_noise_is_no_reason_to_keep_the_simpler_one():
    few, truth = slice(0, 24), TRUTH[:24]
    wrong = np.where(np.arange(24) % 4 < 2, truth, 1 - truth)
    better = np.where(np.arange(24) % 4 < 3, truth, 1 - truth)
    simple = Candidate.alone("ngrams", 2.0 * np.eye(2)[wrong], None, 1.0)
    costly = Candidate.alone("contrastive", 2.0 * np.eye(2)[better], None, 1.0)
    found, *_ = choose([simple, costly], Evidence(TRUTH[few], truth, with_train=False), KIND, "accuracy")
    assert found.name == "contrastive"


def test_what_is_kept_is_never_below_the_best_simple_model():
    rng = np.random.default_rng(6)
    for _ in range(10):
        members = [
            candidate(name, rng.uniform(6, 8), int(rng.integers(1e6))) for name in ("ngrams", "frozen", "contrastive")
        ]
        found, *_ = choose(members, EVIDENCE, KIND, "accuracy")
        figures = {m.name: (m.dev.argmax(axis=1) == TRUTH).mean() for m in members}
        assert figures[found.name] >= max(figures["ngrams"], figures["frozen"])


def test_of_a_loss_the_least_is_best():
    name, *_ = kept(candidate("ngrams", 6), candidate("tuned", 9, 3), metric="loss")
    assert name == "tuned"


def test_a_blend_of_two_that_err_apart_is_better_than_both():
    rng = np.random.default_rng(8)
    logits = [2.0 * np.eye(2)[TRUTH] + rng.normal(0, 2, (400, 2)) for _ in range(2)]
    network = Candidate.alone("tuned", logits[0], None, 1.0)
    ngrams = Candidate.alone("ngrams", logits[1], None, 1.0)
    blend = with_ngrams(network, ngrams, EVIDENCE)
    assert blend.blend["model.onnx"] == pytest.approx(0.5, abs=0.15)
    found, _, tried = choose([ngrams, network, blend], EVIDENCE, KIND, "accuracy")
    assert found.name == "tuned + ngrams"
    assert found.members == ("tuned", "ngrams")
    assert found.figure > max(one.figure for one in tried[:2])
    assert "% network and " in tried[-1].why


def test_held_out_folds_of_train_join_where_all_have_them():
    held_out = 3.0 * np.eye(2)[TRUTH]
    wrong_on_dev = Candidate.alone("ngrams", 3.0 * np.eye(2)[1 - TRUTH], held_out, 1.0)
    half = candidate("frozen", 8, 9, held_out=3.0 * np.eye(2)[np.where(np.arange(400) % 5 < 4, TRUTH, 1 - TRUTH)])
    found, choice, _ = choose([wrong_on_dev, half], Evidence(TRUTH, TRUTH, with_train=True), KIND, "accuracy")
    assert found.name == "frozen"
    assert found.figure == pytest.approx(0.8, abs=0.03)
    assert "held-out folds of train" in choice.why
