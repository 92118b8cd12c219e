"""Models and literals that do not fit the rules are refused before anything is decided."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fengkong.decisions import Decider, Policy, check_literals
from fengkong.domain import (
    Decision,
    Document,
    FieldValue,
    Outcome,
    RuleError,
    SettingsError,
)
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def codes(dec: Decision) -> list[str]:
    return [reason.code for reason in dec.reasons]


@pytest.mark.parametrize(
    ("scorers", "fault"),
    [
        ({}, "a signal that no model gives .received 'risk'.; none is known"),
        ({"risc": FakeScorer("risc")}, "received 'risk'.; did you mean 'risc'"),
        ({"risk": FakeScorer("fraud")}, "given as 'risk' answers another signal .received 'fraud'"),
        (
            {"risk": FakeScorer("risk", ["low", "high", "odd"], positive="high")},
            "labels that the rules don't declare .received 'odd'",
        ),
    ],
)
def test_models_that_do_not_fit_the_rules_are_refused_at_once(
    rules: str, scorers: dict[str, FakeScorer], fault: str
) -> None:
    with pytest.raises(SettingsError, match=fault):
        Decider(Policy("loans", RuleSet.parse(rules)), scorers, MemoryLedger())


def test_a_rule_on_p_needs_a_positive_label_or_says_of_which(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    unnamed = FakeScorer("risk", ["low", "high"])
    with pytest.raises(SettingsError, match=r"rule 'risk' reads signals\.risk\.p, but the model names no positive"):
        decider(scorer=unnamed, rules=rules)
    rules = rules.replace("signals.risk.p > 0.5", 'signals.risk.label == "high" and signals.risk.p > 0.8')
    assert decider(scorer=unnamed, rules=rules).decide(Document("a car", good)).outcome is Outcome.APPROVE


@pytest.mark.parametrize(
    ("condition", "literal", "cure"),
    [
        ('contains(text, "貸款")', "貸款", "贷款"),
        ('amount > 5 and not ends(lower(text), "ｗｉｒｅ")', "ｗｉｒｅ", "wire"),
        ('contains_any(text, ["wire", "騙"])', "騙", "骗"),
        ('text in ["pay  me"]', "pay  me", "pay me"),
        ('matches(text, "先付.*費")', "先付.*費", "先付.*费"),
    ],
)
def test_a_literal_that_no_text_holds_is_refused_with_the_one_to_write(
    decider: Callable[..., Decider], rules: str, condition: str, literal: str, cure: str
) -> None:
    rules = rules.replace('contains(text, "wire")', condition)
    with pytest.raises(RuleError) as caught:
        decider(rules=rules)
    assert caught.value.where.endswith("[wire]")
    assert caught.value.what == f"P001: the text never holds {literal!r}, since rules see it normalised"
    assert caught.value.cure == f"write {cure!r}"


@pytest.mark.parametrize(
    "condition", ['matches(text, "[貸贷]款 [一-龥]")', 'contains(text, "贷款")', 'due_to == "貸款"']
)
def test_other_literals_are_the_authors_own(rules: str, condition: str) -> None:
    rules = rules.replace("due: date", "due: date\n  due_to: text").replace('contains(text, "wire")', condition)
    assert check_literals(RuleSet.parse(rules)) == []
