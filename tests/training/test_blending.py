"""A blend hears each member by what it knows, and is calibrated."""

import numpy as np
import pytest

from fengkong.domain.errors import InputError
from fengkong.training.blending import fit_blend, log_losses


def members(n=600, seed=0):
    """Two members that see different halves of the truth, and one that guesses."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    signal = np.eye(3)[y]
    left, right = (2 * signal + rng.normal(0, 1.5, (n, 3)) for _ in range(2))
    return [left, right, rng.normal(0, 2, (n, 3))], y


def test_two_that_know_are_heard_and_one_that_guesses_is_not():
    logits, y = members()
    blend = fit_blend(logits, y)
    assert sum(blend.weights) == pytest.approx(1)
    assert blend.weights[2] == 0
    assert blend.weights[0] == pytest.approx(0.5, abs=0.1)
    unseen, truth = members(seed=1)
    mixed = log_losses(blend.mix(unseen) / blend.temperature, truth).mean()
    alone = [log_losses(z / fit_blend([m], y).temperature, truth).mean() for z, m in zip(unseen, logits, strict=True)]
    assert mixed < min(alone) - 0.05


def test_no_other_weights_are_better():
    logits, y = members(n=200, seed=2)
    blend = fit_blend(logits[:2], y)
    for weight in np.linspace(0, 1, 21):
        mixed = weight * logits[0] + (1 - weight) * logits[1]
        assert min(log_losses(mixed / t, y).mean() for t in (0.5, 0.8, 1, 1.3, 2)) >= blend.loss - 1e-3


def test_one_member_is_temperature_scaling():
    logits, y = members(n=4000)
    blend = fit_blend([4 * logits[0]], y)
    assert blend.weights == (1.0,)
    losses = {t: log_losses(4 * logits[0] / t, y).mean() for t in np.linspace(1, 10, 91)}
    assert blend.temperature == pytest.approx(min(losses, key=losses.__getitem__), abs=0.1)


def test_several_labels_a_text():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, (500, 4))
    knowing, guessing = 3 * (2 * y - 1) + rng.normal(0, 3, y.shape), rng.normal(0, 3, y.shape)
    blend = fit_blend([guessing, knowing], y)
    assert blend.weights[1] > 0.95
    assert log_losses(blend.mix([guessing, knowing]), y).shape == (500,)


def test_a_perfect_member_keeps_some_doubt():
    y = np.arange(30) % 3
    blend = fit_blend([np.eye(3)[y] * 5], y)
    p = np.exp(-log_losses(blend.mix([np.eye(3)[y] * 5]) / blend.temperature, y))
    assert (p < 1 - 1e-4).all()


def test_members_that_know_nothing_share_alike():
    blend = fit_blend([np.zeros((10, 2)), np.zeros((10, 2))], np.arange(10) % 2)
    assert blend.weights == (0.5, 0.5)
    assert np.isfinite(blend.temperature)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="finite logits"):
        fit_blend([np.full((2, 2), np.nan)], [0, 1])
    with pytest.raises(InputError, match="finite logits"):
        fit_blend([np.zeros((2, 2))], [0, 1, 1])
