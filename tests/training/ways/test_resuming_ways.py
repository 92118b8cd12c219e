"""Broken off and gone on with, every way ends where an uninterrupted run ends."""

import pytest

from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.checkpoint import load_checkpoint, save_checkpoint
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.ways.registry import WAYS


def weights(prepared):
    return {name: w.detach().clone() for name, w in prepared.network.named_parameters()}


def broken_off(prepared, path, *, at):
    """Train up to a step and save; returns the losses so far."""
    state, losses = prepared.start(), []
    events = fine_tune(state, prepared.train, prepared.dev)
    for event in events:
        if isinstance(event, Step):
            losses.append(event.loss)
            if event.step == at:
                save_checkpoint(state, path, run="ways")
                break
    events.close()
    return losses


@pytest.mark.parametrize(
    "values",
    [
        *({"way": way} for way in WAYS),
        *({"optimiser": name} for name in ("sgd", "adafactor")),
        {"accumulation": 3},
        {"average": "tail", "averaging": 0.7},
        {"gradient_checkpointing": True},
    ],
    ids=lambda values: "-".join(map(str, values.values())),
)
def test_a_resumed_run_ends_where_a_whole_one_ends(tiny_base, tiny_splits, tmp_path, values):
    few = {"top_layers": 1, "rank": 2, "virtual_tokens": 3, "bottleneck": 4}
    recipe = Recipe.from_values({"base": str(tiny_base), "epochs": 2, "batch_tokens": 256, "precision": "fp32", **few})
    recipe = recipe.changed({"averaging": 0.5, **values})
    whole = prepare(recipe, tiny_splits)
    expected = [event.loss for event in fine_tune(whole.start(), whole.train, whole.dev) if isinstance(event, Step)]

    losses = broken_off(prepare(recipe, tiny_splits), tmp_path / "c", at=max(2, 2 * len(expected) // 3))
    again = prepare(recipe, tiny_splits)
    state = again.start()
    load_checkpoint(state, tmp_path / "c", run="ways")
    losses += [event.loss for event in fine_tune(state, again.train, again.dev) if isinstance(event, Step)]

    assert losses == expected
    assert all(w.equal(weights(whole)[name]) for name, w in weights(again).items())
