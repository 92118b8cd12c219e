"""Groups, priorities and score points: what they mean for one document, and what is refused in them."""

from decimal import Decimal

import pytest

from fengkong.domain import RuleError, RuleState
from fengkong.rules import RuleSet, check

TEXT = """\
format: 1
name: points
version: 1
default: approve
inputs:
  amount: decimal
  age: integer
  app: boolean
reasons:
  WHY: {en: Because., zh: 因为。}
groups:
  fraud: {when: app}
  off: {enabled: false}
  plain:
rules:
  - {id: big, group: fraud, when: amount > 1000, points: 20}
  - {id: young, group: fraud, when: age < 25 or age > 90, points: 15, unknown: no_hit}
  - {id: odd, when: amount == 7, points: -0.5, then: review, reason: WHY, priority: 5}
  - {id: late, when: points.fraud >= 35, then: decline, reason: WHY, group: plain}
  - {id: all, when: points.total > 0, then: review, reason: WHY}
  - {id: never, when: amount > 1, then: decline, reason: WHY, group: off}
"""


@pytest.fixture(scope="module")
def rs() -> RuleSet:
    return RuleSet.parse(TEXT)


def states(rs: RuleSet, snoozed: frozenset[str] = frozenset(), **values: object) -> dict[str, str]:
    return {rule.rule: str(rule.state) for rule in rs.run(values, snoozed).rules}


def test_points_of_rules_that_are_hit_add_up(rs: RuleSet) -> None:
    assert rs.run({"amount": 2000, "age": 20, "app": True}).derived == {"points.fraud": 35, "points.total": Decimal(35)}
    assert rs.run({"amount": 7, "age": 20, "app": True}).derived == {
        "points.fraud": 15,
        "points.total": Decimal("14.5"),
    }
    all_states = "big=hit young=hit odd=no_hit late=hit all=hit never=no_hit"
    assert states(rs, amount=2000, age=20, app=True) == dict(word.split("=") for word in all_states.split())


def test_a_rule_with_points_alone_asks_for_nothing_and_a_trace_shows_the_sum(rs: RuleSet) -> None:
    big, _, _, late, *_ = rs.run({"amount": 2000, "age": 20, "app": True}).rules
    assert (big.state, big.outcome, big.reason) == (RuleState.HIT, None, "")
    assert late.values == {"app": True, "amount": Decimal(2000), "age": 20, "points.fraud": 35}
    assert late.clauses[0].expression == "points.fraud >= 35"


def test_a_group_has_one_condition_in_common_and_a_switch(rs: RuleSet) -> None:
    big = rs.run({"amount": 2000, "age": 20, "app": False}).rules[0]
    assert big.state is RuleState.NO_HIT
    assert [(clause.expression, clause.value) for clause in big.clauses] == [("app", False), ("amount > 1000", True)]
    never = rs.run({"amount": "no number"}).rules[-1]
    assert (never.state, never.values) == (RuleState.NO_HIT, {})
    assert never.clauses[0].expression == "group off is enabled"


def test_doubt_about_a_rule_is_doubt_about_the_sum_unless_its_author_says_otherwise(rs: RuleSet) -> None:
    assert rs.run({"amount": 2000, "app": True}).derived["points.fraud"] == 20
    assert rs.run({"age": 20, "app": True}).derived["points.fraud"] is None
    assert states(rs, age=20, app=True)["late"] == "unknown"
    assert states(rs, amount="x", age=20, app=True)["late"] == "error"


def test_a_snoozed_rule_asks_for_nothing_and_adds_nothing(rs: RuleSet) -> None:
    values = {"amount": 2000, "age": 20, "app": True}
    assert rs.run(values, {"big"}).derived["points.fraud"] == 15
    all_states = "big=snoozed young=hit odd=no_hit late=no_hit all=snoozed never=no_hit"
    got = states(rs, frozenset({"big", "all", "no such rule"}), **values)
    assert got == dict(word.split("=") for word in all_states.split())
    snoozed = rs.run({"amount": "x"}, {"big"}).rules[0]
    assert (snoozed.state, snoozed.outcome, snoozed.reason, snoozed.detail) == (RuleState.SNOOZED, None, "", "")


def test_a_field_can_not_stand_in_for_a_snooze(rs: RuleSet) -> None:
    values = {"amount": 2000, "age": 20, "app": True, "snoozed.big": True, "points.fraud": 0}
    assert rs.run(values).derived["points.fraud"] == 35


def test_priority_and_group_are_part_of_a_rule_and_of_the_hash(rs: RuleSet) -> None:
    assert [(rule.group, rule.priority, rule.points) for rule in rs.rules][:3] == [
        *[("fraud", 0, 20), ("fraud", 0, 15), ("", 5, Decimal("-0.5"))]
    ]
    changes = [("priority: 5", "priority: 6"), ("points: 20", "points: 21"), ("when: app", "when: not app")]
    changes += [("group: plain", "group: fraud"), ("enabled: false", "enabled: true")]
    assert len({RuleSet.parse(TEXT.replace(*change)).hash for change in changes} | {rs.hash}) == 6


def test_points_that_need_themselves_are_refused() -> None:
    text = TEXT.replace("when: amount > 1000", "when: points.total > 3")
    errors = [finding for finding in check(text) if finding.severity == "error"]
    assert [(finding.code, finding.place.line, finding.place.name) for finding in errors] == [("R019", 16, "big")]
    assert "points.total -> points.total" in errors[0].message
    with pytest.raises(RuleError, match="R019"):
        RuleSet.parse(TEXT.replace("{when: app}", "{when: points.fraud > 1}"))


def test_a_long_chain_of_points_is_refused_and_not_followed_for_ever() -> None:
    groups = "".join(f"  g{n}:\n" for n in range(300))
    rules = "".join(
        f"  - {{id: c{n}, group: g{n}, when: points.g{n + 1} > 1 and points.g{n + 1} < 9, points: 1}}\n"
        for n in range(299)
    )
    last = "  - {id: c299, group: g299, when: age > 1, points: 2}\n"
    head = TEXT[: TEXT.index("groups:")]
    findings = check(f"{head}groups:\n{groups}rules:\n{rules}{last}")
    assert {finding.code for finding in findings if finding.severity == "error"} == {"R022"}
    assert len([finding for finding in findings if finding.severity == "error"]) < 300


FAULTS = [
    ("group: plain", "group: plane", "R014", 19, "did you mean 'plain'?"),
    ("points: 20", "points: twenty", "R015", 16, "'twenty'"),
    ("points: 20", "points: 1e9", "R015", 16, "like 20"),
    ("priority: 5", "priority: 0.5", "R015", 18, "whole number"),
    ("points: 20}", "priority: 1}", "R004", 16, "no 'then'"),
    ("points: 20}", "points: 20, reason: WHY}", "R004", 16, "no 'then'"),
    ("then: decline, reason: WHY, group: plain", "then: decline, group: plain", "R004", 19, "no 'reason'"),
    ("  plain:", "  plain:\n  total:", "R011", 15, "points.total"),
    ("  plain:", "  plain:\n  my group:", "R011", 15, "'my group'"),
    ("enabled: false", "enabled: no", "R005", 13, "'no'"),
    ("{when: app}", "{when: age}", "R025", 12, "not a condition"),
    ("{when: app}", "{wenn: app}", "R003", 12, "did you mean 'when'?"),
    ("points.fraud >= 35", "points.fruad >= 35", "R023", 19, "did you mean 'points.fraud'?"),
    ("points.fraud >= 35", "points.fraud", "R025", 19, "not a condition"),
    ("  app: boolean", "  app: boolean\n  points.fraud: integer", "R011", 9, "points"),
    ("  app: boolean", "  app: boolean\n  snoozed.big: boolean", "R011", 9, "snoozed"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "words"), FAULTS)
def test_faults(old: str, new: str, code: str, line: int, words: str) -> None:
    errors = [finding for finding in check(TEXT.replace(old, new, 1)) if finding.severity == "error"]
    assert [(finding.code, finding.place.line) for finding in errors] == [(code, line)]
    assert words in str(errors[0])


def test_a_group_without_rules_is_told() -> None:
    findings = check(TEXT.replace("plain:\n", "plain:\n  empty:\n"))
    assert [(finding.code, finding.severity, finding.place.line) for finding in findings] == [("R013", "info", 15)]
