"""Decision tables, points and ids of every kind over a table of cases, answered as row by row."""

from collections.abc import Callable

import polars as pl
import yaml

from fengkong.domain import Outcome, RuleState
from fengkong.rules import RuleSet

Answers = Callable[[RuleSet, pl.DataFrame], tuple[list[tuple[RuleState, ...]], list[Outcome]]]


def test_a_column_can_not_stand_in_for_a_snooze() -> None:
    text = """
    {format: 1, name: n, version: 1, default: approve, inputs: {a: integer}, reasons: {R: {en: e, zh: z}}, rules: [
      {id: p, when: a > 1, points: 5}, {id: q, when: points.total >= 5, then: decline, reason: R}]}
    """
    table = RuleSet.parse(text).run_table(pl.DataFrame({"a": [2, 1], "snoozed.p": [True, True]}))
    assert table.outcome.to_list() == [Outcome.DECLINE, Outcome.APPROVE]


def test_a_decision_table_of_many_rows_is_answered_at_once(by_rows: Answers, by_table: Answers) -> None:
    rows = "".join(f"{{a: '[{at}..{at + 1})', x: '< 0.{at + 1}', n: {at}}}, " for at in range(200))
    text = f"""
    {{format: 1, name: n, version: 1, inputs: {{a: integer, x: decimal}}, reasons: {{R: {{en: e, zh: z}}}},
     tables: {{t: {{hit: first, inputs: [a, x], outputs: {{n: integer}}, rows: [{rows}]}}}},
     rules: [{{id: r, when: tables.t.n * 2 > 66, then: review, reason: R}}]}}
    """
    frame = pl.DataFrame({"a": [0, 50, 199, 200, None, 40], "x": [0.05, 0.5, None, 0.1, 0.1, 0.9]})
    assert by_table(RuleSet.parse(text), frame) == by_rows(RuleSet.parse(text), frame)


def test_an_id_that_looks_like_a_pattern_of_names_is_a_name(by_rows: Answers, by_table: Answers) -> None:
    text = yaml.safe_dump(
        {
            "format": 1,
            "name": "n",
            "version": 1,
            "default": "approve",
            "inputs": {"x": "text"},
            "reasons": {"R": {"en": "e", "zh": "z"}},
            "rules": [
                {"id": "r1", "when": 'x == "a"', "then": "review", "reason": "R"},
                {"id": "^r1$", "when": 'x == "b"', "then": "decline", "reason": "R"},
                {"id": "^.*$", "when": 'x == "c"', "then": "review", "reason": "R"},
                {"id": "*", "when": 'x == "d"', "then": "decline", "reason": "R"},
            ],
        }
    )
    rs, frame = RuleSet.parse(text), pl.DataFrame({"x": ["a", "b", "c", "d", "e"]})
    assert by_table(rs, frame) == by_rows(rs, frame)
    assert rs.run_table(frame).states.columns == ["r1", "^r1$", "^.*$", "*"]


def test_a_clause_of_literals_alone_counts_where_the_others_are_unknown(by_rows: Answers, by_table: Answers) -> None:
    rules = RuleSet.parse(r"""
    {format: 1, name: n, version: 1, default: approve, inputs: {a: integer}, reasons: {R: {en: e, zh: z}}, rules: [
      {id: never, when: 'a in [0] and matches("欺诈", "\pN")', then: decline, reason: R},
      {id: always, when: 'a in [0] or matches("欺诈", "\pL")', then: review, reason: R}]}
    """)
    frame = pl.DataFrame({"a": [None, 0, 1]}, schema={"a": pl.Int64()})
    assert by_table(rules, frame) == by_rows(rules, frame)
    assert by_table(rules, frame)[0][0] == (RuleState.NO_HIT, RuleState.HIT)
