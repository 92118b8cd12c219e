"""A decider counts what was decided before: labels in earlier texts, one by one as in a batch."""

from datetime import UTC, datetime, timedelta

import pytest

from fengkong.decisions import Decider, Policy, Velocity
from fengkong.domain import Document, SettingsError
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

THREATS = """
format: 1
name: complaints
version: "1"
default: approve
inputs:
  threats:
    {type: window, events: decision, by: customer, measure: count, over: 7 d, where: {signals.threat.label: "yes"}}
  signals.threat: {type: signal, labels: ["no", "yes"]}
reasons: {R: {en: Third threat in seven days., zh: 七天内第三次威胁。}}
rules:
  - {id: third, when: 'signals.threat.label == "yes" and threats >= 2', then: review, reason: R}
"""


def test_what_models_read_in_earlier_texts_counts() -> None:
    docs = [
        Document(text, {"customer": customer, "threats": 9}, time=NOON + hours * HOUR)
        for hours, customer, text in [
            (0, "a", "my lawyer will call"),
            (1, "b", "my lawyer will call"),
            (2, "a", "thank you"),
            (3, "a", "my lawyer, again"),
            (4, "a", "my lawyer waits"),
            (5, "b", "my lawyer waits"),
            (3 + 7 * 24, "a", "my lawyer returns"),
            (3.5 + 7 * 24, "a", "my lawyer returns"),
        ]
    ]
    expected = ["approve"] * 4 + ["review", "approve", "review", "review"]
    one_by_one = threats_decider()
    assert [str(one_by_one.decide(doc).outcome) for doc in docs] == expected
    assert [str(dec.outcome) for dec in threats_decider().decide_many(docs)] == expected


def test_a_batch_and_one_by_one_know_the_same_entities() -> None:
    docs = [Document("my lawyer", {"customer": who, "note": n}) for n, who in enumerate(["7", 7.0, "7 "])]
    one_by_one = threats_decider()
    expected = ["approve", "approve", "review"]
    assert [str(one_by_one.decide(doc).outcome) for doc in docs] == expected
    assert [str(dec.outcome) for dec in threats_decider().decide_many(docs)] == expected


def test_a_document_decided_again_does_not_count_itself() -> None:
    retried = Document("my lawyer", {"customer": "a"}, id="A-1")
    decider = threats_decider()
    assert [str(decider.decide(retried).outcome) for _ in range(4)] == ["approve"] * 4
    assert str(decider.decide(Document("my lawyer", {"customer": "a"}, id="A-2")).outcome) == "review"


def threats_decider() -> Decider:
    ledger, rules = MemoryLedger(), RuleSet.parse(THREATS)
    scorer = FakeScorer("threat", ["no", "yes"], {"lawyer": 0.9}, positive="yes")
    velocity = Velocity(rules.windows, ledger)
    return Decider(Policy("complaints", rules), {"threat": scorer}, ledger, sources=[velocity])


def test_windows_that_nobody_computes_are_refused_at_once() -> None:
    rules = RuleSet.parse(THREATS.replace("threat:", "risk:").replace("threat.label", "risk.label"))
    with pytest.raises(SettingsError, match=r"a window that no source computes .received 'threats'"):
        Decider(Policy("complaints", rules), {"risk": FakeScorer("risk", ["no", "yes"])}, MemoryLedger())
