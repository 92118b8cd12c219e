"""Few labels: pairs teach the encoder, held-out folds say for how long, and the head is calibrated."""

import math

import numpy as np
import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.training import contrastive
from fengkong.training.blending import log_losses
from fengkong.training.contrastive import pair_batches, pair_loss, tune_contrastively
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.predict import predict_logits


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    monkeypatch.setattr(contrastive, "EVALUATED_AT", (0, 15, 30))


@pytest.fixture
def prepared(tiny_base, tiny_splits):
    few = Splits(tiny_splits.train[:24], tiny_splits.dev, tiny_splits.test)
    return prepare(Recipe.from_values({"base": str(tiny_base), "learning_rate": 6e-3, "precision": "fp32"}), few)


def tuned(prepared, **given):
    return tune_contrastively(prepared.network, prepared.train, prepared.plan, padding=prepared.base.padding, **given)


def test_it_learns_more_from_few_texts_than_the_frozen_base_knows(prepared):
    heard = []
    found = tuned(prepared, tell=heard.append)
    assert found.steps > 0
    assert found.losses[found.steps] < found.losses[0]
    assert [event.step for event in heard][:2] == [0, 15]
    dev = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    truth = prepared.dev.targets
    assert (dev.argmax(axis=1) == truth).mean() > 0.9
    assert log_losses(dev, truth).mean() < 0.4
    assert log_losses(found.held_out, prepared.train.targets).mean() == pytest.approx(
        found.losses[found.steps], abs=0.02
    )


def test_same_seed_same_network_whatever_the_caller_draws(prepared, tiny_base):
    def head():
        tuned(prepared, tell=lambda _: torch.rand(3))
        return prepared.network.head.weight.detach().clone()

    start = {name: weights.clone() for name, weights in prepared.network.state_dict().items()}
    first = head()
    prepared.network.load_state_dict(start)
    assert head().equal(first)


def test_without_time_the_base_stays_as_it_was(prepared):
    before = {name: weights.clone() for name, weights in prepared.network.encoder.state_dict().items()}
    found = tuned(prepared, seconds=0.0, clock=iter(range(10_000)).__next__)
    assert found.steps == 0
    assert all(weights.equal(before[name]) for name, weights in prepared.network.encoder.state_dict().items())
    assert math.isfinite(found.losses[0])


def test_batches_hold_each_label_alike_and_follow_the_seed():
    targets = np.array([0] * 90 + [1] * 8 + [2] * 2)
    batches = pair_batches(targets, np.arange(100), seed=1)
    drawn = [next(batches) for _ in range(20)]
    for rows in drawn:
        assert len(np.unique(rows)) == len(rows) <= 16
        assert np.bincount(targets[rows]).tolist() == [5, 5, 2]
    again = pair_batches(targets, np.arange(100), seed=1)
    assert all((next(again) == rows).all() for rows in drawn)


def test_only_the_given_rows_of_many_labels_are_drawn():
    targets = np.arange(400) % 80
    rows = np.arange(0, 400, 2)
    drawn = next(pair_batches(targets, rows, seed=0))
    assert set(drawn) <= set(rows)
    assert len(drawn) == 16


def test_the_loss_is_least_where_like_texts_are_alike():
    alike = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    right = torch.tensor([[1.0, 0], [2, 0], [0, 3]])
    wrong = torch.tensor([[1.0, 0], [0, 2], [0, 3]])
    assert float(pair_loss(right, alike)) == 0
    assert float(pair_loss(wrong, alike)) > 0.5
