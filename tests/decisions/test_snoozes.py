"""A snoozed rule says nothing about one entity until a moment, and a replay knows that it did not."""

from datetime import UTC, datetime, timedelta

import pytest

from fengkong.decisions import Decider, Policy, Shadow, Snooze, Snoozes, replay, snooze, stored_decisions
from fengkong.decisions.records import decision_from_record
from fengkong.domain import Document, InputError, RuleState
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs: {amount: decimal}
reasons: {R: {en: Too much., zh: 金额过大。}}
rules:
  - {id: large, when: amount > 1000, then: decline, reason: R}
  - {id: huge, when: amount > 5000, then: decline, reason: R}
"""


def outcomes(ledger: MemoryLedger, *asked: tuple[str, int, int]) -> list[str]:
    """The outcomes for (customer, amount, hours after noon)."""
    policy, hours = Policy("loans", RuleSet.parse(RULES)), iter(asked)
    decider = Decider(
        policy,
        {},
        ledger,
        snoozes=Snoozes(ledger),
        shadow=Shadow(policy, {}),
        now=lambda: NOON + timedelta(hours=next(hours)[2]),
    )
    return [str(decider.decide(Document("x", {"customer": who, "amount": amount})).outcome) for who, amount, _ in asked]


def test_a_rule_is_silent_for_one_entity_until_its_moment() -> None:
    ledger = MemoryLedger()
    snooze(ledger, Snooze("large", "customer", "c1", NOON + timedelta(hours=5), "Li", "verified by phone"))
    asked = [("c1", 2000, 1), ("c2", 2000, 1), ("c1", 9000, 2), ("c1", 2000, 5)]
    assert outcomes(ledger, *asked) == ["approve", "decline", "decline", "decline"]


def test_a_later_snooze_takes_its_place_and_one_that_has_passed_ends_it() -> None:
    ledger = MemoryLedger()
    snooze(ledger, Snooze("large", "customer", "17", NOON + timedelta(days=5), "Li"))
    assert outcomes(ledger, ("17", 2000, 1), (17, 2000, 1)) == ["approve", "approve"]
    snooze(ledger, Snooze("large", "customer", "17", NOON, "Chen"))
    assert outcomes(ledger, ("17", 2000, 1)) == ["decline"]


def test_a_customer_is_the_same_however_the_number_is_written() -> None:
    ledger = MemoryLedger()
    snooze(ledger, Snooze("large", "customer", "17 ", NOON + timedelta(days=5), "Li"))
    assert outcomes(ledger, ("17", 2000, 1), (17.0, 2000, 1), (" 17", 2000, 1)) == ["approve"] * 3


def test_the_trace_the_shadow_and_a_replay_know_of_it() -> None:
    ledger = MemoryLedger()
    snooze(ledger, Snooze("large", "customer", "c1", NOON + timedelta(days=5), "Li"))
    outcomes(ledger, ("c1", 2000, 1))
    (stored,) = stored_decisions(ledger)
    assert [rule.state for rule in stored.dec.trace.rules] == [RuleState.SNOOZED, RuleState.NO_HIT]
    (phantom,) = (entry for entry in ledger.entries() if entry.kind == "phantom")
    assert decision_from_record(phantom.body).outcome == stored.dec.outcome
    assert replay([stored], lambda _: Policy("loans", RuleSet.parse(RULES))).same == 1


def test_a_snooze_that_can_not_be_is_refused() -> None:
    with pytest.raises(InputError, match="no zone"):
        Snooze("large", "customer", "c1", NOON.replace(tzinfo=None), "Li")
    with pytest.raises(InputError, match="a snooze needs a rule"):
        Snooze("large", "customer", " ", NOON, "Li")
    ledger = MemoryLedger()
    ledger.append("snooze", "large", {"format": 1, "rule": "large"})
    with pytest.raises(InputError, match="entry 1: a snooze can't be read"):
        Snoozes(ledger).of(Document("x"), NOON)
