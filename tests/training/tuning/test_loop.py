"""The loop: it learns, tells, keeps the best, stops, and leaves the caller's world as it was."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, InputError
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.training.preparation import prepare
from fengkong.training.progress import Evaluated, Finished, Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import dev_figures, fine_tune
from fengkong.training.tuning.predict import predict_logits


def recipe(tiny_base, **values):
    given = {"base": str(tiny_base), "epochs": 6, "learning_rate": 3e-3, "batch_tokens": 128, "precision": "fp32"}
    return Recipe.from_values({**given, **values})


def run(prepared):
    state = prepared.start()
    return state, list(fine_tune(state, prepared.train, prepared.dev))


def test_it_learns_and_tells_every_step(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base), tiny_splits)
    _, events = run(prepared)
    steps = [event for event in events if isinstance(event, Step)]
    evaluations = [event for event in events if isinstance(event, Evaluated)]
    finished = events[-1]
    assert [event.step for event in steps] == list(range(1, prepared.plan.steps + 1))
    assert steps[-1].epoch == 6
    assert steps[-1].seconds_left == 0
    assert all(event.texts_per_second > 0 for event in steps)
    assert evaluations[-1].step == prepared.plan.steps
    assert len(evaluations) >= 4
    assert isinstance(finished, Finished)
    assert not finished.early
    assert finished.best_figures["accuracy"] > 0.9
    assert np.mean([event.loss for event in steps[-5:]]) < np.mean([event.loss for event in steps[:5]])
    assert not prepared.network.training
    logits = predict_logits(prepared.network, prepared.encode(tiny_splits.test), padding=prepared.base.padding)
    assert (logits.argmax(1) == prepared.encode(tiny_splits.test).targets).mean() > 0.9


def test_the_network_holds_the_best_state_not_the_last(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base, metric="loss"), tiny_splits)
    state, events = run(prepared)
    figures = dev_figures(state, prepared.dev)
    assert figures == pytest.approx(dict(events[-1].best_figures))
    losses = [event.figures["loss"] for event in events if isinstance(event, Evaluated)]
    assert figures["loss"] == pytest.approx(min(losses))


def test_same_seed_same_model_and_another_seed_another(tiny_base, tiny_splits):
    def weights(seed):
        prepared = prepare(recipe(tiny_base, seed=seed, epochs=1), tiny_splits)
        for _ in fine_tune(prepared.start(), prepared.train, prepared.dev):
            torch.rand(3)  # what the owner draws between events must not matter
        return torch.cat([w.detach().flatten() for w in prepared.network.parameters()])

    first = weights(1)
    assert weights(1).equal(first)
    assert not weights(2).equal(first)


def test_the_callers_random_stream_and_threads_are_left_alone(tiny_base, tiny_splits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    torch.set_num_threads(2)
    prepared = prepare(recipe(tiny_base, epochs=1, threads=1), tiny_splits)
    inside = {torch.get_num_threads() for _ in fine_tune(prepared.start(), prepared.train, prepared.dev)}
    assert inside == {1, 2}  # the last event comes when training is over
    assert torch.get_num_threads() == 2
    assert torch.rand(3).equal(expected)


def test_it_stops_early_when_nothing_gets_better(tiny_base, tiny_splits):
    other = {"good": "bad", "bad": "good"}
    wrong = [replace(ex, label=other[ex.label]) for ex in tiny_splits.dev]  # the more it learns, the worse it gets
    splits = Splits(tiny_splits.train, wrong, [])
    prepared = prepare(recipe(tiny_base, patience=2, metric="loss"), splits)
    state, events = run(prepared)
    assert events[-1].early
    assert events[-1].step < prepared.plan.steps
    assert state.stale == 2
    assert not run(prepare(recipe(tiny_base, patience=0, metric="loss"), splits))[1][-1].early


def test_a_loss_that_is_no_number_stops_and_keeps_the_best(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base), tiny_splits)
    state = prepared.start()
    events = fine_tune(state, prepared.train, prepared.dev)
    good = next(event for event in events if isinstance(event, Evaluated))
    with torch.no_grad():
        prepared.network.head.weight.fill_(math.nan)
    with pytest.raises(FacilityError, match=r"no longer a number.*lower learning_rate"):
        list(events)
    assert dev_figures(state, prepared.dev) == pytest.approx(dict(good.figures))


def test_closing_the_generator_gives_the_full_embedding_back(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base), tiny_splits)
    rows = len(prepared.network.encoder.get_input_embeddings().weight)
    events = fine_tune(prepared.start(), prepared.train, prepared.dev)
    next(events)
    assert len(prepared.network.encoder.get_input_embeddings().weight) < rows
    events.close()
    assert len(prepared.network.encoder.get_input_embeddings().weight) == rows
    assert not prepared.network.training


def test_fields_decide_where_the_text_is_silent(tiny_base):
    def silent(n):
        return [
            Example("the loan", label, fields={"income": income})
            for place in range(n)
            for label, income in (("good", 100 + place % 7), ("bad", 10 + place % 7))
        ]

    splits = Splits(silent(40), silent(10), silent(10))
    fitted = FieldEncoder(fit_fields([ex.fields for ex in splits.train]))
    prepared = prepare(recipe(tiny_base), splits, fields=fitted)
    assert run(prepared)[1][-1].best_figures["auc"] > 0.95


def first_step(tiny_base, tiny_splits, **values):
    """How far the head's weights move in the first step, and the event that tells of it."""
    prepared = prepare(recipe(tiny_base, weight_decay=0.0, **values), tiny_splits)
    before = prepared.network.head.weight.detach().clone()
    events = fine_tune(prepared.start(), prepared.train, prepared.dev)
    told = next(events)
    moved = (prepared.network.head.weight.detach() - before).abs()
    events.close()
    return moved, told


def test_the_rate_told_is_the_rate_used(tiny_base, tiny_splits):
    moved, told = first_step(tiny_base, tiny_splits)  # AdamW's first step is as long as its rate
    assert float(moved.median()) == pytest.approx(told.learning_rate, rel=0.05)
    assert told.learning_rate < 3e-3


def test_gradients_are_clipped(tiny_base, tiny_splits):
    clipped, told = first_step(tiny_base, tiny_splits, clip_norm=1e-6)  # near AdamW's epsilon, so that it shows
    assert float(clipped.median()) < 0.5 * told.learning_rate


def test_bf16_products_train_fp32_weights(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base, precision="bf16"), tiny_splits)
    assert run(prepared)[1][-1].best_figures["accuracy"] > 0.9
    assert {weights.dtype for weights in prepared.network.parameters()} == {torch.float32}
    exact, rounded = (predict_logits(prepared.network, prepared.dev, padding=0, bf16=bf16) for bf16 in (False, True))
    assert not np.array_equal(exact, rounded)
    np.testing.assert_allclose(exact, rounded, atol=0.2)


def test_average_weights_differ_from_the_last_ones(tiny_base, tiny_splits):
    def final(averaging):
        prepared = prepare(recipe(tiny_base, averaging=averaging, epochs=2), tiny_splits)
        run(prepared)
        return prepared.network.head.weight.detach().clone()

    assert not final(0.5).equal(final(0))


def test_averaging_does_not_disturb_the_training_itself(tiny_base, tiny_splits):
    def losses(averaging):
        prepared = prepare(recipe(tiny_base, averaging=averaging, epochs=2), tiny_splits)
        return [event.loss for event in run(prepared)[1] if isinstance(event, Step)]

    assert losses(0.5) == losses(0)


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ([Example("loan", "good"), Example("car", "good")], "one label only"),
        ([Example(" ", "good"), Example("", "bad")], "every text in the train split is empty"),
        ([], "train split is empty"),
    ],
)
def test_nothing_to_learn_from_is_an_input_error(tiny_base, train, said):
    with pytest.raises(InputError, match=said):
        prepare(recipe(tiny_base), Splits(train, [Example("loan", "good")], []))


def test_texts_in_a_language_that_the_base_lacks_are_a_finding(tiny_base, tiny_splits):
    chinese = [Example("申请人急需现金还债", "bad"), Example("收入稳定按时还款", "good")]
    prepared = prepare(recipe(tiny_base), Splits(chinese, chinese, []))
    assert [finding.code for finding in prepared.findings] == ["T001"]
    ngrams = prepare(recipe(tiny_base).changed({"model": "ngrams"}), Splits(chinese, chinese, []))
    assert ngrams.findings == ()
    assert prepare(recipe(tiny_base), tiny_splits).findings == ()


def test_the_bases_own_limit_holds(tiny_base, tiny_splits):
    assert prepare(recipe(tiny_base, max_tokens=4096), tiny_splits).max_tokens == 64
