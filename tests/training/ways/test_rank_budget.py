"""AdaLoRA's ranks really move: from a first rank in every map to the budget, where they matter."""

import pytest
import torch

from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.ways.rank_budget import SETTLED, ranks_left

FIRST, LAST = 6, 4


@pytest.fixture
def prepared(tiny_base, tiny_splits):
    values = {"base": str(tiny_base), "way": "adalora", "rank": LAST, "epochs": 4, "learning_rate": 3e-3}
    return prepare(Recipe.from_values({**values, "batch_tokens": 256, "precision": "fp32"}), tiny_splits)


def trained(prepared):
    """The state after training, and all ranks after each step."""
    state = prepared.start()
    events = fine_tune(state, prepared.train, prepared.dev)
    return state, [state.ranks.ranks for event in events if isinstance(event, Step)]


def test_ranks_are_cut_to_the_budget_and_not_alike(prepared):
    _, told = trained(prepared)
    assert set(told[0].values()) == {FIRST}
    assert sum(told[-1].values()) == LAST * len(told[-1])
    assert len(set(told[-1].values())) > 1
    totals = [sum(ranks.values()) for ranks in told]
    assert len(set(totals)) > 3  # little by little


def test_what_was_cut_stays_cut_and_is_not_in_the_model_that_is_kept(prepared):
    state, told = trained(prepared)
    settled_at = len(told) - int(SETTLED * len(told))
    assert settled_at < len(told) - 2
    assert all(ranks == told[-1] for ranks in told[settled_at - 1 :])
    assert state.best_step > settled_at
    assert (
        state.ranks.ranks == ranks_left(prepared.network) == told[-1]
    )  # of the best state, which is an average of many


def test_the_factors_are_drawn_towards_orthogonal(prepared):
    state = prepared.start()
    before = state.ranks.penalty().item()
    list(fine_tune(state, prepared.train, prepared.dev))
    assert state.ranks.penalty().item() < before
    with torch.no_grad():
        for name, weights in state.weights.items():
            if ".lora_A." in name or ".lora_B." in name:
                weights.copy_(torch.eye(*weights.shape))
    assert state.ranks.penalty().item() == pytest.approx(0, abs=1e-6)


def test_no_other_way_has_a_budget(tiny_base, tiny_splits):
    assert prepare(Recipe.from_values({"base": str(tiny_base), "way": "lora"}), tiny_splits).start().ranks is None


def test_a_run_of_one_step_is_too_short_to_cut_and_still_ends(tiny_base, tiny_splits):
    values = {"base": str(tiny_base), "way": "adalora", "epochs": 1, "batch_tokens": 100_000, "precision": "fp32"}
    prepared = prepare(Recipe.from_values(values), tiny_splits)
    assert prepared.plan.steps == 1
    _, told = trained(prepared)
    assert len(told) == 1
