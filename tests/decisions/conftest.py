"""A policy on loans, and a decider under it with a clock and ids that are known."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from fengkong.decisions import Decider, Policy
from fengkong.domain import Decision, Document, FieldValue, Signal
from fengkong.ledger import EntryStore, MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

RULES = """
format: 1
name: loan
version: "3"
default: approve
inputs:
  amount: decimal
  income: decimal
  due: date
  signals.risk: {type: signal, labels: [low, high]}
reasons:
  R-AMOUNT: {en: The amount is very large., zh: 金额过大。}
  R-DEBT: {en: The debt is too high for the income., zh: 负债相对收入过高。}
  R-RISK: {en: The text speaks of high risk., zh: 文本显示风险较高。}
  R-TEXT: {en: The text asks for money to be wired., zh: 文本要求汇款。}
  R-LATE: {en: The due date has passed., zh: 已过到期日。}
  R-SMALL: {en: The amount is small., zh: 金额较小。}
rules:
  - {id: large, when: amount > 1000000, then: review, reason: R-AMOUNT}
  - {id: small, when: amount < 100, then: approve, reason: R-SMALL}
  - {id: debt, when: amount > income * 5, then: decline, reason: R-DEBT}
  - {id: risk, when: signals.risk.p > 0.5, then: decline, reason: R-RISK}
  - {id: late, when: due < date("2020-01-01"), then: decline, reason: R-LATE, unknown: no_hit}
  - {id: wire, when: 'contains(text, "wire")', then: review, reason: R-TEXT}
"""

GOOD: dict[str, FieldValue] = {"amount": 5000, "income": 40000}


class Broken(FakeScorer):
    """A model whose engine fails on some texts, and on any batch that holds one of them."""

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        if any("crash" in doc.text for doc in docs):
            raise RuntimeError("6222 0000 1111 2222")
        return super().score(docs)


def make(ledger: EntryStore | None = None, scorer: FakeScorer | None = None, rules: str = RULES) -> Decider:
    scorer = scorer or Broken("risk", ["low", "high"], {"urgent": 0.9, "紧急": 0.95}, positive="high")
    minutes, ids = count(), count(1)
    return Decider(
        Policy("loans", RuleSet.parse(rules)),
        {"risk": scorer},
        MemoryLedger() if ledger is None else ledger,
        now=lambda: NOON + timedelta(minutes=next(minutes)),
        new_id=lambda _: f"d-{next(ids)}",
    )


@pytest.fixture(scope="session")
def rules() -> str:
    """The rules of the policy, for tests that change them."""
    return RULES


@pytest.fixture(scope="session")
def good() -> dict[str, FieldValue]:
    """Fields that no rule stops."""
    return GOOD


@pytest.fixture(scope="session")
def decider() -> Callable[..., Decider]:
    """Makes a decider: ledger, scorer and rules may be given."""
    return make


@pytest.fixture(scope="session")
def decide() -> Callable[..., Decision]:
    """Decides on one text, with fields that no rule stops but for those given."""

    def one(text: str = "a car", scorer: FakeScorer | None = None, **fields: FieldValue) -> Decision:
        return make(scorer=scorer).decide(Document(text, {**GOOD, **fields}))

    return one
