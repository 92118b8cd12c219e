"""Optimal binning: the cut is the best there is, and none is made where there is nothing to tell."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.mining import binning
from fengkong.mining.binning import Groups, cut_numbers, evidence, group_values, join

tables = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 60)), min_size=1, max_size=8)


def best_by_trying_all(counts):
    total, found = counts.sum(axis=0), (-np.inf, [])
    for size in range(min(len(counts), binning.MAX_BINS)):
        for starts in itertools.combinations(range(1, len(counts)), size):
            bins = [part.sum(axis=0) for part in np.split(counts, starts)]
            large = all(part.sum() >= max(1, binning.MIN_SHARE * total.sum()) for part in bins)
            if large and all(rises(left, right) for left, right in itertools.pairwise(bins)):
                found = max(found, (sum(evidence(part, total)[1] for part in bins), list(starts)))
    return found


def rises(left, right):
    share = (left[1] + right[1]) / (left.sum() + right.sum())
    spread = (share * (1 - share) * (1 / left.sum() + 1 / right.sum())) ** 0.5
    return right[1] / right.sum() - left[1] / left.sum() > binning.Z * spread


@given(tables)
@settings(deadline=None, max_examples=150)
def test_no_other_joining_of_bins_is_better(table):
    counts = np.array(table)
    if counts.sum(axis=0).all():
        value, _ = join(counts)
        assert abs(value - best_by_trying_all(counts)[0]) < 1e-9


def test_a_step_is_found_where_it_is_and_written_as_a_round_number():
    income = np.arange(20_000, 60_000, 10.0)
    bad = np.random.default_rng(1).random(len(income)) < np.where(income < 41_000, 0.4, 0.1)
    edges = cut_numbers(income, bad)
    assert any(abs(edge - 41_000) < 1_700 for edge in edges)
    assert all(edge == round(edge, -1) for edge in edges)


def test_whole_numbers_are_cut_at_whole_numbers():
    visits = np.repeat(np.arange(6.0), 400)
    bad = np.random.default_rng(2).random(len(visits)) < visits / 10
    edges = cut_numbers(visits, bad)
    assert edges
    assert set(edges) <= {1, 2, 3, 4, 5}


def test_a_falling_bad_rate_is_cut_too():
    age = np.repeat(np.arange(20.0, 60.0), 100)
    bad = np.random.default_rng(3).random(len(age)) < (60 - age) / 80
    edges = cut_numbers(age, bad)
    rates = [bad[part].mean() for part in np.split(np.arange(len(age)), np.searchsorted(age, edges))]
    assert len(rates) > 2
    assert rates == sorted(rates, reverse=True)


def test_chance_is_seldom_cut():
    cut = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        town = rng.choice([f"town {n}" for n in range(40)], 2_000).astype(object)
        cut += bool(group_values(town, rng.random(2_000) < 0.2).named)
    assert cut <= 12


def test_values_are_grouped_by_their_bad_rate_and_rare_ones_are_the_others():
    rng = np.random.default_rng(4)
    town = rng.choice(["a", "b", "c", "d"], 4_000).astype(object)
    bad = rng.random(4_000) < np.where(np.isin(town, ["b", "d"]), 0.5, 0.1)
    town[:3] = ["x", "y", "z"]
    groups = group_values(town, bad)
    assert groups.named[0] == ("a", "c")
    assert sorted(value for group in groups.named[1:] for value in group) == ["b", "d"]
    assert groups.others is not None


def test_without_bad_cases_nothing_is_cut():
    values = np.arange(100.0)
    assert cut_numbers(values, values < 0) == ()
    assert group_values(values.astype(str).astype(object), values < 0) == Groups((), None)
    assert cut_numbers(np.ones(50), np.arange(50) < 9) == ()
