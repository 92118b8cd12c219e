"""A planted temperature is found; the ECE of right probabilities stays under its null, that of wrong ones doesn't."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from fengkong.domain import InputError
from fengkong.scoring.calibration import softmax
from fengkong.training.measuring.calibration import confidences, fit_temperature, measure_calibration


def planted(n: int, k: int, temperature: float, seed: int = 0):
    """Logits that are `temperature` times too sharp for the labels drawn from them."""
    rng = np.random.default_rng(seed)
    right = rng.normal(scale=2, size=(n, k))
    y = (softmax(right).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return right * temperature, np.minimum(y, k - 1)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_recovered(k, temperature):
    logits, y = planted(8000, k, temperature)
    assert fit_temperature(logits, y) == pytest.approx(temperature, rel=0.08)


@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(0.2, 6))
@settings(deadline=None, max_examples=20)
def test_no_other_temperature_has_a_lower_loss(seed, k, temperature):
    logits, y = planted(300, k, temperature, seed)
    best = minimize_scalar(
        lambda t: log_loss(y, softmax(logits, t), labels=range(k)), bounds=(0.05, 20), method="bounded"
    )
    ours = log_loss(y, softmax(logits, fit_temperature(logits, y)), labels=range(k))
    assert ours == pytest.approx(best.fun, abs=2e-3)


def test_a_set_without_a_mistake_leaves_some_doubt():
    y = np.array([0, 1] * 30)
    logits = np.where(np.eye(2)[y] == 1, 2.0, -2.0)
    temperature = fit_temperature(logits, y)
    assert temperature > 0.3
    assert softmax(logits, temperature).max() < 0.9999


def test_hopeless_or_empty_logits_do_not_break_the_fit():
    assert fit_temperature(np.zeros((5, 3)), [0, 1, 2, 0, 1]) == 1.0
    assert fit_temperature(np.full((4, 2), 700.0), [0, 1, 0, 1]) == 1.0
    wrong = np.where(np.eye(2)[[0, 1] * 10] == 1, -3.0, 3.0)
    assert fit_temperature(wrong, [0, 1] * 10) == pytest.approx(20.0)
    for logits in (np.empty((0, 2)), [[0.0, np.nan]]):
        with pytest.raises(InputError):
            fit_temperature(logits, [0] * len(logits))


def test_labels_drawn_from_the_probabilities_stay_under_the_null():
    rng = np.random.default_rng(5)
    exceeded = 0
    for trial in range(100):
        p = rng.beta(0.6, 2, size=400)
        exceeded += not measure_calibration(p, rng.random(400) < p, seed=trial).consistent
    assert exceeded <= 5  # 1% of 100 is 1; more than 5 has a chance below 0.1%


@pytest.mark.parametrize("k", [2, 4])
def test_overconfident_probabilities_are_caught_and_the_temperature_heals_them(k):
    logits, y = planted(3000, k, 3.0)
    positive = 1 if k == 2 else None
    before = measure_calibration(*confidences(y, softmax(logits), positive))
    after = measure_calibration(*confidences(y, softmax(logits, fit_temperature(logits, y)), positive))
    assert not before.consistent
    assert before.ece > 3 * before.null_99
    assert after.consistent


def test_ece_of_a_case_done_by_hand():
    p = np.array([0.9, 0.9, 0.9, 0.9, 0.2, 0.2])
    found = measure_calibration(p, np.array([True, True, True, False, False, True]))
    assert found.ece == pytest.approx((4 * abs(0.9 - 0.75) + 2 * abs(0.2 - 0.5)) / 6)
    assert [(b.n, b.share) for b in found.bins] == [(2, 0.5), (4, 0.75)]


def test_claims_of_zero_and_one_have_their_bins():
    found = measure_calibration(np.array([0.0, 1.0, 1.0]), np.array([False, True, True]))
    assert (found.ece, found.null_99, found.consistent) == (0.0, 0.0, True)
    assert [(b.low, b.high) for b in found.bins] == [(0.0, pytest.approx(1 / 15)), (pytest.approx(14 / 15), 1.0)]


def test_an_empty_set_is_refused():
    with pytest.raises(InputError):
        measure_calibration(np.empty(0), np.empty(0, bool))
