"""Mined rules: what is planted is found, chance is not, and each draft says and does what was measured."""

from dataclasses import replace

import numpy as np
import pytest

from fengkong.corpus import Splits
from fengkong.domain.decisions import RuleState
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.mining import draft_rules, mine_rules, past_cases
from fengkong.mining.clauses import Clause, Judge, simplified, written
from fengkong.rules import RuleSet, check
from fengkong.text import normalise


@pytest.fixture(scope="module")
def splits(make_splits):
    return make_splits(seed=3)


@pytest.fixture(scope="module")
def mined(splits):
    return mine_rules(*past_cases(splits, bad="default", money="amount"))


def test_what_is_planted_is_found(mined):
    found = " | ".join(written(rule.condition) for rule in mined.rules)
    assert 'town == "Ost"' in found
    assert 'contains(lower(text), "' in found
    assert "income <" in found
    assert all(rule.held_out.lift >= 1.5 and rule.chance < 0.05 for rule in mined.rules)


def test_nothing_is_found_where_nothing_tells(make_splits):
    found = sum(
        bool(mine_rules(*past_cases(make_splits(seed, 400, planted=False), bad="default")).rules) for seed in range(6)
    )
    assert found <= 1


def test_the_draft_passes_the_check_and_hits_the_very_cases_that_were_counted(mined, splits):
    text = draft_rules(mined)
    assert check(text) == []
    rules = RuleSet.parse(text)
    hits = dict.fromkeys([f"mined-{n}" for n in range(1, len(mined.rules) + 1)], 0)
    for ex in splits.test:
        for rule in rules.run({**ex.fields, "text": normalise(ex.text).text}).rules:
            assert rule.state in (RuleState.HIT, RuleState.NO_HIT, RuleState.UNKNOWN)
            hits[rule.rule] += rule.state is RuleState.HIT
    assert list(hits.values()) == [rule.held_out.cases for rule in mined.rules]


def test_the_draft_gives_reasons_in_both_languages_and_the_figures_beside_each_rule(mined):
    text = draft_rules(mined)
    reasons = RuleSet.parse(text).reasons
    assert all(set(texts) == {"en", "zh"} for texts in reasons.values())
    assert text.count("held out:") == len(mined.rules)
    assert "lift" in text
    assert "money" in text


def test_a_rule_beside_another_hits_cases_of_its_own(mined):
    judge = Judge(mined.cases)
    left = np.ones(len(mined.cases), dtype=bool)
    for rule in mined.rules:
        held = judge.condition(rule.condition)
        assert (held & left).sum() >= 10
        left &= ~held


def test_money_is_that_of_the_cases_hit(mined):
    rule = mined.rules[0]
    held = Judge(mined.cases).condition(rule.condition)
    assert rule.found.bad_money == mined.cases.money[held & mined.cases.bad].sum()
    assert rule.found.good_money == mined.cases.money[held & ~mined.cases.bad].sum()


def test_the_same_seed_gives_the_same_rules(mined, splits):
    again = mine_rules(*past_cases(splits, bad="default", money="amount"))
    assert again.rules == mined.rules


def test_chinese_texts_are_mined_too():
    examples = [
        Example(
            f"客户{n}申请贷款" + ("，保证收益翻倍" if n % 5 == 0 else "，用于装修"),
            "差" if n % 5 == 0 and n % 3 else "好",
        )
        for n in range(450)
    ]
    mined = mine_rules(*past_cases(Splits(examples[:300], [], examples[300:]), bad="差"))
    assert len(mined.rules) == 1
    assert "保证收益" in written(mined.rules[0].condition) or "益翻倍" in written(mined.rules[0].condition)
    assert check(draft_rules(mined)) == []


def test_awkward_values_do_no_harm(make_splits):
    splits = make_splits(seed=5)
    odd = ['a "quoted" one', "it's", "back\\", "line\nbreak", " blank ", "both ' and \"", "no"]

    def spoil(ex, at):
        value = odd[at % len(odd)]
        return replace(ex, fields={**ex.fields, "odd": value}, label="default" if value == odd[0] else ex.label)

    spoilt = Splits(*([spoil(ex, at) for at, ex in enumerate(part)] for _, part in splits))
    text = draft_rules(mine_rules(*past_cases(spoilt, bad="default")))
    assert check(text) == []
    assert """odd == 'a "quoted" one'""" in text


def test_nothing_to_propose_is_told(make_splits):
    cases = past_cases(make_splits(1, 400, planted=False), bad="default")
    with pytest.raises(InputError, match="nothing was found"):
        draft_rules(mine_rules(*cases, lift=4))
    for wrong in ({"support": 0}, {"support": 1.5}, {"lift": 1}, {"false_rate": 0}):
        with pytest.raises(SettingsError, match="can't be mined so"):
            mine_rules(*cases, **wrong)


def test_a_condition_is_written_once_and_short():
    clauses = [
        Clause("a", "<", 5.0),
        Clause("a", "<", 3.5),
        Clause("a", ">=", 1.0),
        Clause("a", "known"),
        Clause("b", "!=", "x"),
        Clause("b", "==", "y"),
        Clause("c", "known"),
    ]
    assert written(simplified(clauses)) == 'a < 3.5 and a >= 1 and b == "y" and c is known'
    assert written((Clause("m", "false"), Clause("n", "true"), Clause("o", "<", 1e22))) == (
        "not m and n and o < 10000000000000000000000"
    )


def test_a_bound_itself_is_in_the_upper_part(splits):
    cases, _ = past_cases(splits, bad="default")
    values = cases.by_name["dependants"].values
    assert (Judge(cases).condition([Clause("dependants", "<", 2.0)]) == (values < 2)).all()
    assert (Judge(cases).condition([Clause("dependants", ">=", 2.0)]) == (values >= 2)).all()
