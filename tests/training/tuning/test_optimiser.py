"""Optimisers, schedules, accumulation, averages, and values computed twice."""

import pytest
import torch

from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import fine_tune


def prepared_with(tiny_base, tiny_splits, **values):
    given = {"base": str(tiny_base), "epochs": 2, "batch_tokens": 128, "precision": "fp32", "learning_rate": 3e-3}
    return prepare(Recipe.from_values({**given, **values}), tiny_splits)


def run(prepared):
    """The state after training, its steps, and the head after each of them."""
    state, steps, heads = prepared.start(), [], []
    for event in fine_tune(state, prepared.train, prepared.dev):
        if isinstance(event, Step):
            steps.append(event)
            heads.append(prepared.network.head.weight.detach().clone())
    return state, steps, heads


@pytest.mark.parametrize(
    ("optimiser", "rate", "kind"),
    [
        ("adamw", 3e-3, torch.optim.AdamW),
        ("sgd", 0.1, torch.optim.SGD),
        ("adafactor", 0.03, torch.optim.Adafactor),
    ],
)
def test_every_optimiser_learns(tiny_base, tiny_splits, optimiser, rate, kind):
    prepared = prepared_with(tiny_base, tiny_splits, optimiser=optimiser, learning_rate=rate, epochs=8)
    state, _, _ = run(prepared)
    assert isinstance(state.optimiser, kind)
    assert state.best_figures["accuracy"] > 0.9


@pytest.mark.parametrize("optimiser", ["adamw", "sgd", "adafactor"])
def test_every_optimiser_has_a_rate_of_its_own(tiny_base, tiny_splits, optimiser):
    plan = prepared_with(tiny_base, tiny_splits, optimiser=optimiser, learning_rate="auto").plan
    usual = prepared_with(tiny_base, tiny_splits, learning_rate="auto").plan
    assert (plan.learning_rate == usual.learning_rate) == (optimiser == "adamw")


def test_a_constant_rate_stays_after_the_warm_up(tiny_base, tiny_splits):
    _, steps, _ = run(prepared_with(tiny_base, tiny_splits, schedule="constant", warmup=0.3))
    rates = [step.learning_rate for step in steps]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert 0 < top < len(rates) / 2
    assert set(rates[top:]) == {3e-3}


def test_accumulated_batches_make_the_step_of_one_large_batch(tiny_base, tiny_splits):
    """With plain gradient descent and nothing drawn at random, four batches in one step are one batch of them all."""
    plain = {"optimiser": "sgd", "dropout": 0, "epochs": 1, "warmup": 0, "averaging": 0, "weight_decay": 0}
    whole = prepared_with(tiny_base, tiny_splits, batch_tokens=100_000, **plain)
    parts = prepared_with(tiny_base, tiny_splits, batch_tokens=512, accumulation=100, **plain)
    assert whole.plan.steps == parts.plan.steps == 1
    (_, one, (head,)), (_, many, (other,)) = run(whole), run(parts)
    assert many[0].loss == pytest.approx(one[0].loss, rel=1e-5)
    torch.testing.assert_close(other, head, rtol=1e-4, atol=1e-6)


def test_accumulation_makes_fewer_steps_of_the_same_texts(tiny_base, tiny_splits):
    alone = prepared_with(tiny_base, tiny_splits).plan
    plan = prepared_with(tiny_base, tiny_splits, accumulation=3).plan
    _, steps, _ = run(prepared_with(tiny_base, tiny_splits, accumulation=3))
    assert plan.steps // plan.epochs == -(-(alone.steps // alone.epochs) // 3)
    assert len(steps) == plan.steps
    assert {step.epoch for step in steps} == {1, 2}


def test_values_computed_twice_give_the_same_model(tiny_base, tiny_splits):
    kept, twice = (
        run(prepared_with(tiny_base, tiny_splits, gradient_checkpointing=asked, epochs=1)) for asked in (False, True)
    )
    assert [step.loss for step in kept[1]] == pytest.approx([step.loss for step in twice[1]], rel=1e-5)


def test_values_computed_twice_are_not_kept(tiny_base, tiny_splits):
    def kept(asked):
        prepared, sizes = prepared_with(tiny_base, tiny_splits, gradient_checkpointing=asked, epochs=1), []

        def count(tensor):
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            next(fine_tune(prepared.start(), prepared.train, prepared.dev))
        return sum(sizes)

    assert kept(True) < 0.5 * kept(False)


def test_the_mean_of_the_tail_is_what_is_kept(tiny_base, tiny_splits):
    state, steps, heads = run(prepared_with(tiny_base, tiny_splits, average="tail", averaging=0.2))
    begun = len(steps) - 0.2 * len(steps)
    assert 4 < 0.2 * len(steps) < 8  # few enough that each of them counts
    tail = [head for step, head in enumerate(heads, start=1) if step > begun]
    torch.testing.assert_close(state.average["head.weight"], torch.stack(tail).mean(0), rtol=0, atol=1e-6)


def test_before_the_tail_nothing_is_averaged(tiny_base, tiny_splits):
    prepared = prepared_with(tiny_base, tiny_splits, average="tail", averaging=0.2)
    state = prepared.start()
    averaged = [
        bool(state.average) for event in fine_tune(state, prepared.train, prepared.dev) if isinstance(event, Step)
    ]
    assert averaged.index(True) == pytest.approx(0.8 * len(averaged), abs=1)
