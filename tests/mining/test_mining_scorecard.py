"""Scorecards: points that a person can add up, a scale that keeps its promise, honest figures."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from fengkong.corpus import Splits
from fengkong.domain.decisions import RuleState
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.mining import draft_scorecard, past_cases, scorecard
from fengkong.mining.measuring import rank, stability_index
from fengkong.rules import RuleSet, check


@pytest.fixture(scope="module")
def parts(make_splits):
    return past_cases(make_splits(size=6_000), bad="default")


@pytest.fixture(scope="module")
def card(parts):
    return scorecard(*parts)


def test_what_is_planted_is_found_and_the_rest_left_out(card):
    assert {each.name for each in card.characteristics} == {"income", "town"}
    assert {finding.place.name for finding in card.findings} == {"dependants", "amount", "member"}
    assert card.held_out.auc.low > 0.6
    assert card.held_out.auc.low < card.held_out.auc.value < card.held_out.auc.high
    assert card.psi < 0.1


def test_a_score_is_the_base_and_the_points_of_each_bin(card, parts):
    town = next(each for each in card.characteristics if each.name == "town")
    points = {value: one.points for one in town.bins for value in one.values}
    assert points["Ost"] < 0 < points["Nord"]
    cases = parts[1]
    scores = card.scores(cases)
    values = cases.by_name["town"].values
    income = next(each for each in card.characteristics if each.name == "income")
    by_hand = card.base + income.points(cases.by_name["income"]) + np.array([points[value] for value in values])
    assert (scores == by_hand).all()


def test_the_scale_keeps_its_promise(card, parts):
    risk = card.probabilities(parts[1])
    assert abs(risk.mean() - parts[1].bad.mean()) < 0.03
    other = scorecard(*parts, anchor=500, odds=20, double=40)
    assert np.allclose(other.probabilities(parts[1]), risk, atol=0.02)
    assert np.ptp(other.scores(parts[1])) > 1.8 * np.ptp(card.scores(parts[1]))


def test_reasons_are_what_cost_points_the_costliest_first(card, parts):
    cases = parts[1]
    costs = {
        each.name: max(one.points for one in each.bins) - each.points(cases.by_name[each.name])
        for each in card.characteristics
    }
    for row, names in enumerate(card.reasons(cases)[:200]):
        lost = [costs[name][row] for name in names]
        assert lost == sorted(lost, reverse=True)
        assert set(names) == {name for name, cost in costs.items() if cost[row] > 0}


def test_an_unknown_value_has_a_bin_of_its_own(card, parts):
    income = next(each for each in card.characteristics if each.name == "income")
    assert income.unknown.good + income.unknown.bad == (~parts[0].by_name["income"].known).sum()


def test_the_same_seed_gives_the_same_card(card, parts):
    assert scorecard(*parts) == card


def test_the_draft_scores_each_case_as_the_card_does(card, parts, make_splits):
    text = draft_scorecard(card, parts[0], reviewed=0.3)
    assert check(text) == []
    rules = RuleSet.parse(text)
    cut_off = int(text.partition("scores.mined < ")[2].split()[0])
    hits = []
    for ex in make_splits(size=6_000).test:
        rule = rules.run(dict(ex.fields)).rules[0]
        hits.append(rule.state is RuleState.HIT)
        assert rule.state in (RuleState.HIT, RuleState.NO_HIT)
    assert hits == (card.scores(parts[1]) < cut_off).tolist()
    assert 0 < (card.scores(parts[0]) < cut_off).mean() <= 0.3


def test_every_kind_of_field_and_value_can_be_written(make_splits):
    odd = ['a "quoted" one', "it's", "back\\", "both ' and \"", " blank ", "", "a, b", "否"]

    def spoil(ex, at):
        value = odd[at % len(odd)]
        bad = ex.label == "default" or at % len(odd) < 2
        extra = {"odd": value, "debt ratio": at, "flag": bad if at % 3 else at % 2 == 0, "rate": (at % 100 - 50) / 1000}
        bad |= extra["rate"] < -0.03
        return replace(ex, fields={**ex.fields, **extra}, label="default" if bad else "repaid")

    splits = Splits(*([spoil(ex, at) for at, ex in enumerate(part)] for _, part in make_splits(size=3_000)))
    cases, held_out = past_cases(splits, bad="default")
    card = scorecard(cases, held_out)
    assert {"odd", "flag", "rate"} <= {each.name for each in card.characteristics}
    text = draft_scorecard(card, cases)
    assert check(text) == []
    rules = RuleSet.parse(text)
    cut_off = int(text.partition("scores.mined < ")[2].split()[0])
    states = [rules.run({**ex.fields, "town": "Ost"}).rules[0].state for ex in splits.test]
    assert set(states) == {RuleState.HIT, RuleState.NO_HIT}
    plain = [rules.run(dict(ex.fields)).rules[0].state is RuleState.HIT for ex in splits.test]
    assert plain == (card.scores(held_out) < cut_off).tolist()


def test_a_number_that_tells_by_its_absence_alone_is_scored_as_the_card_does(make_splits):
    def spoil(ex, at):
        bad = at % 4 == 0
        known = at % 3 > 0 if bad else at % 5 > 0
        label = "default" if bad else "repaid"
        return replace(ex, fields={"balance": (at * 37 % 101) - 50 if known else None}, label=label)

    splits = Splits(*([spoil(ex, at) for at, ex in enumerate(part)] for _, part in make_splits(size=3_000)))
    cases, held_out = past_cases(splits, bad="default")
    card = scorecard(cases, held_out)
    (balance,) = card.characteristics
    assert (len(balance.bins), balance.bins[0].points > balance.unknown.points) == (1, True)
    rules = RuleSet.parse(draft_scorecard(card, cases))
    scores = [rules.run(dict(ex.fields)).derived["scores.mined"] for ex in splits.test[:40]]
    assert scores == card.scores(held_out)[:40].tolist()


def test_a_value_never_seen_is_scored_as_an_unknown_one(make_splits):
    def spoil(ex, at):
        shop = f"shop {at % 40}"
        bad = at % 40 < 12 and at % 3
        return replace(ex, fields={"shop": shop}, label="default" if bad else "repaid")

    splits = Splits(*([spoil(ex, at) for at, ex in enumerate(part)] for _, part in make_splits(size=3_000)))
    cases, held_out = past_cases(splits, bad="default")
    rules = RuleSet.parse(draft_scorecard(scorecard(cases, held_out), cases))
    unseen, unknown = (rules.run({"shop": shop}).rules[0].state for shop in ("shop 99", None))
    assert unseen is unknown is RuleState.NO_HIT


def test_a_share_to_review_is_a_share(card, parts):
    with pytest.raises(SettingsError, match="share to review"):
        draft_scorecard(card, parts[0], reviewed=20)


def test_nothing_to_tell_is_told(make_splits, parts):
    with pytest.raises(InputError, match="no field tells good cases from bad"):
        scorecard(*past_cases(make_splits(planted=False), bad="default"))
    bare = Splits(*([Example(ex.text, ex.label) for ex in part] for _, part in make_splits()))
    with pytest.raises(InputError, match="0 usable fields"):
        scorecard(*past_cases(bare, bad="default"))
    with pytest.raises(SettingsError, match="scale"):
        scorecard(*parts, double=0)


def test_without_the_extra_a_sentence_says_what_to_install(parts, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(SettingsError, match=r"fengkong\[mine\]"):
        scorecard(*parts)


def test_auc_and_ks_of_known_rankings():
    bad = np.arange(100) >= 60
    assert rank(np.arange(100.0), bad).auc.value == rank(np.arange(100.0), bad).ks.value == 1
    assert rank(-np.arange(100.0), bad).auc.value == 0
    flat = rank(np.ones(100), bad)
    assert (flat.auc.value, flat.ks.value) == (0.5, 0)


def test_the_stability_index_is_small_for_the_same_and_large_for_another_sample():
    rng = np.random.default_rng(0)
    assert stability_index(rng.normal(size=5_000), rng.normal(size=5_000)) < 0.02
    assert stability_index(rng.normal(size=5_000), rng.normal(1, size=5_000)) > 0.25
