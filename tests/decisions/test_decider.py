"""What a caller of the decider sees: outcomes, reasons, and a record that is written before the answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Decider, Policy, decision_from_record, document_from_record
from fengkong.domain import (
    Decision,
    Document,
    FacilityError,
    FieldValue,
    InputError,
    Outcome,
    RuleState,
)
from fengkong.ledger import Ledger, MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def codes(dec: Decision) -> list[str]:
    return [reason.code for reason in dec.reasons]


def test_a_case_that_no_rule_stops_is_approved_without_reasons(decide: Callable[..., Decision]) -> None:
    dec = decide()
    assert (dec.outcome, dec.reasons) == (Outcome.APPROVE, ())
    assert [rule.state for rule in dec.trace.rules] == [
        *[RuleState.NO_HIT] * 4,
        RuleState.UNKNOWN,
        RuleState.NO_HIT,
    ]


def test_the_decision_says_what_it_was_made_from(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    doc = Document("a car", good, id="loan-7")
    dec = decider().decide(doc)
    assert (dec.id, dec.time, dec.document, dec.document_hash) == ("d-1", NOON, "loan-7", doc.content_hash)
    assert (dec.policy, dec.rules_hash) == ("loans@3", RuleSet.parse(rules).hash)
    assert [(fact.name, fact.value, fact.source) for fact in dec.facts] == [
        ("amount", 5000, "fields"),
        ("income", 40000, "fields"),
    ]
    assert [(sig.name, sig.label, sig.p) for sig in dec.signals] == [("risk", "low", 0.1)]


def test_the_most_severe_rule_wins_and_reasons_follow_severity_then_the_author(decide: Callable[..., Decision]) -> None:
    dec = decide("urgent: wire it", amount=2_000_000)
    assert dec.outcome is Outcome.DECLINE
    assert codes(dec) == ["R-DEBT", "R-RISK", "R-AMOUNT", "R-TEXT"]
    assert dec.reasons[1].texts == {"en": "The text speaks of high risk.", "zh": "文本显示风险较高。"}
    assert dec.reasons[1].source == "risk"


def test_among_equally_severe_reasons_the_one_of_higher_priority_comes_first(rules: str) -> None:
    urgent = rules.replace("then: decline, reason: R-RISK}", "then: decline, reason: R-RISK, priority: 3}")
    scorer = FakeScorer("risk", ["low", "high"], {"urgent": 0.9}, positive="high")
    decider = Decider(Policy("loans", RuleSet.parse(urgent)), {"risk": scorer}, MemoryLedger())
    dec = decider.decide(Document("urgent: wire it", {"amount": 2_000_000, "income": 40_000, "due": date(2027, 1, 1)}))
    assert codes(dec) == ["R-RISK", "R-DEBT", "R-AMOUNT", "R-TEXT"]


def test_the_decision_and_its_record_hold_what_points_and_tables_came_to() -> None:
    scored = """
format: 1
name: scored
version: "1"
default: approve
inputs: {amount: decimal}
reasons: {R: {en: Much., zh: 较多。}}
tables:
  offer:
    hit: first
    inputs: {amount: amount}
    outputs: {share: integer, band: text}
    rows: [{amount: "< 500", share: 40, band: P1}, {share: 10, band: P2}]
rules:
  - {id: much, when: amount > 100, points: 2.5}
  - {id: sum, when: points.total > 5 and tables.offer.share > 1, then: review, reason: R}
"""
    ledger = MemoryLedger()
    dec = Decider(Policy("scored", RuleSet.parse(scored)), {}, ledger).decide(Document("", {"amount": 200}, id="a"))
    came_to = {"points.total": Decimal("2.5"), "tables.offer.share": 40, "tables.offer.band": "P1"}
    assert dec.trace.derived == came_to
    assert decision_from_record(ledger.find("decision", "a")[0].body).trace.derived == came_to


@pytest.mark.parametrize("disguise", ["w\u200bire", "\uff57\uff49\uff52\uff45", "wir\u0435"])
def test_a_word_in_disguise_does_not_hide_from_a_rule(decide: Callable[..., Decision], disguise: str) -> None:
    assert codes(decide(f"please {disguise} it")) == ["R-TEXT"]


def test_at_most_four_reasons_are_reported_and_the_trace_keeps_them_all(decide: Callable[..., Decision]) -> None:
    dec = decide("urgent: wire it", amount=2_000_000, due="2019-01-01")
    assert codes(dec) == ["R-DEBT", "R-RISK", "R-LATE", "R-AMOUNT"]
    assert sum(rule.state is RuleState.HIT for rule in dec.trace.rules) == 5


def test_an_approval_lists_what_speaks_for_it_and_an_adverse_outcome_never_does(
    decide: Callable[..., Decision],
) -> None:
    assert codes(decide(amount=50)) == ["R-SMALL"]
    assert codes(decide("紧急", amount=50)) == ["R-RISK"]


def test_a_reason_that_two_rules_give_is_reported_once(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    rules = rules + "  - {id: wire2, when: 'contains(text, \"wire it\")', then: decline, reason: R-TEXT}\n"
    dec = decider(rules=rules).decide(Document("wire it", good))
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.DECLINE, ["R-TEXT"], "wire2")


@pytest.mark.parametrize("default", ["review", "decline"])
def test_an_adverse_default_has_a_reason_too(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue], default: str
) -> None:
    dec = decider(rules=rules.replace("default: approve", f"default: {default}")).decide(Document("a car", good))
    assert (str(dec.outcome), codes(dec)) == (default, ["D-DEFAULT"])


def test_a_field_can_not_pass_for_what_a_model_or_the_text_said(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    forged = {"signals.risk.p": 0.0, "signals.risk.failed": False, "text": "harmless"}
    dec = decider().decide(Document("urgent: wire it", good | forged))
    assert codes(dec) == ["R-RISK", "R-TEXT"]

    nobody_scored = Policy("loans", RuleSet.parse(rules)).conclude(Document("a car"), (), dec.facts)
    assert ("D-UNKNOWN", "risk") in [(reason.code, reason.source) for reason in nobody_scored.reasons]


def test_the_record_is_in_the_ledger_when_the_answer_comes(
    decider: Callable[..., Decider], good: dict[str, FieldValue], tmp_path: Path
) -> None:
    doc = Document("紧急 urgent", {**good, "due": "2031-05-06"}, id="loan-7", source="inbox", time=NOON)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        dec = decider(ledger).decide(doc)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        (entry,) = ledger.find("decision", "loan-7")
        assert ledger.verify() == []
    assert decision_from_record(entry.body) == dec
    assert document_from_record(entry.body) == doc


def test_without_a_record_there_is_no_answer(
    decider: Callable[..., Decider], good: dict[str, FieldValue], tmp_path: Path
) -> None:
    with Ledger.open(tmp_path / "ledger.db"):
        pass
    with Ledger.open(f"sqlite:///file:{tmp_path}/ledger.db?mode=ro&uri=true") as ledger:
        with pytest.raises(FacilityError, match="can't be written"):
            decider(ledger).decide(Document("a car", good))
        assert ledger.entries() == []


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"amount": float("nan")}, "field 'amount': a number must be finite"),
        ({"amount": Decimal("NaN")}, "field 'amount': a number must be finite"),
        ({"amount": {"decimal": "5"}}, "field 'amount': a value is none that a field can have"),
        ({"names": [["x"]]}, "field 'names': a value is none that a field can have"),
        ({"name": "\ud800"}, "half a surrogate pair"),
        ({"\ud800": 1}, "half a surrogate pair"),
    ],
)
def test_a_field_that_could_not_be_read_back_is_refused_before_anything_is_decided(
    decider: Callable[..., Decider], good: dict[str, FieldValue], bad: dict[str, FieldValue], fault: str
) -> None:
    ledger = MemoryLedger()
    with pytest.raises(InputError, match=fault):
        decider(ledger).decide_many([Document("a car", good, id="1"), Document("b", bad, id="2")])
    assert ledger.entries() == []


def test_decisions_without_any_model_need_only_rules(rules: str, good: dict[str, FieldValue]) -> None:
    rules = rules.replace("signals.risk.p > 0.5", "amount < 0").replace(
        "  signals.risk: {type: signal, labels: [low, high]}\n", ""
    )
    dec = Decider(Policy("loans", RuleSet.parse(rules)), {}, MemoryLedger()).decide(Document("wire it", good))
    assert (dec.outcome, dec.signals) == (Outcome.REVIEW, ())


def test_ids_are_unique_and_sort_by_time(rules: str, good: dict[str, FieldValue]) -> None:
    times = iter(NOON + timedelta(milliseconds=n) for n in range(50))
    many = Decider(
        Policy("loans", RuleSet.parse(rules)),
        {"risk": FakeScorer(positive="high")},
        MemoryLedger(),
        now=lambda: next(times),
    )
    ids = [dec.id for dec in many.decide_many([Document("a car", good)] * 50)]
    assert ids == sorted(set(ids))
    assert all(id_[14] == "7" and len(id_) == 36 for id_ in ids)


_numbers = st.none() | st.integers(0, 3_000_000) | st.decimals(0, 99, places=2) | st.floats(0, 1e7)
_documents = st.builds(
    Document,
    st.lists(st.sampled_from(["urgent", "wire", "a car", "crash", "紧急", "贷款", "\u200b", "\ud800"])).map(" ".join),
    st.fixed_dictionaries(
        {},
        optional={
            "amount": _numbers,
            "income": _numbers | st.text(max_size=3),
            "due": st.none() | st.dates() | st.sampled_from(["2019-02-03", "soon"]),
        },
    ),
)


@settings(deadline=None, max_examples=30)
@given(docs=st.lists(_documents, max_size=5))
def test_many_at_once_are_decided_as_one_by_one(decider: Callable[..., Decider], docs: list[Document]) -> None:
    together, apart = MemoryLedger(now=lambda: NOON), MemoryLedger(now=lambda: NOON)
    one_by_one = decider(apart)
    assert decider(together).decide_many(docs) == [one_by_one.decide(doc) for doc in docs]
    assert together.entries() == apart.entries()


@settings(deadline=None, max_examples=30)
@given(doc=_documents)
def test_a_stored_decision_comes_out_the_same_when_it_is_repeated(
    decider: Callable[..., Decider], rules: str, doc: Document
) -> None:
    ledger = MemoryLedger()
    dec = decider(ledger).decide(doc)
    body = ledger.get(1).body
    stored, again = decision_from_record(body), document_from_record(body)
    assert stored == dec
    conclusion = Policy("loans", RuleSet.parse(rules)).conclude(again, stored.signals, stored.facts)
    assert (conclusion.outcome, conclusion.reasons, conclusion.trace) == (dec.outcome, dec.reasons, dec.trace)
    once_more = decider().decide(again)
    assert (once_more.outcome, once_more.reasons, once_more.trace) == (dec.outcome, dec.reasons, dec.trace)
