"""Several questions learnt together: one encoder, one pass, each example answering its own."""

import numpy as np
import pytest
import torch

from fengkong.corpus.splitting import Splits, mixed
from fengkong.decisions.bands import Costs
from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.choosing import choose_kind
from fengkong.training.tasks.heads import calibrate_heads, open_heads
from fengkong.training.tasks.together import Together


def splits(*examples: Example) -> Splits:
    return Splits(list(examples), list(examples), list(examples))


QUESTIONS = {
    "tone": splits(Example("a", "bad"), Example("b", "good")),
    "topics": splits(Example("c", "", labels=("x", "y")), Example("d", "", labels=())),
    "loss": splits(Example("e", "10"), Example("f", "30"), Example("g", "20")),
}


@pytest.fixture
def together() -> Together:
    tasks = {"tone": "classification", "topics": "multilabel", "loss": "regression"}
    return Together.of({n: choose_kind(Recipe.from_values({"task": tasks[n]}), s) for n, s in QUESTIONS.items()})


def test_targets_say_which_question_an_example_answers_and_what_is_true_of_it(together):
    targets = together.targets(mixed(QUESTIONS).train)
    assert targets[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert targets[:2, 1].tolist() == [0, 1]
    assert targets[2:4, 1:].tolist() == [[1, 1], [0, 0]]
    assert targets[4:, 1].mean() == pytest.approx(0, abs=1e-6)
    assert together.labels == ("tone.bad", "tone.good", "topics.x", "topics.y", "loss.value")


def test_no_examples_have_no_targets(together):
    assert together.targets([]).shape == (0, 2)


def test_the_loss_is_each_questions_own_by_its_share_of_the_texts(together):
    targets = torch.from_numpy(together.targets(mixed(QUESTIONS).train))
    logits = torch.randn(7, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    tone = together.kinds["tone"].loss(logits[:2, :2], torch.tensor([0, 1]))
    topics = together.kinds["topics"].loss(logits[2:4, 2:4], targets[2:4, 1:])
    loss = together.kinds["loss"].loss(logits[4:, 4:], targets[4:, 1])
    torch.testing.assert_close(together.loss(logits, targets), (2 * tone + 2 * topics + 3 * loss) / 7)
    # An example teaches nothing about the questions that it does not answer.
    together.loss(logits, targets).backward()
    assert not logits.grad[:2, 2:].any()
    assert not logits.grad[4:, :4].any()
    assert logits.grad[:2, :2].any()


def test_dev_figures_are_told_by_question_and_their_mean_counts(together):
    targets = together.targets(mixed(QUESTIONS).dev)
    logits = np.zeros((7, 5), np.float32)
    logits[:2, :2] = [[9, -9], [-9, 9]]
    logits[2:4, 2:4] = [[9, 9], [-9, -9]]
    logits[4:, 4] = targets[4:, 1]
    figures = together.dev_figures(logits, targets)
    assert figures["tone.auc"] == figures["topics.micro_f1"] == figures["mean"] == 1.0
    assert figures["loss.rmse"] == pytest.approx(0, abs=1e-4)
    logits[:2, :2] = [[-9, 9], [9, -9]]
    assert together.dev_figures(logits, targets)["mean"] == pytest.approx(2 / 3)


def test_each_head_is_settled_on_its_own_texts(together):
    targets = together.targets(mixed(QUESTIONS).dev)
    heads = open_heads(together, {"tone": "bad", "topics": None, "loss": None})
    assert [(head.name, head.task, head.positive) for head in heads] == [
        ("tone", "classification", "bad"),
        ("topics", "multilabel", None),
        ("loss", "regression", None),
    ]
    tone, topics, loss = calibrate_heads(together, heads, np.zeros((7, 5), np.float32), targets, Costs())
    assert tone.chosen is not None
    assert len(topics.head.cutoffs) == 2
    assert loss.head.scale.mean == pytest.approx(20)


def test_one_question_is_not_several(together):
    with pytest.raises(SettingsError, match="two questions or more"):
        Together.of({"tone": together.kinds["tone"]})
