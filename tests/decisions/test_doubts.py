"""Whatever is unknown, wrong, empty or fails goes to a person, with a reason that says what it was."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fengkong.decisions import Decider
from fengkong.domain import (
    Decision,
    Document,
    FacilityError,
    FieldValue,
    Outcome,
    Signal,
    Span,
)
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Changed(FakeScorer):
    """A model whose signals come out changed."""

    def __init__(self, change: Callable[[Signal], Signal]) -> None:
        super().__init__("risk", ["low", "high"], positive="high")
        self._change = change

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        return [self._change(sig) for sig in super().score(docs)]


def codes(dec: Decision) -> list[str]:
    return [reason.code for reason in dec.reasons]


def test_an_unknown_input_that_a_rule_needs_goes_to_a_person(decide: Callable[..., Decision]) -> None:
    dec = decide(income=None)
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-UNKNOWN"], "debt")
    assert codes(decide(amount=None)) == ["D-UNKNOWN"]


def test_an_unknown_input_that_decides_nothing_raises_no_doubt(decider: Callable[..., Decider], rules: str) -> None:
    rules = rules.replace("amount > income * 5", "amount > 9000 and income < 1000")
    assert decider(rules=rules).decide(Document("a car", {"amount": 5000})).outcome is Outcome.APPROVE


def test_a_doubt_never_softens_a_decline_that_a_rule_asks_for(decide: Callable[..., Decision]) -> None:
    dec = decide("urgent", income=None)
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["R-RISK", "D-UNKNOWN"])


def test_a_doubt_goes_to_a_person_and_not_to_a_default_of_decline(decider: Callable[..., Decider], rules: str) -> None:
    rules = rules.replace("default: approve", "default: decline")
    dec = decider(rules=rules).decide(Document("a car", {"amount": 5000}))
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, ["D-UNKNOWN"])


def test_an_author_may_decline_what_is_unknown(decider: Callable[..., Decider], rules: str) -> None:
    rules = rules.replace("reason: R-DEBT", "reason: R-DEBT, unknown: decline")
    dec = decider(rules=rules).decide(Document("a car", {"amount": 5000}))
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["D-UNKNOWN"])


def test_declining_what_is_unknown_holds_when_it_is_the_model_that_is_silent(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    rules = rules.replace("reason: R-RISK", "reason: R-RISK, unknown: decline")
    dec = decider(rules=rules).decide(Document("crash", good))
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["D-UNKNOWN", "D-MODEL-FAILED"])


def test_a_value_of_a_wrong_type_goes_to_a_person(decide: Callable[..., Decision]) -> None:
    dec = decide(income="plenty")
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-RULE-ERROR"], "debt")


def test_a_model_that_raises_goes_to_a_person_and_its_message_stays_out(decide: Callable[..., Decision]) -> None:
    dec = decide("crash")
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, ["D-MODEL-FAILED"])
    assert dec.reasons[0].source == "signals.risk"
    assert dec.signals[0].failed
    assert dec.signals[0].cause == "the model raised RuntimeError"


def test_one_text_that_breaks_the_model_costs_the_others_nothing(
    decider: Callable[..., Decider], good: dict[str, FieldValue]
) -> None:
    decisions = decider().decide_many([Document(text, good) for text in ("a car", "crash", "urgent")])
    assert [codes(dec) for dec in decisions] == [[], ["D-MODEL-FAILED"], ["R-RISK"]]


def test_our_own_errors_are_told_as_the_cause(decide: Callable[..., Decision]) -> None:
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
        (lambda sig: replace(sig, value=float("nan")), "D-MODEL-FAILED"),
        (lambda sig: replace(sig, spans=(Span(0, 1, "a", weight=float("inf")),)), "D-MODEL-FAILED"),
        (lambda _: None, "D-MODEL-FAILED"),
        (lambda sig: replace(sig, p=None), "D-UNKNOWN"),
        (lambda sig: replace(sig, p=1.5), "D-RULE-ERROR"),
    ],
)
def test_every_doubt_about_a_model_goes_to_a_person(
    decide: Callable[..., Decision], change: Callable[[Signal], Signal], code: str
) -> None:
    dec = decide(scorer=Changed(change))
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, [code])
    assert all(reason.texts["en"] and reason.texts["zh"] for reason in dec.reasons)


def test_a_model_that_answers_nothing_goes_to_a_person(decide: Callable[..., Decision]) -> None:
    class Mute(FakeScorer):
        def score(self, docs: Sequence[Document]) -> list[Signal]:
            return None  # type: ignore[return-value]  # what a model of another's may do

    dec = decide(scorer=Mute("risk", ["low", "high"], positive="high"))
    assert (dec.outcome, codes(dec)) == (Outcome.REVIEW, ["D-MODEL-FAILED"])


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b", "…!?", "\u3000。"])
@pytest.mark.parametrize("seen", ["signals.risk.p > 0.5", 'contains(text, "wire")'])
def test_a_text_without_a_word_goes_to_a_person(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue], text: str, seen: str
) -> None:
    rules = (
        rules.split("rules:", maxsplit=1)[0] + f"rules: [{{id: one, when: '{seen}', then: decline, reason: R-TEXT}}]"
    )
    dec = decider(rules=rules).decide(Document(text, good))
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-EMPTY"], "text")
    assert decider(rules=rules).decide(Document("7", good)).outcome is Outcome.APPROVE


def test_a_text_that_no_rule_looks_at_may_be_empty(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    rules = (
        rules.split("rules:", maxsplit=1)[0]
        + "rules: [{id: debt, when: amount > income, then: decline, reason: R-DEBT}]"
    )
    assert decider(rules=rules).decide(Document("", good)).outcome is Outcome.APPROVE


def test_a_model_that_no_rule_looks_at_is_not_asked(
    decider: Callable[..., Decider], rules: str, good: dict[str, FieldValue]
) -> None:
    rules = rules.replace("signals.risk.p > 0.5", "amount < 0").replace(
        "  signals.risk: {type: signal, labels: [low, high]}\n", ""
    )
    dec = decider(rules=rules).decide(Document("crash", good))
    assert (dec.outcome, dec.signals) == (Outcome.APPROVE, ())


def test_a_model_that_answers_too_few_signals_has_failed(
    decider: Callable[..., Decider], good: dict[str, FieldValue]
) -> None:
    class Short(FakeScorer):
        def score(self, docs: Sequence[Document]) -> list[Signal]:
            return super().score(docs)[1:]

    decisions = decider(scorer=Short("risk", ["low", "high"], positive="high")).decide_many(
        [Document("a", good), Document("b", good)]
    )
    assert [codes(dec) for dec in decisions] == [["D-MODEL-FAILED"]] * 2
