"""What is chosen from the size of the data."""

import numpy as np

from fengkong.training.defaults import Choice, choose_defaults
from fengkong.training.encoding import Encoded
from fengkong.training.recipe import Recipe
from fengkong.training.ways.way import Trained

METRIC = Choice("metric", "macro_f1", "what the kind of task takes where nothing is set")
TRAINED = Trained("full", "", 22_000_000, 22_000_000)


def texts(count: int, length: int) -> Encoded:
    starts = np.arange(count + 1, dtype=np.int64) * length
    nothing = np.zeros(count, dtype=np.int64)
    return Encoded(np.zeros(count * length, dtype=np.int64), starts, nothing, None, nothing)


def plan_for(count: int, length: int = 30, *, labels: int = 3, hidden: int = 384, dev: int = 100, **values):
    recipe, train = Recipe.from_values(values), texts(count, length)
    return choose_defaults(
        recipe, train, texts(dev, length), labels=labels, hidden=hidden, metric=METRIC, trained=TRAINED
    )


def test_small_sets_get_at_least_the_least_steps_and_more_than_the_tutorial_rate():
    plan = plan_for(2_000)
    assert plan.steps >= Recipe().min_steps
    assert plan.learning_rate > 2e-5
    assert plan.steps % plan.epochs == 0


def test_the_smaller_the_set_the_more_passes_but_not_without_end():
    passes = [plan_for(count).epochs for count in (20, 200, 2_000, 20_000, 200_000)]
    assert passes == sorted(passes, reverse=True)
    assert passes[0] <= 40
    assert passes[-1] == 1


def test_a_large_dev_split_is_read_less_often_but_always_at_least_twice():
    often, seldom = plan_for(5_000, dev=100), plan_for(5_000, dev=20_000)
    assert often.steps // often.evaluate_every > seldom.steps // seldom.evaluate_every
    assert seldom.steps // seldom.evaluate_every == 2


def test_many_labels_get_more_steps():
    assert plan_for(3_000, labels=77).steps > plan_for(3_000, labels=3).steps


def test_a_batch_always_holds_several_texts_where_they_are_long():
    assert plan_for(5_000, 200).batch_tokens // 200 >= 16


def test_tiny_sets_are_cut_into_several_batches():
    plan = plan_for(100)
    assert plan.steps // plan.epochs >= 5


def test_wider_encoders_learn_at_a_lower_rate():
    assert plan_for(1_000, hidden=768).learning_rate < plan_for(1_000, hidden=384).learning_rate


def test_what_the_recipe_sets_is_taken_and_said():
    plan = plan_for(500, epochs=2, batch_tokens=300, learning_rate=3e-5, metric="loss", precision="fp32", threads=3)
    taken = plan.epochs, plan.batch_tokens, plan.learning_rate, plan.metric, plan.bf16, plan.threads
    assert taken == (2, 300, 3e-5, "loss", False, 3)
    assert plan.steps == 2 * 50
    assert {choice.why for choice in plan.choices} == {"set in the recipe", TRAINED.sentence}


def test_every_choice_has_its_reason():
    choices = plan_for(500).choices
    assert {choice.name for choice in choices} == {
        "way",
        "batch_tokens",
        "epochs",
        "learning_rate",
        "metric",
        "precision",
    }
    assert all(len(choice.why.split()) > 3 for choice in choices)
