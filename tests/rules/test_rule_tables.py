"""Decision tables: cells, hit policies, outputs, outcomes, doubt, and what is refused."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import Outcome
from fengkong.rules import RuleSet, check
from fengkong.rules.cells import Column, cell_text
from fengkong.rules.syntax import ExpressionError
from fengkong.rules.types import INTEGER

TEXT = """\
format: 1
name: tables
version: 1
default: approve
inputs:
  income: decimal
  debt: decimal
  grade: {type: category, values: [A, B, C]}
  city: text
  since: date
  own: boolean
reasons:
  POOR: {en: The grade is poor., zh: 评级较低。}
  DEBT: {en: The debt is high., zh: 负债较高。}
tables:
  offer:
    hit: first
    inputs: {grade: grade, burden: debt / income}
    outputs: {limit: integer, band: text, then: outcome, reason: reason}
    rows:
      - {grade: A, burden: "< 0.3", limit: 5000, band: P1}
      - {grade: "in [A, B]", burden: "[0.3..0.5)", limit: 2000, band: P2, then: review, reason: DEBT}
      - {grade: C, limit: 0, band: none, then: decline, reason: POOR}
      - {limit: 0, band: none, then: decline, reason: DEBT}
  extras:
    hit: collect
    file: extras.csv
    inputs: [city, since, own]
    outputs:
      points: {type: decimal, collect: sum}
      best: {type: integer, collect: max}
      first: {type: date, collect: min}
      n: {collect: count}
rules:
  - {id: rich, when: tables.offer.limit >= 5000 and tables.extras.n > 1, then: approve, reason: POOR}
  - {id: band, when: tables.offer.band == "P2", then: review, reason: DEBT}
"""
EXTRAS = """\
city,since,own,points,best,first
"in [""上海"", ""Paris""]",-,-,1.5,3,2025-01-31
-,< 2020-01-01,true,2,9,2024-01-31
-,known,-,0.25,-1,2026-01-01
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "extras.csv").write_text(EXTRAS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def rs(folder: Path) -> RuleSet:
    return RuleSet.parse(TEXT, folder=folder)


@pytest.mark.parametrize(
    ("values", "limit", "band", "outcome"),
    [
        ({"grade": "A", "debt": 1, "income": 10}, 5000, "P1", None),
        ({"grade": "B", "debt": 3, "income": 10}, 2000, "P2", Outcome.REVIEW),
        ({"grade": "B", "debt": 5, "income": 10}, 0, "none", Outcome.DECLINE),
        ({"grade": "C", "debt": 1, "income": 10}, 0, "none", Outcome.DECLINE),
        ({"grade": "C"}, 0, "none", Outcome.DECLINE),
        ({"grade": "A", "debt": 1}, None, None, Outcome.REVIEW),
        ({"debt": 1, "income": 10}, None, None, Outcome.REVIEW),
    ],
)
def test_the_first_row_that_is_met_decides(
    rs: RuleSet, values: dict, limit: object, band: object, outcome: Outcome | None
) -> None:
    derived = rs.run(values).derived
    assert (derived["tables.offer.limit"], derived["tables.offer.band"]) == (limit, band)
    asked = [
        rule.outcome for rule in rs.run(values).rules if rule.rule.startswith("offer") and rule.outcome is not None
    ]
    assert max(asked, default=None) == outcome


def test_a_row_that_asks_for_an_outcome_is_a_rule_with_the_rows_as_clauses(rs: RuleSet) -> None:
    assert [rule.id for rule in rs.rules][2:] == ["offer.review.DEBT", "offer.decline.POOR", "offer.decline.DEBT"]
    poor = rs.run({"grade": "C", "debt": 1, "income": 10}).rules[3]
    assert (poor.state, poor.reason, poor.values) == (
        "hit",
        "POOR",
        {"grade": "C", "debt": Decimal(1), "income": Decimal(10)},
    )
    assert [(clause.expression, clause.value) for clause in poor.clauses] == [('line 23: grade == "C"', True)]
    assert rs.rules[2].place.line == 22


@pytest.mark.parametrize(
    ("values", "points", "best", "first", "n"),
    [
        ({"city": "上海", "since": "2019-01-01", "own": True}, Decimal("3.75"), 9, date(2024, 1, 31), 3),
        ({"city": "Rome", "since": "2021-01-01", "own": True}, Decimal("0.25"), -1, date(2026, 1, 1), 1),
        ({"city": "Rome", "own": False}, Decimal(0), None, None, 0),
        ({"city": "Paris", "own": False}, Decimal("1.5"), 3, date(2025, 1, 31), 1),
        ({"city": "Rome", "own": True}, None, None, None, None),
        ({"since": "2019-01-01", "own": True}, None, 9, date(2024, 1, 31), None),
    ],
)
def test_collected_rows_become_one_value(
    rs: RuleSet, values: dict, points: object, best: object, first: object, n: object
) -> None:
    derived = rs.run(values).derived
    got = [derived[f"tables.extras.{name}"] for name in ("points", "best", "first", "n")]
    assert got == [points, best, first, n]


def test_a_collecting_table_asks_for_the_outcomes_of_all_rows() -> None:
    text = (
        TEXT[: TEXT.index("  extras:")]
        .replace("hit: first", "hit: collect")
        .replace("limit: integer, band: text, ", "")
    )
    text = text.replace("limit: 5000, band: P1", "then: approve, reason: DEBT")
    rs = RuleSet.parse(text.replace("limit: 2000, band: P2, ", "").replace("limit: 0, band: none, ", ""))
    states = {rule.rule: str(rule.state) for rule in rs.run({"grade": "A", "debt": 1, "income": 10}).rules}
    assert states == {
        "offer.approve.DEBT": "hit",
        "offer.review.DEBT": "no_hit",
        "offer.decline.POOR": "no_hit",
        "offer.decline.DEBT": "hit",
    }


def test_a_table_of_rows_gives_the_answers_of_each_row(rs: RuleSet) -> None:
    grades, debts = ["A", "B", "C", None], [1, 3, 5, None]
    rows = [{"grade": g, "debt": d, "income": i, "city": "Rome"} for g in grades for d in debts for i in (10, 0, None)]
    table = rs.run_table(pl.DataFrame(rows, schema_overrides={"debt": pl.Int64}))
    for at, values in enumerate(rows):
        asked = [rule.outcome for rule in rs.run(values).rules if rule.outcome is not None]
        assert table.outcome[at] == max([*asked, rs.default]), values


FAULTS = [
    ("hit: first", "hit: frist", "R011", 17, "did you mean 'first'?"),
    ("    hit: first\n", "", "R004", 17, "'hit'"),
    ("limit: integer", "limit: {type: integer, collect: sum}", "R011", 19, "first"),
    ("limit: integer", "limit: number", "R011", 19, "known are"),
    ("limit: integer", "my limit: integer", "R011", 19, "my limit"),
    ("then: outcome, ", "", "R004", 19, "'then'"),
    ("then: outcome", "then: integer", "R011", 19, "outcome"),
    ("{limit: integer", "{grade: text, limit: integer", "R002", 19, "grade"),
    ("limit: 5000", "limit: 5000.5", "R017", 21, "no integer"),
    ("limit: 5000, ", "", "R017", 21, "no integer"),
    ("grade: A, burden", "grad: A, burden", "R003", 21, "did you mean 'grade'?"),
    ("grade: A, burden", "grade: D, burden", "R017", 21, "declared are A, B, C"),
    ('burden: "< 0.3"', 'burden: "< high"', "R017", 21, "column 'burden'"),
    ('burden: "< 0.3"', 'burden: "<< 0.3"', "R017", 21, "'< 0.3' is no decimal"),
    ('burden: "< 0.3"', 'burden: "＜ 0.3"', "R017", 21, "like >= 1000"),
    ('burden: "< 0.3"', 'burden: "in [0.1, x]"', "R017", 21, "'x' is no decimal"),
    ('burden: "< 0.3"', 'burden: "in [0.1,, 2]"', "R017", 21, "can't be read"),
    ('burden: "< 0.3"', "burden: [1]", "R005", 21, "burden"),
    ("debt / income}", "debt / incom}", "R023", 16, "did you mean 'income'?"),
    ("debt / income}", "tables.offer.limit}", "R019", 16, "tables.offer.limit -> tables.offer.limit"),
    ("then: review, reason: DEBT}", "then: maybe, reason: DEBT}", "R006", 22, "'maybe'"),
    ("then: review, reason: DEBT}", "then: review, reason: DEPT}", "R008", 22, "did you mean 'DEBT'?"),
    ("then: review, reason: DEBT}", "then: review}", "R008", 22, "''"),
    ('tables.offer.band == "P2"', 'tables.offer.band == "P3"', "R026", 36, "known are 'P1'"),
    ('tables.offer.band == "P2"', "tables.offer.bnad == 'P2'", "R023", 36, "did you mean 'tables.offer.band'?"),
    ("file: extras.csv", "file: extra.csv", "R016", 27, "does not exist"),
    ("n: {collect: count}", "n: {collect: median}", "R011", 33, "collect 'median'"),
    ("n: {collect: count}", "n: {collect: count, type: integer}", "R011", 33, "leave the type out"),
    ("first: {type: date, collect: min}", "first: {type: date, collect: sum}", "R011", 32, "no sum"),
    ("first: {type: date, collect: min}", "first: date", "R011", 32, "collect: sum"),
    ("id: band", "id: offer.decline.DEBT", "R007", 24, "offer.decline.DEBT"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "words"), FAULTS)
def test_faults(folder: Path, old: str, new: str, code: str, line: int, words: str) -> None:
    assert old in TEXT
    errors = [finding for finding in check(TEXT.replace(old, new, 1), folder=folder) if finding.severity == "error"]
    assert (code, line) in [(finding.code, finding.place.line) for finding in errors], errors
    assert words in "".join(map(str, errors))


ROWS = [
    ("-,known", "1,known", "extras.csv:4", "'1' is no text"),
    ("< 2020-01-01", "< 2020-02-30", "extras.csv:3", "no date"),
    ("2024-01-31", "soon", "extras.csv:3", "'first' is no date"),
    ("true,2,9", "maybe,2,9", "extras.csv:3", "no boolean"),
    ("0.25", "a quarter", "extras.csv:4", "'points' is no decimal"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), ROWS)
def test_bad_rows_are_findings_with_their_line(folder: Path, old: str, new: str, place: str, words: str) -> None:
    assert old in EXTRAS
    (folder / "extras.csv").write_text(EXTRAS.replace(old, new, 1), encoding="utf-8")
    errors = [finding for finding in check(TEXT, folder=folder) if finding.severity == "error"]
    assert {finding.code for finding in errors} == {"R017"}
    assert str(errors[0].place).endswith(place)
    assert words in errors[0].message


def test_a_table_may_stand_without_rules() -> None:
    text = TEXT[: TEXT.index("  extras:")]
    assert [finding for finding in check(text) if finding.severity != "info"] == []
    (error,) = [finding for finding in check(text[: text.index("tables:")]) if finding.severity == "error"]
    assert (error.code, error.message) == ("R004", "the rule set has no 'rules'")


def test_a_table_that_nothing_uses_is_told(folder: Path) -> None:
    findings = check(TEXT.replace("tables.extras.n > 1", "own"), folder=folder)
    assert [(finding.code, finding.place.line) for finding in findings] == [("R013", 25)]


CELLS = st.text(alphabet="<>=![]().,- \"'AB0159einotkwu", max_size=12) | st.text(max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    CELLS,
    st.sampled_from(
        [
            "integer",
            "decimal",
            "text",
            "date",
            "datetime",
            "boolean",
            "probability",
            "category",
            "duration",
            "entity",
            "money",
        ]
    ),
)
def test_any_cell_is_a_condition_or_a_finding(cell: str, kind: str) -> None:
    of = {"category": "{type: category, values: [A, B]}", "money": "{type: money, currency: CNY}"}.get(kind, kind)
    written = cell.replace("'", "''").replace("\n", " ")
    text = f"format: 1\nname: n\nversion: 1\ninputs: {{x: {of}}}\nreasons: {{R: {{en: e, zh: z}}}}\n"
    text += "tables: {t: {hit: first, inputs: [x], outputs: {then: outcome, reason: reason},"
    text += f" rows: [{{x: '{written}', then: review, reason: R}}]}}}}"
    errors = [finding for finding in check(text) if finding.severity == "error"]
    if not errors:
        RuleSet.parse(text).run({"x": None})
    assert {finding.code for finding in errors} <= {"R001", "R017", "R020", "R021", "R022", "R023", "R025", "R026"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("[" + " " * 900 + ".." + " " * 900 + "x", "R017"),
        ("[" + "." * 1900 + ")", "R017"),
        ("in [a" + " " * 1900 + "'b]", "R017"),
        ("in [" + " " * 1900 + "']", "R017"),
        ("in [" + "a, " * 1000 + "b]", "R022"),
    ],
)
def test_a_hostile_cell_is_refused_without_delay(cell: str, code: str) -> None:
    # The first of these took minutes while its pattern could part the blanks in many ways.
    column = Column("x", "x", INTEGER)
    with pytest.raises(ExpressionError) as raised:
        cell_text(column, cell)
    assert [fault.code for fault in raised.value.faults] == [code]


def test_a_table_too_large_for_any_condition_is_told_before_its_cells_are_read(tmp_path: Path) -> None:
    names = [f"i{number}" for number in range(30)]
    head = "format: 1\nname: n\nversion: 1\nreasons: {R: {en: e, zh: z}}\n"
    inputs = f"inputs: {{{', '.join(f'{name}: integer' for name in names)}}}\n"
    table = f"tables: {{t: {{hit: first, inputs: [{', '.join(names)}], outputs: {{n: integer}}, file: t.csv}}}}\n"
    rules = "rules: [{id: r, when: tables.t.n == 1, then: review, reason: R}]"
    row = ",".join([*("no number" for _ in names), "1"])
    (tmp_path / "t.csv").write_text("\n".join([",".join([*names, "n"]), *[row] * 900]), encoding="utf-8")
    found = check(head + inputs + table + rules, folder=tmp_path)
    assert [(finding.code, finding.place.name) for finding in found] == [("R022", "t")]
