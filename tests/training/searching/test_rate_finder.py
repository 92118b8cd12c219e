"""The learning-rate finder: where the loss falls, where it runs away, and a network that stays as it was."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from fengkong.domain.errors import SettingsError
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.search_report import write_rate_report
from fengkong.training.searching import rate_finder
from fengkong.training.searching.rate_finder import find_rate


@pytest.fixture(scope="module")
def prepared(tiny_base, tiny_splits):
    recipe = Recipe.from_values({"base": str(tiny_base), "batch_tokens": 512, "precision": "fp32", "threads": 1})
    return prepare(recipe, tiny_splits)


@pytest.fixture(scope="module")
def swept(prepared):
    before = {name: value.clone() for name, value in prepared.network.state_dict().items()}
    told = []
    return find_rate(prepared, tell=told.append), before, told


def test_the_rate_rises_by_equal_factors_until_the_loss_runs_away(swept):
    found, _, told = swept
    rates = [rate for rate, _, _ in found.points]
    factors = [after / before for before, after in pairwise(rates)]
    assert rates[0] == pytest.approx(1e-7)
    assert max(factors) == pytest.approx(min(factors)) == pytest.approx(1e7 ** (1 / 119))
    assert found.diverged
    assert len(found.points) < 120
    assert told == list(range(1, len(found.points) + 1))


def test_the_suggestion_is_a_tenth_of_where_the_smoothed_loss_is_lowest_and_learns(swept):
    found, _, _ = swept
    lowest = min(found.points, key=lambda point: point[2])
    assert found.suggestion == pytest.approx(lowest[0] / 10)
    assert lowest[2] < found.points[0][2] - 0.1, "it learnt on the way"
    assert 1e-4 < found.suggestion < 1e-1


def test_the_network_is_given_back_as_it_was(prepared, swept):
    _, before, _ = swept
    after = prepared.network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not prepared.network.training


def test_the_rates_of_the_layers_keep_their_shares(prepared, monkeypatch):
    seen = []

    def watched(state, *_):
        seen.append(state)
        yield from ()

    monkeypatch.setattr(rate_finder, "fine_tune", watched)
    find_rate(prepared)
    rates = {group["top"] for group in seen[0].optimiser.param_groups}
    assert max(rates) == pytest.approx(1e-7)
    assert min(rates) == pytest.approx(1e-7 * prepared.recipe.layer_decay**3)


def test_a_loss_that_is_no_number_ends_the_sweep_and_nothing_else(prepared, monkeypatch):
    class Spoilt:
        """The kind, whose loss is no number from the 30th batch on."""

        def __init__(self):
            self.batches = 0

        def __getattr__(self, name):
            return getattr(prepared.kind, name)

        def loss(self, logits, targets):
            self.batches += 1
            return prepared.kind.loss(logits, targets) * (math.nan if self.batches >= 30 else 1)

    found = find_rate(replace(prepared, kind=Spoilt()))
    assert len(found.points) == 29
    assert found.diverged


def test_nothing_is_suggested_where_the_loss_does_not_fall_beyond_chance(prepared, tiny_splits):
    """Labels that have nothing to do with the texts, and too few steps to learn them by heart."""
    shuffled = replace(prepared.train, targets=np.random.default_rng(0).permutation(prepared.train.targets))
    found = find_rate(replace(prepared, train=shuffled), steps=24)
    assert found.suggestion is None


def test_a_sweep_of_too_few_steps_is_refused(prepared):
    with pytest.raises(SettingsError, match="10 steps or more"):
        find_rate(prepared, steps=3)


@pytest.mark.parametrize(("language", "told"), [("en", "Suggested learning rate"), ("zh", "建议学习率")])
def test_the_curve_is_drawn(swept, tmp_path, language, told):
    found, _, _ = swept
    write_rate_report(found, tmp_path / "rate.html", language=language)
    page = (tmp_path / "rate.html").read_text(encoding="utf-8")
    assert told in page
    assert page.count("<svg") == 1
    write_rate_report(replace(found, suggestion=None), tmp_path / "rate.html", language=language)
    assert told not in (tmp_path / "rate.html").read_text(encoding="utf-8")
