"""Bands that cost least: against brute force, against theory, and not moved by a handful of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions.bands import Bands, Costs, bayes_bands, cheapest_bands, row_costs
from fengkong.domain import InputError, Outcome, SettingsError
from fengkong.training.measuring.thresholds import choose_bands, measure_bands

prices = st.sampled_from([0.25, 0.5, 1.0, 2.0, 5.0, 20.0])


@st.composite
def cases(draw):
    rows = draw(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=25))
    p, positive = np.array([r[0] / 10 for r in rows]), np.array([r[1] for r in rows])
    return p, positive, Costs(draw(prices), draw(prices), draw(prices))


@given(cases())
@settings(deadline=None, max_examples=80)
def test_the_empirical_optimum_is_that_of_brute_force(case):
    p, positive, costs = case
    grid = np.concatenate([[0.0], np.arange(0.05, 1, 0.1), [1.0]])
    brute = min(row_costs(p, positive, Bands(a, b), costs).mean() for a in grid for b in grid if a <= b)
    found = cheapest_bands(p, positive, costs)
    assert 0 <= found.review_from <= found.decline_from <= 1
    assert row_costs(p, positive, found, costs).mean() == pytest.approx(brute)


@given(st.floats(0.001, 0.999), prices, prices, prices)
@settings(deadline=None, max_examples=80)
def test_bayes_bands_take_the_cheapest_answer_at_every_probability(p, miss, false_alarm, review):
    costs = Costs(miss, false_alarm, review)
    bands = bayes_bands(costs)
    expected = sum(
        share * row_costs(np.array([p]), np.array([truth]), bands, costs)[0]
        for share, truth in ((p, True), (1 - p, False))
    )
    assert expected == pytest.approx(min(p * miss, (1 - p) * false_alarm, review))


def test_calibrated_probabilities_keep_the_bayes_bands():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 3, size=2000)
    assert choose_bands(p, rng.random(2000) < p, Costs()) == bayes_bands(Costs())


def test_a_dear_review_leaves_no_review_band():
    bands = bayes_bands(Costs(miss=4, false_alarm=1, review=3))
    assert bands.review_from == bands.decline_from == pytest.approx(0.2)


def test_probabilities_that_are_badly_off_move_the_bands():
    rng = np.random.default_rng(1)
    true_p = rng.beta(1, 3, size=4000)
    positive = rng.random(4000) < true_p
    said = true_p / 4  # far too low
    costs = Costs()
    chosen = choose_bands(said, positive, costs)
    assert chosen != bayes_bands(costs)
    assert row_costs(said, positive, chosen, costs).mean() < row_costs(said, positive, bayes_bands(costs), costs).mean()


def test_measured_costs_and_counts_by_hand():
    p = np.array([0.05, 0.05, 0.3, 0.4, 0.9, 0.9])
    positive = np.array([False, True, False, True, True, False])
    found = measure_bands(p, positive, Bands(0.1, 0.5), Costs(miss=5, false_alarm=1, review=0.5))
    assert found.cost.value == pytest.approx((5 + 2 * 0.5 + 1) / 6)
    assert found.approve_all.value == pytest.approx(15 / 6)
    assert found.decline_all.value == pytest.approx(3 / 6)
    assert found.review_all.value == found.review_all.low == found.review_all.high == 0.5
    assert [(b.outcome, b.n, b.positives) for b in found.bands] == [
        (Outcome.APPROVE, 2, 1),
        (Outcome.REVIEW, 2, 1),
        (Outcome.DECLINE, 2, 1),
    ]
    assert found.cost.low <= found.cost.value <= found.cost.high


@pytest.mark.parametrize("costs", [(-1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, float("nan")), (float("inf"), 1, 1)])
def test_prices_that_make_no_sense_are_refused(costs):
    with pytest.raises(SettingsError, match="must cost something"):
        Costs(*costs)


def test_an_empty_set_is_refused():
    with pytest.raises(InputError):
        choose_bands(np.empty(0), np.empty(0, bool), Costs())
