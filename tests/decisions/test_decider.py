"""What a caller of the decider sees: outcomes, reasons, doubts, and a record that is written before the answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Decider, Policy, check_literals, decision_from_record, document_from_record
from fengkong.domain import (
    Decision,
    Document,
    FacilityError,
    FieldValue,
    InputError,
    Outcome,
    RuleError,
    RuleState,
    SettingsError,
    Signal,
)
from fengkong.ledger import EntryStore, Ledger, MemoryLedger
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

GOOD = {"amount": 5000, "income": 40000}


class Broken(FakeScorer):
    """A model whose engine fails on some texts, and on any batch that holds one of them."""

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        if any("crash" in doc.text for doc in docs):
            raise RuntimeError("6222 0000 1111 2222")
        return super().score(docs)


class Changed(FakeScorer):
    """A model whose signals come out changed."""

    def __init__(self, change: Callable[[Signal], Signal]) -> None:
        super().__init__("risk", ["low", "high"], positive="high")
        self._change = change

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        return [self._change(sig) for sig in super().score(docs)]


def decider(ledger: EntryStore | None = None, scorer: FakeScorer | None = None, rules: str = RULES) -> Decider:
    scorer = scorer or Broken("risk", ["low", "high"], {"urgent": 0.9, "紧急": 0.95}, positive="high")
    minutes, ids = count(), count(1)
    return Decider(
        Policy("loans", RuleSet.parse(rules)),
        {"risk": scorer},
        MemoryLedger() if ledger is None else ledger,
        now=lambda: NOON + timedelta(minutes=next(minutes)),
        new_id=lambda _: f"d-{next(ids)}",
    )


def decide(text: str = "a car", scorer: FakeScorer | None = None, **fields: FieldValue) -> Decision:
    return decider(scorer=scorer).decide(Document(text, {**GOOD, **fields}))


def codes(dec: Decision) -> list[str]:
    return [reason.code for reason in dec.reasons]


def test_a_case_that_no_rule_stops_is_approved_without_reasons() -> None:
    dec = decide()
    assert (dec.outcome, dec.reasons) == (Outcome.APPROVE, ())
    assert [rule.state for rule in dec.trace.rules] == [
        *[RuleState.NO_HIT] * 4,
        RuleState.UNKNOWN,
        RuleState.NO_HIT,
    ]


def test_the_decision_says_what_it_was_made_from() -> None:
    doc = Document("a car", GOOD, id="loan-7")
    dec = decider().decide(doc)
    assert (dec.id, dec.time, dec.document, dec.document_hash) == ("d-1", NOON, "loan-7", doc.content_hash)
    assert (dec.policy, dec.rules_hash) == ("loans@3", RuleSet.parse(RULES).hash)
    assert [(fact.name, fact.value, fact.source) for fact in dec.facts] == [
        ("amount", 5000, "fields"),
        ("income", 40000, "fields"),
    ]
    assert [(sig.name, sig.label, sig.p) for sig in dec.signals] == [("risk", "low", 0.1)]


def test_the_most_severe_rule_wins_and_reasons_follow_severity_then_the_author() -> None:
    dec = decide("urgent: wire it", amount=2_000_000)
    assert dec.outcome is Outcome.DECLINE
    assert codes(dec) == ["R-DEBT", "R-RISK", "R-AMOUNT", "R-TEXT"]
    assert dec.reasons[1].texts == {"en": "The text speaks of high risk.", "zh": "文本显示风险较高。"}
    assert dec.reasons[1].source == "risk"


@pytest.mark.parametrize("disguise", ["w\u200bire", "\uff57\uff49\uff52\uff45", "wir\u0435"])
def test_a_word_in_disguise_does_not_hide_from_a_rule(disguise: str) -> None:
    assert codes(decide(f"please {disguise} it")) == ["R-TEXT"]


def test_at_most_four_reasons_are_reported_and_the_trace_keeps_them_all() -> None:
    dec = decide("urgent: wire it", amount=2_000_000, due="2019-01-01")
    assert codes(dec) == ["R-DEBT", "R-RISK", "R-LATE", "R-AMOUNT"]
    assert sum(rule.state is RuleState.HIT for rule in dec.trace.rules) == 5


def test_an_approval_lists_what_speaks_for_it_and_an_adverse_outcome_never_does() -> None:
    assert codes(decide(amount=50)) == ["R-SMALL"]
    assert codes(decide("紧急", amount=50)) == ["R-RISK"]


def test_a_reason_that_two_rules_give_is_reported_once() -> None:
    rules = RULES + "  - {id: wire2, when: 'contains(text, \"wire it\")', then: decline, reason: R-TEXT}\n"
    dec = decider(rules=rules).decide(Document("wire it", GOOD))
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.DECLINE, ["R-TEXT"], "wire2")


@pytest.mark.parametrize("default", ["review", "decline"])
def test_an_adverse_default_has_a_reason_too(default: str) -> None:
    dec = decider(rules=RULES.replace("default: approve", f"default: {default}")).decide(Document("a car", GOOD))
    assert (str(dec.outcome), codes(dec)) == (default, ["D-DEFAULT"])


def test_an_unknown_input_that_a_rule_needs_goes_to_a_person() -> None:
    dec = decide(income=None)
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-UNKNOWN"], "debt")
    assert codes(decide(amount=None)) == ["D-UNKNOWN"]


def test_an_unknown_input_that_decides_nothing_raises_no_doubt() -> None:
    rules = RULES.replace("amount > income * 5", "amount > 9000 and income < 1000")
    assert decider(rules=rules).decide(Document("a car", {"amount": 5000})).outcome is Outcome.APPROVE


def test_a_doubt_never_softens_a_decline_that_a_rule_asks_for() -> None:
    dec = decide("urgent", income=None)
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["R-RISK", "D-UNKNOWN"])


def test_a_doubt_goes_to_a_person_and_not_to_a_default_of_decline() -> None:
    rules = RULES.replace("default: approve", "default: decline")
    dec = decider(rules=rules).decide(Document("a car", {"amount": 5000}))
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, ["D-UNKNOWN"])


def test_an_author_may_decline_what_is_unknown() -> None:
    rules = RULES.replace("reason: R-DEBT", "reason: R-DEBT, unknown: decline")
    dec = decider(rules=rules).decide(Document("a car", {"amount": 5000}))
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["D-UNKNOWN"])


def test_declining_what_is_unknown_holds_when_it_is_the_model_that_is_silent() -> None:
    rules = RULES.replace("reason: R-RISK", "reason: R-RISK, unknown: decline")
    dec = decider(rules=rules).decide(Document("crash", GOOD))
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["D-UNKNOWN", "D-MODEL-FAILED"])


def test_a_value_of_a_wrong_type_goes_to_a_person() -> None:
    dec = decide(income="plenty")
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-RULE-ERROR"], "debt")


def test_a_model_that_raises_goes_to_a_person_and_its_message_stays_out() -> None:
    dec = decide("crash")
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, ["D-MODEL-FAILED"])
    assert dec.reasons[0].source == "signals.risk"
    assert dec.signals[0].failed
    assert dec.signals[0].cause == "the model raised RuntimeError"


def test_one_text_that_breaks_the_model_costs_the_others_nothing() -> None:
    decisions = decider().decide_many([Document(text, GOOD) for text in ("a car", "crash", "urgent")])
    assert [codes(dec) for dec in decisions] == [[], ["D-MODEL-FAILED"], ["R-RISK"]]


def test_our_own_errors_are_told_as_the_cause() -> None:
    class Full(FakeScorer):
        def score(self, docs: Sequence[Document]) -> list[Signal]:
            raise FacilityError("the engine ran out of memory", cure="score fewer texts at once")

    dec = decide(scorer=Full("risk", ["low", "high"], positive="high"))
    assert dec.signals[0].cause == "the engine ran out of memory; score fewer texts at once."


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sig: replace(sig, abstained=True, p=0.99, label="high"), "D-ABSTAINED"),
        (lambda sig: replace(sig, failed=True, p=0.99, label="high"), "D-MODEL-FAILED"),
        (lambda sig: replace(sig, unread=12), "D-UNREAD"),
        (lambda sig: replace(sig, fieldless=True), "D-NO-FIELDS"),
        (lambda sig: replace(sig, p=float("nan")), "D-MODEL-FAILED"),
        (lambda sig: replace(sig, probabilities={"low": float("inf")}), "D-MODEL-FAILED"),
        (lambda sig: replace(sig, p=None), "D-UNKNOWN"),
        (lambda sig: replace(sig, p=1.5), "D-RULE-ERROR"),
    ],
)
def test_every_doubt_about_a_model_goes_to_a_person(change: Callable[[Signal], Signal], code: str) -> None:
    dec = decide(scorer=Changed(change))
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, [code])
    assert all(reason.texts["en"] and reason.texts["zh"] for reason in dec.reasons)


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b", "…!?", "\u3000。"])
@pytest.mark.parametrize("seen", ["signals.risk.p > 0.5", 'contains(text, "wire")'])
def test_a_text_without_a_word_goes_to_a_person(text: str, seen: str) -> None:
    rules = (
        RULES.split("rules:", maxsplit=1)[0] + f"rules: [{{id: one, when: '{seen}', then: decline, reason: R-TEXT}}]"
    )
    dec = decider(rules=rules).decide(Document(text, GOOD))
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-EMPTY"], "text")
    assert decider(rules=rules).decide(Document("7", GOOD)).outcome is Outcome.APPROVE


def test_a_text_that_no_rule_looks_at_may_be_empty() -> None:
    rules = (
        RULES.split("rules:", maxsplit=1)[0]
        + "rules: [{id: debt, when: amount > income, then: decline, reason: R-DEBT}]"
    )
    assert decider(rules=rules).decide(Document("", GOOD)).outcome is Outcome.APPROVE


def test_a_model_that_no_rule_looks_at_is_not_asked() -> None:
    rules = RULES.replace("signals.risk.p > 0.5", "amount < 0").replace(
        "  signals.risk: {type: signal, labels: [low, high]}\n", ""
    )
    dec = decider(rules=rules).decide(Document("crash", GOOD))
    assert (dec.outcome, dec.signals) == (Outcome.APPROVE, ())


def test_a_model_that_answers_too_few_signals_has_failed() -> None:
    class Short(FakeScorer):
        def score(self, docs: Sequence[Document]) -> list[Signal]:
            return super().score(docs)[1:]

    decisions = decider(scorer=Short("risk", ["low", "high"], positive="high")).decide_many(
        [Document("a", GOOD), Document("b", GOOD)]
    )
    assert [codes(dec) for dec in decisions] == [["D-MODEL-FAILED"]] * 2


def test_a_field_can_not_pass_for_what_a_model_or_the_text_said() -> None:
    forged = {"signals.risk.p": 0.0, "signals.risk.failed": False, "text": "harmless"}
    dec = decider().decide(Document("urgent: wire it", GOOD | forged))
    assert codes(dec) == ["R-RISK", "R-TEXT"]

    nobody_scored = Policy("loans", RuleSet.parse(RULES)).conclude(Document("a car"), (), dec.facts)
    assert ("D-UNKNOWN", "risk") in [(reason.code, reason.source) for reason in nobody_scored.reasons]


def test_the_record_is_in_the_ledger_when_the_answer_comes(tmp_path: Path) -> None:
    doc = Document("紧急 urgent", {**GOOD, "due": "2031-05-06"}, id="loan-7", source="inbox", time=NOON)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        dec = decider(ledger).decide(doc)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        (entry,) = ledger.find("decision", "loan-7")
        assert ledger.verify() == []
    assert decision_from_record(entry.body) == dec
    assert document_from_record(entry.body) == doc


def test_without_a_record_there_is_no_answer(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db"):
        pass
    with Ledger.open(f"sqlite:///file:{tmp_path}/ledger.db?mode=ro&uri=true") as ledger:
        with pytest.raises(FacilityError, match="can't be written"):
            decider(ledger).decide(Document("a car", GOOD))
        assert ledger.entries() == []


def test_a_field_that_is_not_a_number_is_refused_before_anything_is_decided() -> None:
    ledger = MemoryLedger()
    with pytest.raises(InputError, match="finite"):
        decider(ledger).decide_many([Document("a car", GOOD, id="1"), Document("b", {"amount": float("nan")}, id="2")])
    assert ledger.entries() == []


def test_decisions_without_any_model_need_only_rules() -> None:
    rules = RULES.replace("signals.risk.p > 0.5", "amount < 0").replace(
        "  signals.risk: {type: signal, labels: [low, high]}\n", ""
    )
    dec = Decider(Policy("loans", RuleSet.parse(rules)), {}, MemoryLedger()).decide(Document("wire it", GOOD))
    assert (dec.outcome, dec.signals) == (Outcome.REVIEW, ())


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
def test_models_that_do_not_fit_the_rules_are_refused_at_once(scorers: dict[str, FakeScorer], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Decider(Policy("loans", RuleSet.parse(RULES)), scorers, MemoryLedger())


def test_a_rule_on_p_needs_a_positive_label_or_says_of_which() -> None:
    unnamed, rules = FakeScorer("risk", ["low", "high"]), RULES
    with pytest.raises(SettingsError, match=r"rule 'risk' reads signals\.risk\.p, but the model names no positive"):
        decider(scorer=unnamed, rules=rules)
    rules = RULES.replace("signals.risk.p > 0.5", 'signals.risk.label == "high" and signals.risk.p > 0.8')
    assert decider(scorer=unnamed, rules=rules).decide(Document("a car", GOOD)).outcome is Outcome.APPROVE


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
def test_a_literal_that_no_text_holds_is_refused_with_the_one_to_write(condition: str, literal: str, cure: str) -> None:
    rules = RULES.replace('contains(text, "wire")', condition)
    with pytest.raises(RuleError) as caught:
        decider(rules=rules)
    assert caught.value.where.endswith("[wire]")
    assert caught.value.what == f"P001: the text never holds {literal!r}, since rules see it normalised"
    assert caught.value.cure == f"write {cure!r}"


@pytest.mark.parametrize(
    "condition", ['matches(text, "[貸贷]款 [一-龥]")', 'contains(text, "贷款")', 'due_to == "貸款"']
)
def test_other_literals_are_the_authors_own(condition: str) -> None:
    rules = RULES.replace("due: date", "due: date\n  due_to: text").replace('contains(text, "wire")', condition)
    assert check_literals(RuleSet.parse(rules)) == []


def test_ids_are_unique_and_sort_by_time() -> None:
    times = iter(NOON + timedelta(milliseconds=n) for n in range(50))
    many = Decider(
        Policy("loans", RuleSet.parse(RULES)),
        {"risk": FakeScorer(positive="high")},
        MemoryLedger(),
        now=lambda: next(times),
    )
    ids = [dec.id for dec in many.decide_many([Document("a car", GOOD)] * 50)]
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


@settings(deadline=None, max_examples=60)
@given(docs=st.lists(_documents, max_size=5))
def test_many_at_once_are_decided_as_one_by_one(docs: list[Document]) -> None:
    together, apart = MemoryLedger(now=lambda: NOON), MemoryLedger(now=lambda: NOON)
    one_by_one = decider(apart)
    assert decider(together).decide_many(docs) == [one_by_one.decide(doc) for doc in docs]
    assert together.entries() == apart.entries()


@settings(deadline=None, max_examples=60)
@given(doc=_documents)
def test_a_stored_decision_comes_out_the_same_when_it_is_repeated(doc: Document) -> None:
    ledger = MemoryLedger()
    dec = decider(ledger).decide(doc)
    body = ledger.get(1).body
    stored, again = decision_from_record(body), document_from_record(body)
    assert stored == dec
    conclusion = Policy("loans", RuleSet.parse(RULES)).conclude(again, stored.signals, stored.facts)
    assert (conclusion.outcome, conclusion.reasons, conclusion.trace) == (dec.outcome, dec.reasons, dec.trace)
    once_more = decider().decide(again)
    assert (once_more.outcome, once_more.reasons, once_more.trace) == (dec.outcome, dec.reasons, dec.trace)
