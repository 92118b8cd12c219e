"""Intervals: they cover, they repeat by seed, they pair two models, and they survive undefined resamples."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.training.measuring.bootstrap import CHUNK_CELLS, Estimate, FloatArray, estimate


def mean_of(values: FloatArray):
    return lambda weights: {"mean": weights @ values / weights.sum(axis=1)}


def test_ninety_five_of_a_hundred_intervals_hold_the_true_mean():
    rng = np.random.default_rng(1)
    held = 0
    for trial in range(300):
        found = estimate(mean_of(rng.exponential(size=120)), 120, resamples=400, seed=trial)["mean"]
        held += found.low <= 1.0 <= found.high
    assert 0.89 <= held / 300 <= 0.985


def test_interval_width_is_that_of_the_normal_theory():
    values = np.random.default_rng(2).normal(size=2000)
    found = estimate(mean_of(values), 2000)["mean"]
    assert np.isclose(found.high - found.low, 2 * 1.96 * values.std() / np.sqrt(2000), rtol=0.12)


def test_same_seed_same_interval_and_other_seed_another():
    values = np.random.default_rng(3).normal(size=50)
    first, again, other = (estimate(mean_of(values), 50, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_two_statistics_see_the_same_resamples():
    values = np.random.default_rng(4).normal(size=80)
    one = estimate(mean_of(values), 80, seed=5)["mean"]
    shifted = estimate(lambda weights: {"m": weights @ (values + 3) / weights.sum(axis=1)}, 80, seed=5)["m"]
    assert np.allclose((shifted.low - 3, shifted.high - 3), (one.low, one.high))


def test_every_resample_draws_n_examples_even_when_chunks_are_one_row():
    totals = []
    n = CHUNK_CELLS + 5

    def total(weights: FloatArray):
        totals.extend(weights.sum(axis=1).tolist())
        return {"total": weights.sum(axis=1)}

    estimate(total, n, resamples=3)
    assert totals == [n] * 4


def test_resamples_without_the_rare_class_are_left_out():
    rare = np.array([1.0] + [0.0] * 19)

    def share_found(weights: FloatArray):
        with np.errstate(invalid="ignore"):
            return {"recall": (weights @ rare) / (weights @ rare)}

    assert estimate(share_found, 20)["recall"] == Estimate(1.0, 1.0, 1.0)


def test_an_undefined_figure_has_neither_value_nor_interval():
    assert estimate(lambda w: {"x": np.full(len(w), np.nan)}, 10)["x"] == Estimate(None, None, None)


def test_no_resamples_gives_the_figure_alone():
    assert estimate(mean_of(np.array([1.0, 3.0])), 2, resamples=0)["mean"] == Estimate(2.0)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_an_interval_of_a_mean_lies_within_the_values(values):
    found = estimate(mean_of(np.array(values)), len(values), resamples=50)["mean"]
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
