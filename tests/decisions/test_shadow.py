"""A shadow leaves phantom records and a comparison; the live answer is the same with it and without."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest

from fengkong.decisions import (
    Decider,
    Policy,
    Shadow,
    Snooze,
    Snoozes,
    compare,
    decision_from_record,
    shadow_pairs,
    snooze,
)
from fengkong.domain import Document, FacilityError, Fact, Outcome, SettingsError, Signal
from fengkong.ledger import Entry, MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

LIVE = """
format: 1
name: loan
version: "1"
default: approve
inputs: {amount: decimal, graph.hops: integer, signals.risk: signal, signals.threat: signal}
reasons:
  R-AMOUNT: {en: Too much., zh: 金额过大。}
  R-RISK: {en: High risk., zh: 风险较高。}
  R-LINK: {en: Linked., zh: 有关联。}
rules:
  - {id: amount, when: amount > 1000, then: decline, reason: R-AMOUNT}
  - {id: risk, when: amount > 100 and signals.risk.p > 0.5, then: review, reason: R-RISK}
"""
CANDIDATE = (
    LIVE.replace('"1"', '"2"').replace("amount > 1000", "amount > 2000").replace("then: review", "then: decline")
)
LINKED = LIVE.replace('"1"', '"3"') + "  - {id: link, when: graph.hops <= 2, then: review, reason: R-LINK}\n"

DOCS = [
    Document("a car", {"amount": 50, "city": "x"}, id="1"),
    Document("urgent", {"amount": 500, "city": "y"}, id="2"),
    Document("a boat", {"amount": Decimal("1500.50"), "city": "x"}, id="3"),
]


class Counting(FakeScorer):
    def __init__(self, name: str) -> None:
        super().__init__(name, ["low", "high"], {"urgent": 0.9}, positive="high")
        self.texts = 0

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        self.texts += len(docs)
        return super().score(docs)


class Hops:
    names = frozenset({"graph.hops"})

    def facts(self, _doc: Document, _as_of: datetime) -> list[Fact]:
        return [Fact("graph.hops", 1, "graph")]


def scorers() -> dict[str, Counting]:
    return {name: Counting(name) for name in ("risk", "threat")}


def run(shadow: Shadow | None, ledger: MemoryLedger, models: dict[str, Counting] | None = None, **more: object) -> list:
    ids = count(1)
    decider = Decider(
        Policy("loans", RuleSet.parse(LIVE)),
        models or scorers(),
        ledger,
        shadow=shadow,
        now=lambda: NOON,
        new_id=lambda _: f"d-{next(ids)}",
        **more,
    )
    return decider.decide_many(DOCS)


def phantoms(ledger: MemoryLedger) -> list[Entry]:
    return [entry for entry in ledger.entries() if entry.kind == "phantom"]


def test_a_shadow_leaves_one_phantom_a_decision_and_the_answers_alone() -> None:
    ledger, alone = MemoryLedger(), MemoryLedger()
    answers = run(Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), scorers()), ledger)
    assert answers == run(None, alone)
    assert [str(dec.outcome) for dec in answers] == ["approve", "review", "decline"]
    written = [(entry.subject, decision_from_record(entry.body)) for entry in phantoms(ledger)]
    assert [(subject, dec.id, dec.policy, str(dec.outcome)) for subject, dec in written] == [
        ("1", "d-1", "loans@2", "approve"),
        ("2", "d-2", "loans@2", "decline"),
        ("3", "d-3", "loans@2", "approve"),
    ]


def test_a_model_that_both_use_is_asked_once_and_another_bundle_is_asked_anew() -> None:
    models = scorers()
    run(Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), models), MemoryLedger(), models)
    assert models["risk"].texts == 2
    other = FakeScorer("risk", ["low", "high"], {"boat": 0.9}, positive="high")
    ledger = MemoryLedger()
    run(Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), {**models, "risk": other}), ledger, models)
    assert [str(decision_from_record(entry.body).outcome) for entry in phantoms(ledger)] == [
        "approve",
        "approve",
        "decline",
    ]


@pytest.mark.parametrize("lent", [True, False])
def test_facts_of_sources_are_the_live_ones_or_its_own(lent: bool) -> None:
    shadow = Shadow(Policy("loans", RuleSet.parse(LINKED)), scorers(), sources=[] if lent else [Hops()])
    ledger = MemoryLedger()
    answers = run(shadow, ledger, sources=[Hops()] if lent else [])
    assert answers[0].outcome is Outcome.APPROVE
    assert [reason.code for reason in decision_from_record(phantoms(ledger)[0].body).reasons] == ["R-LINK"]


def test_a_shadow_that_breaks_says_so_and_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: object) -> None:
        raise RuntimeError("6222 0000 1111 2222")

    policy = Policy("loans", RuleSet.parse(CANDIDATE))
    shadow, ledger = Shadow(policy, scorers()), MemoryLedger()
    monkeypatch.setattr(policy.rules, "run", burst)
    assert run(shadow, ledger) == run(None, MemoryLedger())
    assert [entry.body["failed"] for entry in phantoms(ledger)] == ["the shadow policy raised RuntimeError"] * 3
    report = compare(shadow_pairs(ledger))
    assert (report.n, report.failed, report.matrix) == (3, 3, ())


def test_a_phantom_that_can_not_be_written_costs_no_answer() -> None:
    class Full(MemoryLedger):
        def append_many(self, kind: str, items: Sequence[tuple[str, object]]) -> list[Entry]:
            if kind == "phantom":
                raise FacilityError("the disk is full")
            return super().append_many(kind, items)

    ledger = Full()
    assert len(run(Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), scorers()), ledger)) == 3
    assert [entry.kind for entry in ledger.entries()] == ["decision"] * 3


def test_a_shadow_without_its_models_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match=r"a signal that no model gives"):
        Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), {})


def test_the_report_says_who_changes_why_and_for_how_much() -> None:
    ledger = MemoryLedger()
    run(Shadow(Policy("loans", RuleSet.parse(CANDIDATE)), scorers()), ledger)
    report = compare(shadow_pairs(ledger, "loans@2", ["amount", "city"]), by=["city"], money=["amount"])
    assert (report.n, report.changed, report.failed) == (3, 2, 0)
    assert [(cell.before, cell.after, cell.n, cell.money) for cell in report.matrix] == [
        ("approve", "approve", 1, {"amount": Decimal(50)}),
        ("review", "decline", 1, {"amount": Decimal(500)}),
        ("decline", "approve", 1, {"amount": Decimal("1500.5")}),
    ]
    assert [(reason.code, reason.before, reason.after, reason.new, reason.gone) for reason in report.reasons] == [
        ("R-AMOUNT", 1, 0, 0, 1),
        ("R-RISK", 1, 1, 0, 0),
    ]
    assert [(segment.value, segment.n, segment.changed, segment.after["decline"]) for segment in report.segments] == [
        ("x", 2, 1, 0),
        ("y", 1, 1, 1),
    ]
    assert shadow_pairs(ledger, "loans@9").is_empty()


def test_what_the_live_source_left_out_is_unknown_to_the_shadow_too() -> None:
    class Silent:
        names = frozenset({"graph.hops"})

        def facts(self, _doc: Document, _as_of: datetime) -> list[Fact]:
            return []

    ledger, policy = MemoryLedger(), Policy("loans", RuleSet.parse(LINKED))
    decider = Decider(policy, scorers(), ledger, sources=[Silent()], shadow=Shadow(policy, scorers()))
    dec = decider.decide(Document("a car", {"amount": 50, "graph.hops": 9}))
    (phantom,) = phantoms(ledger)
    assert dec.outcome is Outcome.REVIEW
    assert decision_from_record(phantom.body).outcome is Outcome.REVIEW


def test_a_rule_that_only_the_candidate_has_can_be_snoozed() -> None:
    ledger = MemoryLedger()
    snooze(ledger, Snooze("link", "city", "x", NOON.replace(year=2030), "Li"))
    shadow = Shadow(Policy("loans", RuleSet.parse(LINKED)), scorers(), sources=[Hops()])
    run(shadow, ledger, snoozes=Snoozes(ledger))
    outcomes = [str(decision_from_record(entry.body).outcome) for entry in phantoms(ledger)]
    assert outcomes == ["approve", "review", "decline"]
