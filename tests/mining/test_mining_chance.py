"""Chance: exact tails, and few false discoveries among many."""

import math

import numpy as np
import pytest
from scipy.stats import false_discovery_control, hypergeom

from fengkong.mining.chance import above_usual, at_least_p, believable, beyond, mean_gap


@pytest.mark.parametrize(
    ("cases", "bad", "chosen", "found"), [(100, 20, 30, 12), (3_000, 400, 90, 30), (50, 5, 50, 5), (80, 8, 3, 0)]
)
def test_the_exact_tail_is_the_hypergeometric_one(cases, bad, chosen, found):
    assert math.isclose(
        at_least_p(cases, bad, chosen, found), hypergeom.sf(found - 1, cases, bad, chosen), rel_tol=1e-8
    )


def test_believing_is_that_of_benjamini_and_hochberg():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = np.concatenate([rng.random(30), rng.random(10) / 500])
        assert (believable(p, 0.1) == (false_discovery_control(p) <= 0.1)).all()
    assert believable(np.array([]), 0.1).tolist() == []


def test_a_gap_of_means_is_judged_one_sided():
    rng = np.random.default_rng(1)
    low = np.arange(400) < 200
    values = rng.normal(size=400) - low
    assert beyond(mean_gap(values[low], values[~low])) < 1e-6
    assert beyond(mean_gap(values[~low], values[low])) > 0.999
    assert mean_gap(np.ones(400), np.ones(3)) == 0
    assert beyond(0) == 0.5


def test_what_is_usual_is_no_deviation():
    assert above_usual(100, 20, 50, 10) == 0
    assert above_usual(100, 20, 100, 20) == 0
    assert above_usual(100, 20, 50, 18) > 3
