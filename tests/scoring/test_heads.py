"""A bundle of several heads: each answers its own question, from one pass over the texts."""

import numpy as np
import pytest

from fengkong.decisions.signals import ask_all
from fengkong.domain.documents import Document
from fengkong.domain.errors import SettingsError
from fengkong.scoring.bundle import Bundle, seal
from fengkong.scoring.calibration import sigmoid, softmax
from fengkong.scoring.manifest import Head
from fengkong.scoring.scorer import Scorer, open_scorers

TEXTS = ["urgent fraud", "calm", "诈骗 urgent urgent", ""]


@pytest.fixture
def bundle(tiny_bundle) -> Bundle:
    """The graph's four logits, read as one label of two and as any of two."""
    path = tiny_bundle(labels=("a", "b", "c", "d"))
    manifest = Bundle.load(path).manifest
    heads = (
        Head(name="risk", labels=("low", "high"), positive="high", temperature=2.0),
        Head(name="topics", task="multilabel", labels=("debt", "fraud"), cutoffs=(0.5, 0.4)),
    )
    (path / "manifest.json").unlink()
    seal(path, manifest.model_copy(update={"heads": heads, "files": {}}))
    return Bundle.load(path)


def test_each_head_reads_its_own_columns(bundle, tiny_bundle):
    plain = Scorer(Bundle.load(tiny_bundle(labels=("a", "b", "c", "d"), folder="plain")), threads=1)
    logits = np.log(plain.probabilities(TEXTS))
    scorers = open_scorers(bundle, threads=1)
    risk, topics = scorers["risk"].probabilities(TEXTS), scorers["topics"].probabilities(TEXTS)
    np.testing.assert_allclose(risk, softmax(logits[:, :2], 2.0), atol=1e-5)
    # Softmax hides what all logits share; sigmoids of two labels differ by their difference all the same.
    difference = np.log(topics / (1 - topics))
    np.testing.assert_allclose(difference[:, 1] - difference[:, 0], logits[:, 3] - logits[:, 2], atol=1e-4)
    assert sigmoid(difference)[0, 0] == pytest.approx(topics[0, 0])


def test_one_pass_answers_all_questions_as_each_by_itself(bundle, monkeypatch):
    scorers = tuple(open_scorers(bundle, threads=1).values())
    docs = [Document(text) for text in TEXTS]
    alone = [scorer.score(docs) for scorer in scorers]
    passes = []
    run = scorers[0].reader._engine.run
    monkeypatch.setattr(scorers[0].reader._engine, "run", lambda *given: passes.append(1) or run(*given))
    together = ask_all(scorers, docs)
    assert together == alone
    assert len(passes) == 1
    assert [sig.name for sig in (together[0][0], together[1][0])] == ["risk", "topics"]


def test_a_broken_engine_fails_every_question_and_raises_nothing(bundle, monkeypatch):
    scorers = tuple(open_scorers(bundle, threads=1).values())

    def broken(*_given):
        raise RuntimeError("out of order")

    monkeypatch.setattr(scorers[0].reader._engine, "run", broken)
    for row in ask_all(scorers, [Document("a"), Document("b")]):
        assert [sig.failed for sig in row] == [True, True]


def test_a_question_that_the_bundle_lacks_names_the_slip(bundle):
    with pytest.raises(SettingsError, match=r"no such question.*'riks'.*did you mean 'risk'"):
        Scorer(bundle, threads=1, head="riks")
