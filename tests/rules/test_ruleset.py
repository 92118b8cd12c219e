"""Running a rule set: states, outcomes, traces, the hash."""

import json
import threading
from datetime import date
from decimal import Decimal

import pytest

from fengkong.domain import ClauseTrace, Outcome, RuleState, RuleTrace, Trace, canonical_json
from fengkong.rules import Kind, RuleSet

TEXT = """\
format: 1
name: 贷款
version: 2025.10
inputs:
  金额: decimal
  opened: date
  grade: {type: category, values: [A, B]}
  signals.risk: signal
reasons:
  BIG: {en: The amount is high., zh: 金额较大。}
  RISK: {en: The text points to risk., zh: 文本显示风险。}
rules:
  - {id: big, when: 金额 > 1000 and grade == "B", then: review, reason: BIG}
  - {id: risk, when: signals.risk.p >= 0.9, then: decline, reason: RISK, unknown: decline}
  - {id: quiet, when: 'matches(text, "(?i)urgent") or opened > date("2025-01-01")', then: review, reason: RISK,
     unknown: no_hit}
  - {id: good, when: signals.risk.p < 0.1, then: approve, reason: RISK}
"""


@pytest.fixture(scope="module")
def rs() -> RuleSet:
    return RuleSet.parse(TEXT, "rules.yaml")


def test_what_a_rule_set_tells_of_itself(rs: RuleSet) -> None:
    assert (rs.name, rs.version, rs.default) == ("贷款", "2025.10", Outcome.REVIEW)
    assert [rule.id for rule in rs.rules] == ["big", "risk", "quiet", "good"]
    assert rs.inputs["signals.risk.p"].kind is Kind.PROBABILITY
    assert rs.inputs["text"].kind is Kind.TEXT
    assert rs.inputs["grade"].values == ("A", "B")
    assert rs.reasons["BIG"] == {"en": "The amount is high.", "zh": "金额较大。"}
    assert rs.rules[0].place.line == 13


def test_hit_and_no_hit(rs: RuleSet) -> None:
    trace = rs.run(
        {"金额": "1500.50", "grade": "B", "signals.risk.p": 0.05, "text": "hello", "opened": date(2024, 1, 1)}
    )
    assert trace.rules[0] == RuleTrace(
        "big",
        RuleState.HIT,
        Outcome.REVIEW,
        "BIG",
        {"金额": Decimal("1500.50"), "grade": "B"},
        (ClauseTrace("金额 > 1000", True), ClauseTrace('grade == "B"', True)),
    )
    assert [rule.state for rule in trace.rules] == ["hit", "no_hit", "no_hit", "hit"]
    assert [rule.outcome for rule in trace.rules] == [Outcome.REVIEW, None, None, Outcome.APPROVE]
    assert trace.rules[2].values == {"opened": date(2024, 1, 1)}


def test_unknown_asks_for_what_the_rule_says(rs: RuleSet) -> None:
    trace = rs.run({})
    assert {rule.state for rule in trace.rules} == {RuleState.UNKNOWN}
    assert [rule.outcome for rule in trace.rules] == [Outcome.REVIEW, Outcome.DECLINE, None, Outcome.REVIEW]
    assert trace.rules[0].values == {"金额": None, "grade": None}
    assert [clause.value for clause in trace.rules[2].clauses] == [None, None]


def test_a_wrong_value_is_an_error_of_the_rules_that_name_it_and_is_not_quoted(rs: RuleSet) -> None:
    trace = rs.run({"金额": "13800138000x", "grade": "张三", "signals.risk.p": 0.95})
    big, risk, *_ = trace.rules
    assert (big.state, big.outcome) == (RuleState.ERROR, Outcome.REVIEW)
    assert "金额 must be" in big.detail
    assert "grade has a value" in big.detail
    assert "138" not in big.detail
    assert "张三" not in str(big)
    assert (risk.state, risk.outcome) == (RuleState.HIT, Outcome.DECLINE)


@pytest.mark.parametrize("name", ["金额", "signals.risk.p"])
@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), float("nan")])
def test_a_number_that_is_not_finite_is_an_error_and_never_raises(
    rs: RuleSet, name: str, number: float | Decimal
) -> None:
    states = {rule.state: rule.detail for rule in rs.run({"grade": "B", name: number}).rules}
    assert "received a number that is not finite" in states[RuleState.ERROR]


def test_a_trace_is_a_trace(rs: RuleSet) -> None:
    values = {"金额": 5, "grade": "B"}
    trace = rs.run(values)
    assert isinstance(trace, Trace)
    assert trace == Trace(rs.run(values).rules)
    assert Trace(rs.run(values).rules) == trace
    assert trace != rs.run({})
    assert json.loads(canonical_json(trace))["rules"][0]["state"] == "no_hit"
    with pytest.raises(AttributeError):
        trace.nothing  # noqa: B018


def test_the_trace_does_not_follow_the_callers_dict(rs: RuleSet) -> None:
    values: dict = {"金额": 5, "grade": "B"}
    trace = rs.run(values)
    values["金额"] = 5000
    assert trace.rules[0].values["金额"] == 5


def test_the_hash_is_of_the_content(rs: RuleSet) -> None:
    same = TEXT.replace("inputs:", "# a comment\ninputs:").replace("> 1000 and", ">  1_000.0   and")
    assert RuleSet.parse(same).hash == rs.hash
    assert len(rs.hash) == 64
    changes = [
        ("1000", "1001"),
        ("> 1000 and", "> 1000 or"),
        ("then: approve", "then: review"),
        ("unknown: no_hit", "unknown: review"),
        ("[A, B]", "[A, B, C]"),
        ("2025.10", "2025.1"),
        ("金额较大。", "金额很大。"),
        ("version:", "default: decline\nversion:"),
        ("金额: decimal", "金额: integer"),
        ("(?i)urgent", "urgent"),
    ]
    hashes = {RuleSet.parse(TEXT.replace(old, new)).hash for old, new in changes}
    assert len(hashes | {rs.hash}) == len(changes) + 1


def test_threads_share_a_rule_set(rs: RuleSet) -> None:
    expected = [rs.run({"金额": amount, "grade": "B"}).rules for amount in range(900, 1100)]
    got: dict[int, list] = {}

    def work(number: int) -> None:
        got[number] = [rs.run({"金额": amount, "grade": "B"}).rules for amount in range(900, 1100)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(got[number] == expected for number in range(4))
