"""Each kind of task: what it learns from which examples, its loss, its dev figures, and what is settled on dev."""

import math

import numpy as np
import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.decisions.bands import Costs
from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import InputError, SettingsError
from fengkong.scoring.calibration import sigmoid
from fengkong.scoring.signals import answers
from fengkong.training.measuring.cutoffs import choose_cutoffs
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.choosing import choose_kind
from fengkong.training.tasks.heads import calibrate, open_head
from fengkong.training.tasks.targets import head_targets


def splits(*examples: Example) -> Splits:
    return Splits(list(examples), list(examples), list(examples))


ONE = splits(Example("a", "good"), Example("b", "bad"), Example("c", "good"))
SEVERAL = splits(
    Example("a", "fraud|loss", labels=("fraud", "loss")),
    Example("b", "", labels=()),
    Example("c", "loss", labels=("loss",)),
)
NUMBERS = splits(Example("a", "10"), Example("b", "20"), Example("c", "-3.5"))


def kind(data: Splits, **recipe: object):
    return choose_kind(Recipe.from_values(recipe), data)


def test_the_kind_is_found_by_the_labels():
    assert kind(ONE).task == "classification"
    assert kind(ONE).labels == ("bad", "good")
    assert kind(SEVERAL).task == "multilabel"
    assert kind(SEVERAL).labels == ("fraud", "loss")
    single_lists = splits(Example("a", "x", labels=("x",)), Example("b", "y", labels=("y",)))
    assert kind(single_lists).task == "classification"
    assert kind(single_lists, task="multilabel").task == "multilabel"
    # A number is a label like any other unless asked for.
    assert kind(NUMBERS).task == "classification"
    assert kind(NUMBERS, task="regression").labels == ("value",)


def test_joined_labels_of_a_plain_column_are_parted():
    joined = splits(Example("a", "fraud|loss"), Example("b", "loss"))
    assert kind(joined, task="multilabel").targets(joined.train).tolist() == [[1, 1], [0, 1]]


def test_targets_follow_the_labels():
    assert kind(ONE).targets(ONE.train).tolist() == [1, 0, 1]
    assert kind(SEVERAL).targets(SEVERAL.train).tolist() == [[1, 1], [0, 0], [0, 1]]
    regression = kind(NUMBERS, task="regression")
    standardised = regression.targets(NUMBERS.train)
    assert standardised.mean() == pytest.approx(0, abs=1e-6)
    assert standardised.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("data", "recipe", "sentence"),
    [
        (splits(Example("a", "x"), Example("b", "x")), {}, "one label only"),
        (splits(Example("a", "", labels=()), Example("b", "x", labels=("x",))), {}, "fewer than two labels.*joined by"),
        (splits(Example("a", "7"), Example("b", "7.0")), {"task": "regression"}, "all numbers .* the same"),
        (
            splits(Example("a", "7"), Example("b", "high", place=Place("a.csv", 3))),
            {"task": "regression"},
            r"a\.csv:3.*not a number.*'high'",
        ),
        (splits(Example("a", "7"), Example("b", "nan")), {"task": "regression"}, "not a number"),
    ],
)
def test_examples_that_can_not_be_learnt_from_are_refused(data, recipe, sentence):
    with pytest.raises(InputError, match=sentence):
        kind(data, **recipe)


@pytest.mark.parametrize(
    ("data", "recipe", "sentence"),
    [
        (ONE, {"metric": "rmse"}, "metric is not one of task 'classification'.*macro_f1"),
        (SEVERAL, {"metric": "auc"}, "metric is not one of task 'multilabel'.*micro_f1"),
        (SEVERAL, {"loss": "focal"}, "loss is not one of task 'multilabel'"),
        (NUMBERS, {"task": "regression", "class_weights": "balanced"}, "belong to one label a text"),
        (ONE, {"cost_matrix": {"bad": {"goood": 5.0}}}, "names a label that is none.*did you mean 'good'"),
        (ONE, {"cost_matrix": {"bad": {"good": -5.0}}}, "numbers from 0 up"),
        (ONE, {"cost_matrix": {"bad": {"bad": 5.0}}}, "what mistakes cost"),
    ],
)
def test_a_recipe_that_does_not_fit_the_task_is_refused(data, recipe, sentence):
    with pytest.raises(SettingsError, match=sentence):
        kind(data, **recipe)


@pytest.mark.parametrize(("data", "task"), [(ONE, "classification"), (SEVERAL, "multilabel")])
def test_a_label_that_train_lacks_names_place_and_slip(data, task):
    label = "goood" if task == "classification" else "losss"
    ex = Example("d", label, place=Place("dev.csv", 7), labels=None if task == "classification" else (label,))
    with pytest.raises(InputError, match=rf"dev\.csv:7.*{label}.*did you mean"):
        kind(data).targets([ex])


def test_losses_are_what_their_papers_say():
    logits = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    targets = torch.tensor([1, 1])
    p = logits.softmax(1)[:, 1]
    plain = kind(ONE).loss(logits, targets)
    torch.testing.assert_close(plain, -p.log().mean())
    focal = kind(ONE, loss="focal", focusing=2.0).loss(logits, targets)
    torch.testing.assert_close(focal, ((1 - p) ** 2 * -p.log()).mean())
    # Three examples, one of them bad: balanced, it counts twice as much as a good one.
    weighted = kind(ONE, class_weights="balanced").weights
    assert weighted[0] == pytest.approx(2 * weighted[1])
    assert weighted[[1, 0, 1]].mean() == pytest.approx(1)
    # Saying good where bad is true costs nine times the other mistake.
    costly = kind(ONE, cost_matrix={"bad": {"good": 900.0}, "good": {"bad": 100.0}})
    says_good = torch.tensor([[0.0, 4.0]])
    extra = [
        float(costly.loss(says_good, torch.tensor([y])) - kind(ONE).loss(says_good, torch.tensor([y]))) for y in (0, 1)
    ]
    assert extra[0] / float(says_good.softmax(1)[0, 1]) == pytest.approx(1.8, rel=1e-4)
    assert extra[1] / float(says_good.softmax(1)[0, 0]) == pytest.approx(0.2, rel=1e-4)


@pytest.mark.parametrize(
    ("data", "recipe", "metric"),
    [
        (ONE, {}, "auc"),
        (splits(*ONE.train, Example("d", "so so")), {}, "macro_f1"),
        (SEVERAL, {}, "micro_f1"),
        (NUMBERS, {"task": "regression"}, "rmse"),
    ],
)
def test_perfect_logits_have_perfect_dev_figures(data, recipe, metric):
    found = kind(data, **recipe)
    targets = found.targets(data.train)
    if found.task == "classification":
        logits = 20.0 * np.eye(len(found.labels), dtype=np.float32)[targets]
    else:
        logits = 40.0 * targets - 20.0 if found.task == "multilabel" else targets[:, None]
    assert found.metric == metric
    figures = found.dev_figures(logits.astype(np.float32), targets)
    assert figures[metric] == pytest.approx(0.0 if metric == "rmse" else 1.0, abs=1e-6)
    assert figures["loss"] == pytest.approx(0, abs=1e-6)


def test_regression_answers_in_the_unit_of_its_numbers():
    regression = kind(NUMBERS, task="regression")
    head = calibrate(
        regression, open_head(regression, "loss", None), np.zeros((3, 1), np.float32), np.zeros(3), Costs()
    ).head
    assert answers(head, regression.targets(NUMBERS.train)[:, None])[:, 0] == pytest.approx([10, 20, -3.5], rel=1e-5)
    assert head_targets(head, NUMBERS.train) == pytest.approx(regression.targets(NUMBERS.train))
    with pytest.raises(InputError, match="no positive label"):
        open_head(regression, "loss", "10")


def test_cutoffs_follow_each_label_but_a_rare_one_stays_near_the_others():
    draw = np.random.default_rng(0)
    truth = draw.random((4000, 3)) < [0.3, 0.3, 0.002]
    p = sigmoid(draw.normal(size=truth.shape) + np.where(truth, 1.0, -1.0) * 2.0)
    p[:, 1] = p[:, 1] ** 3  # a label whose probabilities are all too low
    p[:, 2] = np.where(truth[:, 2], 0.99, p[:, 2])
    first, second, rare = choose_cutoffs(p, truth)
    assert second < first - 0.2
    few = np.flatnonzero(truth[:, 2])
    assert len(few) < 15
    assert abs(rare - first) < 0.45


def test_several_labels_are_calibrated_by_one_temperature():
    draw = np.random.default_rng(1)
    honest = draw.normal(size=(3000, 4)).astype(np.float32) * 2
    truth = (draw.random(honest.shape) < sigmoid(honest)).astype(np.float32)
    several = kind(SEVERAL)
    head = open_head(several, "events", "fraud").model_copy(update={"labels": ("a", "b", "c", "d"), "positive": None})
    found = calibrate(several, head, honest * 2, truth, Costs()).head
    assert found.temperature == pytest.approx(2.0, rel=0.1)
    assert len(found.cutoffs) == 4
    assert math.isclose(answers(found, honest * 2)[0, 0], sigmoid(honest)[0, 0], abs_tol=0.03)
