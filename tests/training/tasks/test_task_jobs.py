"""Whole runs of the other kinds of task: from files to sealed bundles that answer without torch."""

import json

import pytest

from fengkong.corpus import read_examples, split_examples
from fengkong.domain.documents import Document
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.training.evaluation import evaluate
from fengkong.training.job import run_job
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task

SPLITS = ("train", "train", "dev", "test")
FAST = {"epochs": 12, "batch_tokens": 128, "learning_rate": 3e-3, "max_tokens": 32}
TOPICS = {"debts": "gambling debts overdue", "work": "steady job income", "home": "house repairs"}


@pytest.fixture
def several(tmp_path):
    """Texts of none to three topics, told by their words."""
    rows = []
    for number in range(160):
        labels = [topic for bit, topic in enumerate(TOPICS) if number >> bit & 1]
        words = " and ".join(TOPICS[label] for label in labels) or "the applicant writes about a loan"
        rows.append(
            {"text": f"{words} for a car {number % 7}", "labels": labels, "split": ("train", "dev", "test")[number % 3]}
        )
    path = tmp_path / "topics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(path, tiny_base, folder, purpose, **recipe):
    recipe = Recipe.from_values({**FAST, "base": str(tiny_base), **recipe})
    splits = split_examples(read_examples(path), seed=1)
    return run_job(purpose, recipe, splits, folder), splits


def test_several_labels_a_text(several, tiny_base, tmp_path):
    result, splits = run(several, tiny_base, tmp_path / "run", Task("topics", "debts"))
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())
    tuned = told["models"][0]["test"]
    assert told["task"] == "multilabel"
    assert tuned["figures"]["micro_f1"]["value"] > 0.9
    assert tuned["figures"]["micro_f1"]["low"] <= tuned["figures"]["micro_f1"]["value"]
    assert {row["label"]: row["support"] > 0 for row in tuned["labels"]} == dict.fromkeys(sorted(TOPICS), True)
    scorer = Scorer(Bundle.load(result.bundle), threads=1)
    both, none = scorer.score([Document("gambling debts overdue and house repairs"), Document("the applicant writes")])
    assert both.label == "debts|home"
    assert both.p == both.probabilities["debts"] > 0.5
    assert sum(both.probabilities.values()) > 1.2
    assert none.label == ""
    assert not none.failed
    again = evaluate(scorer, splits.test, resamples=0)
    assert again.figures["micro_f1"].value == tuned["figures"]["micro_f1"]["value"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "micro-F1" in report
    assert "tuned" in report


def test_a_number(tiny_base, tmp_path):
    rows = []
    for number in range(150):
        bad, good = number % 5, number % 3
        text = " ".join(["overdue debts"] * bad + ["steady income"] * good + ["a loan"])
        rows.append({"text": text, "label": 1000 * bad - 500 * good, "split": SPLITS[number % 4]})
    path = tmp_path / "losses.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result, _ = run(path, tiny_base, tmp_path / "run", Task("loss"), task="regression", epochs=20)
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert told["models"][0]["test"]["figures"]["spearman"]["value"] > 0.8
    errors = {model["name"]: model["test"]["figures"]["rmse"]["value"] for model in told["models"]}
    assert list(errors) == ["tuned", "mean", "tfidf", "frozen"]
    assert errors["tuned"] < 800
    assert errors["tfidf"] < errors["mean"]
    assert errors["frozen"] < errors["mean"]
    scorer = Scorer(Bundle.load(result.bundle), threads=1)
    high, low = scorer.score(
        [Document("overdue debts " * 4 + "a loan"), Document("steady income steady income a loan")]
    )
    assert high.value > 1000 > low.value
    assert (high.label, high.p, high.failed) == (None, None, False)
    assert "RMSE" in (tmp_path / "run" / "report.html").read_text()


def test_two_texts_are_read_side_by_side(tiny_base, tmp_path):
    """The label follows from the second text alone, which the first must not hide even where it is long."""
    words = {"good": "steady income", "bad": "gambling debts"}
    rows = [
        {"text": "the applicant writes about a loan " * (1 + number % 9), "pair": words[label], "label": label}
        for number in range(120)
        for label in [("good", "bad")[number % 2]]
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result, splits = run(path, tiny_base, tmp_path / "run", Task("risk", "bad"))
    scorer = Scorer(Bundle.load(result.bundle), threads=1)
    assert evaluate(scorer, splits.test, resamples=0).accuracy.value > 0.95
    text = "the applicant writes about a loan " * 9
    bad, good = scorer.score([Document(text, pair="gambling debts"), Document(text, pair="steady income")])
    assert (bad.label, good.label) == ("bad", "good")
    assert bad.unread > 0
