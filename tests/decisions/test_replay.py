"""A thousand stored decisions come out the same, byte for byte; another policy's differences are told."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from fengkong.decisions import Decider, Policy, Velocity, replay, stored_decisions
from fengkong.domain import Document, Fact, InputError
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs:
  amount: decimal
  due: date
  graph.hops: integer
  signals.risk: {type: signal, labels: [low, high]}
  earlier: {type: window, events: decision, by: customer, measure: count, over: 7 d}
reasons:
  R-AMOUNT: {en: Too much., zh: 金额过大。}
  R-RISK: {en: High risk., zh: 风险较高。}
  R-LINK: {en: Linked., zh: 有关联。}
rules:
  - {id: amount, when: amount > 1000, then: decline, reason: R-AMOUNT}
  - {id: late, when: due < date("2026-01-01"), then: review, reason: R-AMOUNT, unknown: no_hit}
  - {id: risk, when: amount > 100 and signals.risk.p > 0.5, then: review, reason: R-RISK}
  - {id: link, when: graph.hops <= 2 or earlier > 3, then: review, reason: R-LINK}
"""


class Hops:
    """A source that fails now and then."""

    names = frozenset({"graph.hops"})

    def facts(self, doc: Document, _as_of: datetime) -> list[Fact]:
        if "break" in doc.text:
            raise RuntimeError
        return [Fact("graph.hops", len(doc.text) % 7, "graph")]


def documents(n: int) -> list[Document]:
    """A mix of good, bad and missing values, the same every time."""
    draw = random.Random(7)
    amounts = [50, 150, 2000, Decimal("99.50"), 100.5, None, "150.25", "much"]
    dues = ["2025-01-01", "2027-01-01", None, datetime(2026, 5, 5, tzinfo=UTC).date()]
    texts = ["a car", "urgent", "紧急 break", "", "a boat\u200b", "break"]
    return [
        Document(
            draw.choice(texts),
            {"amount": draw.choice(amounts), "due": draw.choice(dues), "customer": draw.randrange(n // 5 + 1)},
            id=f"doc-{number}",
            time=draw.choice([None, NOON - timedelta(hours=draw.randrange(400))]),
        )
        for number in range(n)
    ]


def decided(n: int) -> MemoryLedger:
    ledger, rules, minutes = MemoryLedger(), RuleSet.parse(RULES), count()
    scorer = FakeScorer("risk", ["low", "high"], {"urgent": 0.9, "紧急": 0.95}, positive="high")
    Decider(
        Policy("loans", rules),
        {"risk": scorer},
        ledger,
        sources=[Hops(), Velocity(rules.windows, ledger)],
        now=lambda: NOON + timedelta(seconds=next(minutes)),
    ).decide_many(documents(n))
    return ledger


def test_a_thousand_decisions_come_out_the_same_byte_for_byte() -> None:
    ledger, policy = decided(1000), Policy("loans", RuleSet.parse(RULES))
    seen: list[int] = []
    report = replay(stored_decisions(ledger), lambda _: policy, progress=seen.append)
    assert (report.replayed, report.same, report.skipped, report.differences) == (1000, 1000, 0, ())
    assert seen[-1] == 1000


def test_a_changed_policy_is_noticed_with_the_place_where_it_differs() -> None:
    ledger = decided(40)
    changed = Policy("loans", RuleSet.parse(RULES.replace("graph.hops <= 2", "graph.hops <= 3")))
    report = replay(stored_decisions(ledger), lambda _: changed)
    assert (report.replayed, report.same) == (40, 0)
    assert len(report.differences) == 40
    assert {difference.place for difference in report.differences} >= {"decision.rules_hash"}
    assert report.differences[0].document == "doc-0"


def test_decisions_of_other_policies_are_passed_over_and_counted() -> None:
    report = replay(stored_decisions(decided(10)), lambda _: None)
    assert (report.replayed, report.skipped) == (0, 10)


def test_a_record_that_can_not_be_read_is_named() -> None:
    ledger = decided(2)
    ledger.append("decision", "x", {"format": 9})
    with pytest.raises(InputError, match="entry 3: the entry is not a decision of record format 1"):
        replay(stored_decisions(ledger), lambda _: None)
