"""Rule sets around any expression, so that tests can speak of expressions alone, and their answers by both roads."""

import json
from collections.abc import Callable, Mapping

import polars as pl
import pytest
import yaml

from fengkong.domain import Outcome, RuleState, Severity
from fengkong.rules import RuleSet, RuleTable, check

HEAD = """
format: 1
name: n
version: 1
{budget}
inputs: {{a: integer, x: decimal, s: text, t: text, ok: boolean, who: entity, tags: {{type: list, of: text}}}}
reasons: {{R: {{en: e, zh: z}}}}
rules:
"""

INPUTS: Mapping[str, object] = {
    "a": "integer",
    "b": "integer",
    "x": "decimal",
    "y": "decimal",
    "p": "probability",
    "q": "probability",
    "s": "text",
    "t": "text",
    "grade": {"type": "category", "values": ["A", "B", "C"]},
    "ok": "boolean",
    "flag": "boolean",
    "other": "boolean",
    "day": "date",
    "day2": "date",
    "moment": "datetime",
    "金额": "decimal",
    "fee": {"type": "money", "currency": "CNY"},
    "费用": {"type": "money", "currency": "CNY"},
    "dollars": {"type": "money", "currency": "USD"},
    "span": "duration",
    "who": "entity",
    "whom": "entity",
    "tags": {"type": "list", "of": "text"},
    "amounts": {"type": "list", "of": "decimal"},
    "counts": {"type": "list", "of": "integer"},
    "days": {"type": "list", "of": "date"},
    "people": {"type": "list", "of": "entity"},
    "signals.risk": {"type": "signal", "labels": ["low", "high"]},
}


@pytest.fixture(scope="session")
def one_rule() -> Callable[[str], str]:
    def text(expression: str, **changes: object) -> str:
        rule = {"id": "r1", "when": expression, "then": "decline", "reason": "WHY"} | changes
        reasons = {"WHY": {"en": "Because.", "zh": "因为。"}}
        whole = {"format": 1, "name": "test", "version": "1", "inputs": INPUTS, "reasons": reasons, "rules": [rule]}
        return yaml.safe_dump(json.loads(json.dumps(whole)), allow_unicode=True, sort_keys=False, width=10_000)

    return text


@pytest.fixture(scope="session")
def rules_of() -> Callable[..., str]:
    """A rule set of a rule for each condition."""

    def make(*conditions: str, budget: str = "") -> str:
        lines = [
            f"  - {{id: r{at}, then: decline, reason: R, when: '{condition.replace(chr(39), chr(39) * 2)}'}}"
            for at, condition in enumerate(conditions)
        ]
        return HEAD.format(budget=budget) + "\n".join(lines)

    return make


@pytest.fixture(scope="session")
def errors() -> Callable[[str], list[str]]:
    """The codes of the errors in a rule set."""

    def make(text: str) -> list[str]:
        return [finding.code for finding in check(text) if finding.severity is Severity.ERROR]

    return make


@pytest.fixture(scope="session")
def by_rows() -> Callable[[RuleSet, pl.DataFrame], tuple[list[tuple[RuleState, ...]], list[Outcome]]]:
    """States and outcomes of a table, row by row."""

    def make(rs: RuleSet, frame: pl.DataFrame) -> tuple[list[tuple[RuleState, ...]], list[Outcome]]:
        traces = [rs.run(row).rules for row in frame.rows(named=True)]
        asked = [[rule.outcome for rule in rules if rule.outcome is not None] for rules in traces]
        return [tuple(rule.state for rule in rules) for rules in traces], [
            Outcome.most_severe(outcomes, rs.default) for outcomes in asked
        ]

    return make


@pytest.fixture(scope="session")
def by_table() -> Callable[[RuleSet, pl.DataFrame], tuple[list[tuple[RuleState, ...]], list[Outcome]]]:
    """States and outcomes of a table, all rows at once."""

    def make(rs: RuleSet, frame: pl.DataFrame) -> tuple[list[tuple[RuleState, ...]], list[Outcome]]:
        table = rs.run_table(frame)
        states = [tuple(RuleTable.STATES[code] for code in row) for row in table.states.rows()]
        return states, [Outcome(code) for code in table.outcome.to_list()]

    return make
