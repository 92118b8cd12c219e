"""A model is asked only where a rule may need it, and nothing is lost by that."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Decider, Policy
from fengkong.domain import Decision, Document, Fact, FieldValue, Outcome, RuleState, Signal
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs:
  amount: decimal
  signals.risk: {type: signal, labels: [low, high]}
  signals.threat: {type: signal, labels: ["no", "yes"]}
reasons: {R: {en: Because., zh: 因为。}}
rules:
"""


class Counting(FakeScorer):
    """A scorer that remembers the texts it was given."""

    def __init__(self, name: str, labels: Sequence[str]) -> None:
        super().__init__(name, labels, {"urgent": 0.9, "sue": 0.7}, positive=labels[1])
        self.asked: list[list[str]] = []

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        self.asked.append([doc.text for doc in docs])
        return super().score(docs)


def policy(*conditions: str) -> Policy:
    rules = "".join(
        f"  - {{id: r{n}, when: '{condition}', then: decline, reason: R}}\n" for n, condition in enumerate(conditions)
    )
    return Policy("loans", RuleSet.parse(RULES + rules))


def scorers() -> dict[str, Counting]:
    return {"risk": Counting("risk", ["low", "high"]), "threat": Counting("threat", ["no", "yes"])}


def decide(conditions: Sequence[str], *docs: Document) -> tuple[list[Decision], dict[str, list[list[str]]]]:
    models = scorers()
    decisions = Decider(policy(*conditions), models, MemoryLedger()).decide_many(docs)
    return decisions, {name: model.asked for name, model in models.items() if model.asked}


def test_a_model_that_can_change_nothing_is_not_asked_and_absent() -> None:
    (dec,), asked = decide(["amount > 100 and signals.risk.p > 0.5"], Document("urgent", {"amount": 50}))
    assert (asked, dec.signals, dec.outcome) == ({}, (), Outcome.APPROVE)


def test_only_the_documents_that_need_a_model_are_scored_and_in_one_batch() -> None:
    docs = [Document(text, {"amount": amount}) for text, amount in (("a", 500), ("b", 5), ("c", 700), ("d", None))]
    decisions, asked = decide(["amount > 100 and signals.risk.p > 0.5", 'signals.threat.label == "yes"'], *docs)
    assert asked == {"risk": [["a", "c", "d"]], "threat": [["a", "c", "d"], ["b"]]}
    assert [[sig.name for sig in dec.signals] for dec in decisions] == [
        ["risk", "threat"],
        ["threat"],
        ["risk", "threat"],
        ["risk", "threat"],
    ]


@pytest.mark.parametrize("condition", ["signals.risk.p is known and amount > 100", "signals.risk.label is unknown"])
def test_whether_a_model_said_something_is_not_settled_by_not_asking_it(condition: str) -> None:
    (dec,), asked = decide([condition], Document("urgent", {"amount": 500}))
    assert asked == {"risk": [["urgent"]]}
    assert dec.trace.rules[0].state is (RuleState.NO_HIT if "unknown" in condition else RuleState.HIT)


def test_a_model_that_would_have_failed_raises_no_doubt_where_it_is_not_needed() -> None:
    failed, under = Signal.failure("risk", "the engine stopped"), policy("amount > 100 and signals.risk.p > 0.5")
    outcomes = [
        under.conclude(Document("a car"), [failed], [Fact("amount", amount)]).outcome for amount in (5, 500, None)
    ]
    assert outcomes == [Outcome.APPROVE, Outcome.REVIEW, Outcome.REVIEW]


SCORE = """
  - {id: spoken, when: signals.risk.p > 0.5, points: 2, unknown: no_hit}
  - {id: much, when: amount > 100, points: 2}
  - {id: sum, when: points.total >= 3, then: decline, reason: R}
"""


@pytest.mark.parametrize(("text", "outcome"), [("urgent", Outcome.DECLINE), ("a car", Outcome.APPROVE)])
def test_points_that_a_model_may_add_are_waited_for(text: str, outcome: Outcome) -> None:
    under = Policy("loans", RuleSet.parse(RULES + SCORE))
    dec = Decider(under, scorers(), MemoryLedger()).decide(Document(text, {"amount": 500}))
    assert (dec.outcome, [sig.name for sig in dec.signals]) == (outcome, ["risk"])


_atoms = st.sampled_from(
    [
        "amount > 100",
        "amount < 50",
        "signals.risk.p > 0.5",
        'signals.risk.label == "low"',
        'signals.threat.label == "yes"',
        "signals.threat.p <= 0.6",
        "signals.risk.p is known",
        "amount is known",
        "signals.threat.failed",
    ]
)
_conditions = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " and ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " or ".join(parts) + ")"),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=50)
@given(
    conditions=st.lists(_conditions, min_size=1, max_size=3),
    text=st.sampled_from(["urgent", "sue", "a car"]),
    amount=st.sampled_from([None, 20, 70, 500]),
)
def test_states_outcome_and_reasons_equal_those_of_asking_always(
    conditions: list[str], text: str, amount: FieldValue
) -> None:
    doc, under = Document(text, {"amount": amount}), policy(*conditions)
    dec = Decider(under, scorers(), MemoryLedger()).decide(doc)
    always = [sig for model in scorers().values() for sig in model.score([doc])]
    values = {"amount": amount}
    for sig in always:
        parts = {"p": sig.p, "label": sig.label, "failed": False, "abstained": False}
        values |= {f"signals.{sig.name}.{part}": value for part, value in parts.items()}
    told = [(rule.state, rule.outcome, rule.reason) for rule in under.rules.run(values).rules]
    assert [(rule.state, rule.outcome, rule.reason) for rule in dec.trace.rules] == told

    conclusion = under.conclude(doc, always, dec.facts)
    assert (conclusion.outcome, conclusion.reasons, conclusion.trace) == (dec.outcome, dec.reasons, dec.trace)
