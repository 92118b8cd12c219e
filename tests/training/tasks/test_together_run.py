"""One run of two questions: one bundle, two heads, each measured and reported by itself."""

import json
from dataclasses import replace

import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Document
from fengkong.domain.errors import SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import open_scorers
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task
from fengkong.training.together import run_together

RECIPE = {"epochs": 10, "batch_tokens": 128, "learning_rate": 3e-3, "max_tokens": 32}


def topics(splits: Splits) -> Splits:
    """Another question on other texts: does it speak of a car, of a house."""

    def relabel(part):
        bear = [tuple(word for word in ("car", "house") if word in ex.text.split()) for ex in part]
        return [replace(ex, label="|".join(b), labels=b, fields={}) for ex, b in zip(part, bear, strict=True)]

    return Splits(*(relabel(part) for _, part in splits))


@pytest.fixture(scope="module")
def result(tiny_base, tiny_splits, tmp_path_factory):
    plain = Splits(*([replace(ex, fields={}) for ex in part] for _, part in tiny_splits))
    recipe = Recipe.from_values({**RECIPE, "base": str(tiny_base)})
    questions = {"risk": plain, "topics": topics(tiny_splits)}
    folder = tmp_path_factory.mktemp("together") / "run"
    return run_together([Task("risk", "bad"), Task("topics")], recipe, questions, folder)


def test_one_bundle_answers_both_questions(result):
    bundle = Bundle.load(result.bundle)
    assert [(head.name, head.task) for head in bundle.manifest.heads] == [
        ("risk", "classification"),
        ("topics", "multilabel"),
    ]
    scorers = open_scorers(bundle, threads=1)
    doc = Document("overdue gambling debts for a car")
    assert scorers["risk"].score([doc])[0].label == "bad"
    assert scorers["topics"].score([doc])[0].label == "car"


def test_each_question_has_its_own_figures_and_report(result):
    risk, both = result.measurements["risk"], result.measurements["topics"]
    assert risk.tuned.test.accuracy.value > 0.9
    assert both.tuned.test.figures["micro_f1"].value > 0.9
    assert [model.name for model in risk.models] == ["tuned", "majority", "tfidf"]
    told = json.loads((result.bundle.parent / "metrics.json").read_text())
    assert told["risk"]["positive"] == "bad"
    assert told["topics"]["task"] == "multilabel"
    pages = {name: page.read_text(encoding="utf-8") for name, page in result.reports.items()}
    assert "micro-F1" in pages["topics"]
    assert "micro-F1" not in pages["risk"]
    assert told["risk"]["run"]["counts"]["test"] == {"good": 20, "bad": 20}


@pytest.mark.parametrize(("key", "value"), [("metric", "accuracy"), ("model", "ngrams")])
def test_what_does_not_fit_several_questions_is_refused_at_once(tiny_base, tiny_splits, tmp_path, key, value):
    recipe = Recipe.from_values({**RECIPE, "base": str(tiny_base), key: value})
    with pytest.raises(SettingsError, match=f"together leave {key}"):
        run_together([Task("a"), Task("b")], recipe, {"a": tiny_splits, "b": tiny_splits}, tmp_path / "run")
    assert not (tmp_path / "run").exists()
