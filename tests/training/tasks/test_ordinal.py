"""Labels with an order: far mistakes cost more, figures know of ranks, and a bundle gives a p for each label."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Document, Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.training.evaluation import evaluate
from fengkong.training.job import run_job
from fengkong.training.measuring.ordinal_figures import ordinal_figures
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task
from fengkong.training.tasks.choosing import choose_kind
from fengkong.training.tasks.ordinal import ranked_probability_score

GRADES = ("low", "mid", "high")
WORDS = {"low": "steady job income", "mid": "the applicant writes about a loan", "high": "gambling debts overdue"}


def splits() -> Splits:
    draw = np.random.default_rng(1)

    def part(count: int) -> list[Example]:
        return [
            Example(f"{' '.join(draw.permutation(WORDS[grade].split()))} for a car", grade)
            for grade in np.resize(GRADES, count).tolist()
        ]

    return Splits(part(120), part(36), part(36))


@settings(deadline=None, max_examples=40)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    y, p = (np.array(side) for side in zip(*pairs, strict=True))
    found = {name: e.value for name, e in ordinal_figures(y, p, "abcd", resamples=0).figures.items()}
    assert found["rank_error"] == pytest.approx(np.abs(y - p).mean())
    assert found["macro_f1"] == pytest.approx(f1_score(y, p, average="macro"))
    if len({*y.tolist(), *p.tolist()}) == 1:
        assert found["kappa"] is None
    else:
        assert found["kappa"] == pytest.approx(cohen_kappa_score(y, p, labels=[0, 1, 2, 3], weights="quadratic"))


def test_the_loss_grows_with_the_distance_and_is_nought_for_the_truth() -> None:
    def loss(said: int, truth: int) -> float:
        logits = 50.0 * torch.eye(4)[[said]]
        return float(ranked_probability_score(logits, torch.tensor([truth])))

    assert [loss(said, 0) for said in range(4)] == pytest.approx([0, 1, 2, 3], abs=1e-5)
    assert loss(3, 1) == loss(1, 3) == pytest.approx(2)
    # Of one probability each on two labels: that of the cumulative step between them.
    logits = torch.tensor([[0.0, 0.0, -50.0, -50.0]])
    assert float(ranked_probability_score(logits, torch.tensor([0]))) == pytest.approx(0.25)


def test_from_an_order_to_a_sealed_bundle(tiny_base: Path, tmp_path: Path) -> None:
    recipe = Recipe.from_values(
        {"base": str(tiny_base), "order": [*GRADES], "epochs": 10, "batch_tokens": 128, "learning_rate": 3e-3}
        | {"max_tokens": 24, "threads": 1}
    )
    result = run_job(Task("grade", "high"), recipe, splits(), tmp_path / "run")
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (told["task"], told["metric"], told["labels"]) == ("ordinal", "kappa", [*GRADES])
    tuned = told["models"][0]["test"]["figures"]
    assert tuned["kappa"]["value"] > 0.9
    assert tuned["rank_error"]["value"] < 0.1
    assert {"accuracy", "macro_f1"} < tuned.keys()
    assert [model["name"] for model in told["models"]] == ["tuned", "majority", "tfidf", "frozen"]

    bundle = Bundle.load(result.bundle)
    (head,) = bundle.manifest.heads
    assert (head.task, head.labels, head.positive) == ("ordinal", GRADES, "high")
    assert head.thresholds is not None
    assert bundle.manifest.metrics["parity"]["tried"][-1]["agreement"] >= 0.99
    scorer = Scorer(bundle, threads=1)
    (signal,) = scorer.score([Document("gambling debts overdue for a car")])
    assert (signal.label, [*signal.probabilities]) == ("high", [*GRADES])
    assert sum(signal.probabilities.values()) == pytest.approx(1)
    assert signal.p == signal.probabilities["high"]
    again = evaluate(scorer, splits().test, resamples=0)
    assert again.figures["kappa"].value == pytest.approx(tuned["kappa"]["value"])
    assert "kappa, quadratic weights" in (tmp_path / "run" / "report.html").read_text()
    assert "from the lowest to the highest" in (result.bundle / "model_card.md").read_text()


@pytest.mark.parametrize(
    ("recipe", "error", "sentence"),
    [
        ({"task": "ordinal"}, SettingsError, "such a task needs one.*from the lowest to the highest"),
        (
            {"task": "classification", "order": GRADES},
            SettingsError,
            "an order belongs to task 'ordinal'.*leave it out",
        ),
        ({"order": ["low"]}, SettingsError, "two labels or more, each once"),
        ({"order": ["low", "mid", "high", "low"]}, SettingsError, "two labels or more, each once"),
        ({"order": ["low", "mid", "hihg"]}, SettingsError, "no example of train bears.*'hihg'.*'high'"),
        ({"order": ["low", "high"]}, InputError, "a label has no place in the order.*'mid'"),
        ({"order": GRADES, "metric": "auc"}, SettingsError, "metric is not one of task 'ordinal'"),
        ({"order": GRADES, "loss": "focal"}, SettingsError, "loss is not one of task 'ordinal'"),
        ({"order": GRADES, "label_smoothing": 0.1}, SettingsError, "without an order"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(recipe: dict, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=f"(?s){sentence}"):
        choose_kind(Recipe.from_values(recipe), splits())
