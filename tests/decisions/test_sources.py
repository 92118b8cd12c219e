"""Facts from elsewhere than the document: they reach rules and record, and a source that fails goes to a person."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fengkong.decisions import Decider, FactSource, Policy, decision_from_record
from fengkong.domain import (
    Decision,
    Document,
    FacilityError,
    Fact,
    FieldValue,
    Outcome,
    RuleState,
    SettingsError,
)
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs: {amount: decimal, graph.hops: integer, graph.ring: integer}
reasons:
  R-LINK: {en: Linked to a known fraud., zh: 与已知欺诈有关联。}
  R-RING: {en: Part of a ring., zh: 属于团伙。}
rules:
  - {id: link, when: graph.hops <= 2, then: decline, reason: R-LINK}
  - {id: ring, when: amount > 100 and graph.ring > 3, then: review, reason: R-RING}
"""


class Graph:
    """A source that answers what it is told to."""

    names = frozenset({"graph.hops", "graph.ring"})

    def __init__(self, answer: Callable[[Document, datetime], Sequence[Fact]]) -> None:
        self.facts = answer


def known(**values: FieldValue) -> Graph:
    return Graph(lambda _doc, _as_of: [Fact(f"graph.{name}", value, "graph") for name, value in values.items()])


def broken(error: Exception) -> Graph:
    def answer(_doc: Document, _as_of: datetime) -> Sequence[Fact]:
        raise error

    return Graph(answer)


def decide(source: FactSource, time: datetime | None = None, **fields: FieldValue) -> Decision:
    decider = Decider(Policy("loans", RuleSet.parse(RULES)), {}, MemoryLedger(), sources=[source], now=lambda: NOON)
    return decider.decide(Document("a car", {"amount": 50, **fields}, time=time))


def codes(dec: Decision) -> list[str]:
    return [reason.code for reason in dec.reasons]


def test_a_sources_facts_reach_the_rules_and_the_record() -> None:
    ledger = MemoryLedger()
    decider = Decider(Policy("loans", RuleSet.parse(RULES)), {}, ledger, sources=[known(ring=7, hops=1)])
    dec = decider.decide(Document("a car", {"amount": 500}))
    assert (dec.outcome, codes(dec)) == (Outcome.DECLINE, ["R-LINK", "R-RING"])
    assert [(fact.name, fact.value, fact.source) for fact in dec.facts] == [
        ("amount", 500, "fields"),
        ("graph.hops", 1, "graph"),
        ("graph.ring", 7, "graph"),
    ]
    assert decision_from_record(ledger.entries()[0].body) == dec


def test_facts_are_as_of_the_documents_time_else_of_the_decisions() -> None:
    asked = []
    source = Graph(lambda _doc, as_of: asked.append(as_of) or [])
    earlier = NOON - timedelta(days=3)
    decide(source, time=earlier)
    decide(source)
    assert asked == [earlier, NOON]


@pytest.mark.parametrize("answered", [{"hops": 9, "ring": 1}, {"ring": 1}, {}])
def test_a_field_can_not_pass_for_a_sources_fact(answered: dict[str, int]) -> None:
    forged = decide(known(**answered), **{"graph.hops": 1, "graph.ring": 99})
    honest = decide(known(**answered))
    assert (forged.facts, forged.trace, forged.outcome) == (honest.facts, honest.trace, honest.outcome)


def test_what_a_source_does_not_say_is_unknown() -> None:
    dec = decide(known(ring=1))
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-UNKNOWN"], "link")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (broken(RuntimeError("6222 0000 1111 2222")), "the source raised RuntimeError"),
        (broken(FacilityError("the graph can't be read", cure="check the disk")), "can't be read; check the disk."),
        (known(hops=1, phone=3), "a fact that it doesn't name"),
        (known(hops=float("nan")), "a number must be finite"),
        (known(hops=b"1"), "a value is none that a field can have"),
        (Graph(lambda _doc, _as_of: None), "the source raised TypeError"),
    ],
)
def test_a_source_that_fails_goes_to_a_person_and_is_told(source: Graph, cause: str) -> None:
    dec = decide(source)
    assert (dec.outcome, codes(dec), dec.reasons[0].source) == (Outcome.REVIEW, ["D-SOURCE-FAILED"], "graph.hops")
    assert [(fact.name, fact.value) for fact in dec.facts[1:]] == [("graph.hops", None), ("graph.ring", None)]
    assert all(cause in fact.cause for fact in dec.facts[1:])
    assert [rule.state for rule in dec.trace.rules] == [RuleState.UNKNOWN, RuleState.NO_HIT]


def test_a_source_that_no_rule_looks_at_raises_no_doubt() -> None:
    rules = RULES.replace("graph.hops <= 2", "amount > 900").replace("amount > 100 and graph.ring > 3", "amount > 800")
    rules = rules.replace(", graph.hops: integer, graph.ring: integer", "")
    decider = Decider(Policy("loans", RuleSet.parse(rules)), {}, MemoryLedger(), sources=[broken(OSError())])
    assert decider.decide(Document("a car", {"amount": 50})).outcome is Outcome.APPROVE


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ({"graph.hops", "x"}, "two sources give the same fact .received 'graph.hops'"),
        ({"signals.risk.p"}, "what the document or a model says .received 'signals.risk.p'"),
        ({"text"}, "what the document or a model says .received 'text'"),
    ],
)
def test_sources_that_can_not_stand_together_are_refused_at_once(names: set[str], fault: str) -> None:
    other = known()
    other.names = frozenset(names)
    with pytest.raises(SettingsError, match=fault):
        Decider(Policy("loans", RuleSet.parse(RULES)), {}, MemoryLedger(), sources=[known(), other])
