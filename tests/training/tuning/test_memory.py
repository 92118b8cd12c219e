"""When memory runs out, training goes on in smaller pieces that learn the same; nothing is lost."""

import pytest
import torch

from fengkong.domain.errors import FacilityError
from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning import loop, predict
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.tuning.memory import ran_out
from fengkong.training.tuning.predict import predict_logits


def run(tiny_base, tiny_splits):
    recipe = {"epochs": 1, "batch_tokens": 128, "max_tokens": 32, "dropout": 0.0, "precision": "fp32"}
    prepared = prepare(Recipe.from_values({"base": str(tiny_base), **recipe}), tiny_splits)
    steps = [event for event in fine_tune(prepared.start(), prepared.train, prepared.dev) if isinstance(event, Step)]
    return steps, predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)


def small_memory(most, error):
    """What the network answers on a machine that holds so many texts at once."""
    whole = loop.logits_of

    def answer(network, batch):
        if network.training and len(batch.targets) > most:
            raise error
        return whole(network, batch)

    return answer


def test_smaller_pieces_learn_the_same(tiny_base, tiny_splits, monkeypatch):
    steps, logits = run(tiny_base, tiny_splits)
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
    monkeypatch.setattr(loop, "logits_of", small_memory(3, error))
    cut, found = run(tiny_base, tiny_splits)
    assert cut[0].pieces > 1
    assert len(cut) == len(steps)
    assert [step.loss for step in cut] == pytest.approx([step.loss for step in steps], rel=1e-4)
    torch.testing.assert_close(torch.from_numpy(found), torch.from_numpy(logits), rtol=0, atol=1e-3)


def test_a_text_that_memory_can_not_hold_is_said(tiny_base, tiny_splits, monkeypatch):
    monkeypatch.setattr(loop, "logits_of", small_memory(0, torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(FacilityError, match=r"step 1.*a single text.*tokens\); lower max_tokens"):
        run(tiny_base, tiny_splits)


def test_other_errors_are_not_taken_for_want_of_memory(tiny_base, tiny_splits, monkeypatch):
    monkeypatch.setattr(loop, "logits_of", small_memory(3, RuntimeError("shapes do not fit")))
    with pytest.raises(RuntimeError, match="shapes"):
        run(tiny_base, tiny_splits)
    assert ran_out(MemoryError())
    assert not ran_out(ValueError("can't allocate memory"))


def test_reading_goes_on_in_smaller_batches(tiny_base, tiny_splits, monkeypatch):
    prepared = prepare(Recipe.from_values({"base": str(tiny_base), "max_tokens": 32}), tiny_splits)
    whole = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    answer = predict.logits_of

    def scarce(network, batch):
        if batch.input_ids.size > 200:
            raise MemoryError
        return answer(network, batch)

    monkeypatch.setattr(predict, "logits_of", scarce)
    found = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    torch.testing.assert_close(torch.from_numpy(found), torch.from_numpy(whole), rtol=0, atol=1e-5)
