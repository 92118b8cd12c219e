"""Bands that people have the time for, and a promised coverage that holds, also by group."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Bands, Costs, choose_thresholds, fit_conformal
from fengkong.decisions.bands import bayes_bands, capacity_bands, checked_bands
from fengkong.domain import InputError, SettingsError

COSTS = Costs(miss=5.0, false_alarm=1.0, review=0.2)


def reviewed(p: np.ndarray, bands: Bands) -> np.ndarray:
    return (p >= bands.review_from) & (p < bands.decline_from)


@settings(deadline=None, max_examples=60)
@given(
    p=st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array),
    share=st.floats(0, 1),
    miss=st.floats(0.5, 9),
    review=st.floats(0, 1),
)
def test_capacity_is_kept_and_nothing_dearer_is_left_to_the_rules(
    p: np.ndarray, share: float, miss: float, review: float
) -> None:
    costs = Costs(miss, 1.0, review)
    chosen = reviewed(p, capacity_bands(p, costs, share))
    saved = np.minimum(p * miss, 1 - p)
    assert chosen.sum() <= share * p.size
    if chosen.any():
        assert saved[chosen].min() >= saved[~chosen].max(initial=0) - 1e-12


def test_with_time_enough_the_bands_are_those_of_the_costs_alone() -> None:
    p = np.linspace(0, 1, 101)
    assert capacity_bands(p, COSTS, 1.0) == bayes_bands(COSTS)
    narrow, none = capacity_bands(p, COSTS, 0.1), capacity_bands(p, COSTS, 0.0)
    assert reviewed(p, narrow).sum() in {9, 10}
    assert bayes_bands(COSTS).review_from < narrow.review_from < narrow.decline_from < bayes_bands(COSTS).decline_from
    assert none.review_from == none.decline_from == pytest.approx(1 / 6)


def calibrated(n: int, seed: int, groups: tuple[str, ...] = ("a",)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """p, who is positive, and groups; a model that is overconfident in every group after the first."""
    draw = np.random.default_rng(seed)
    p = draw.beta(0.6, 0.9, n)
    group = draw.choice(groups, n)
    true = np.where(group == groups[0], p, 0.5 + (p - 0.5) * 0.4)
    return p, draw.random(n) < true, group


def coverage(sets: np.ndarray, positive: np.ndarray) -> float:
    return float(np.where(positive, sets[:, 1], sets[:, 0]).mean())


def test_the_promised_coverage_holds_within_its_band() -> None:
    found = []
    for seed in range(20):
        p, positive, _ = calibrated(1000, seed)
        fresh, truth, _ = calibrated(4000, seed + 1000)
        found.append(coverage(fit_conformal(p, positive, target=0.9).sets(fresh), truth))
    # Coverage over calibration sets of n is Beta(k, n + 1 - k): 0.9 with a deviation of 0.0095, and that of the test.
    assert np.mean(found) == pytest.approx(0.9, abs=0.01)
    assert all(0.86 < one < 0.94 for one in found)


def test_the_promise_holds_in_every_group_only_where_groups_are_told_apart() -> None:
    names = ("a", "b", "c")
    p, positive, groups = calibrated(6000, 1, names)
    fresh, truth, of = calibrated(12000, 2, names)
    together, apart = fit_conformal(p, positive), fit_conformal(p, positive, groups=groups)
    by_group = {name: coverage(apart.sets(fresh, of)[of == name], truth[of == name]) for name in names}
    assert all(value == pytest.approx(0.9, abs=0.025) for value in by_group.values())
    assert coverage(together.sets(fresh)[of == "b"], truth[of == "b"]) < 0.88
    assert apart.abstains(fresh, of)[of == "b"].mean() > apart.abstains(fresh, of)[of == "a"].mean()


def test_few_cases_and_unknown_groups_promise_nothing_and_go_to_a_person() -> None:
    few = fit_conformal(np.array([0.1] * 8), np.array([False] * 8), target=0.9)
    assert few.abstains(np.array([0.0, 0.5, 1.0])).all()
    assert reviewed(np.array([0.0, 0.5, 1.0]), few.bands()).all()
    assert not few.bands().declines
    assert checked_bands(few.bands().review_from, few.bands().decline_from, "conformal") == few.bands()
    apart = fit_conformal(np.array([0.1] * 50), np.array([False] * 50), groups=np.array(["a"] * 50))
    assert apart.abstains(np.array([0.05, 0.05]), np.array(["a", "z"])).tolist() == [False, True]


@pytest.mark.parametrize("target", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_conformal_bands_send_the_same_cases_to_review(target: float, seed: int) -> None:
    p, positive, _ = calibrated(500, seed)
    conformal = fit_conformal(p, positive, target=target)
    fresh, _, _ = calibrated(500, seed + 50)
    assert (reviewed(fresh, conformal.bands()) == conformal.abstains(fresh)).all()


def test_what_was_chosen_is_told_with_what_it_does() -> None:
    p, positive, groups = calibrated(3000, 3, ("a", "b"))
    found = choose_thresholds(p, positive, COSTS, share=0.05, coverage=0.9, groups=groups)
    assert list(found.bands) == ["costs", "capacity", "conformal a", "conformal b"]
    assert found.reviewed["capacity"] <= 0.05 < found.reviewed["costs"]
    assert found.cost["costs"] < found.cost["capacity"]
    covered = [point.coverage for point in found.curve]
    assert (covered, covered[-1], len(covered)) == (sorted(covered), 1.0, 20)
    assert found.curve[0].error < found.curve[-1].error
    assert 0 < found.area < found.curve[-1].cost


@pytest.mark.parametrize("share", [-1, -0.01, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match="must lie between 0 and 1"):
        capacity_bands(np.array([0.2, 0.5]), COSTS, share)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, float("nan")])
def test_what_can_not_be_promised_is_refused(target: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        fit_conformal(np.array([0.5]), np.array([True]), target=target)
    with pytest.raises(InputError, match="no cases"):
        choose_thresholds(np.array([]), np.array([], dtype=bool), COSTS)
