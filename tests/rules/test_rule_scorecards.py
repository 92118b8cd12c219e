"""Scorecards: points by bins, unknown values, files, and what is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from fengkong.rules import RuleSet, check

TEXT = """\
format: 1
name: cards
version: 1
default: approve
inputs:
  income: decimal
  debt: decimal
  grade: {type: category, values: [A, B, unknown]}
  since: date
  own: boolean
reasons:
  WHY: {en: Because., zh: 因为。}
scorecards:
  credit:
    base: 600
    characteristics:
      income: {bins: {"< 3000": -40, "[3000..8000)": 10, ">= 8000": 35, unknown: -10}}
      burden: {input: debt / income, bins: {"<= 0.35": 20, otherwise: -15}}
      grade: {bins: {A: 30, 'in [B, "unknown"]': 0}}
  trust:
    file: trust.csv
rules:
  - {id: low, when: scores.credit < 580, then: decline, reason: WHY}
  - {id: trust, when: scores.trust + scores.credit >= 600.5, then: approve, reason: WHY}
"""
TRUST = """\
characteristic,input,bin,points,note
since,,< 2020-01-01,5,old
since,,otherwise,0,
home,own,true,1.5,
home,,false,0,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trust.csv").write_text(TRUST, encoding="utf-8")
    return tmp_path


GOOD = {"income": 5000, "debt": 1000, "grade": "A", "since": "2019-12-31", "own": True}


@pytest.mark.parametrize(
    ("changes", "credit", "trust"),
    [
        ({}, 660, Decimal("6.5")),
        ({"income": "2999.99"}, 610, Decimal("6.5")),
        ({"income": 3000}, 660, Decimal("6.5")),
        ({"income": 8000, "debt": 8000}, 650, Decimal("6.5")),
        ({"grade": "unknown", "own": False}, 630, Decimal(5)),
        ({"since": "2020-01-01"}, 660, Decimal("1.5")),
        ({"income": None}, None, Decimal("6.5")),
        ({"grade": None, "own": None}, None, None),
    ],
)
def test_a_score_is_the_sum_of_its_bins(folder: Path, changes: dict, credit: object, trust: object) -> None:
    rs = RuleSet.parse(TEXT, folder=folder)
    assert rs.run(GOOD | changes).derived == {"scores.credit": credit, "scores.trust": trust}


def test_an_unknown_value_falls_into_its_own_bin(folder: Path) -> None:
    rs = RuleSet.parse(TEXT.replace("input: debt / income", "input: debt"), folder=folder)
    assert rs.run(GOOD | {"income": None, "debt": "0.1"}).derived["scores.credit"] == 640


def test_rules_use_scores_and_the_trace_shows_them(folder: Path) -> None:
    rs = RuleSet.parse(TEXT, folder=folder)
    low, trust = rs.run(GOOD | {"income": 2000, "debt": 2000, "grade": "B"}).rules
    assert (low.state, low.values["scores.credit"]) == ("hit", 545)
    assert {"income", "debt", "grade"} < low.values.keys()
    assert trust.state == "no_hit"
    assert rs.run(GOOD | {"grade": 7}).rules[0].state == "error"


def test_a_scorecard_is_part_of_the_hash(folder: Path) -> None:
    rs = RuleSet.parse(TEXT, folder=folder)
    assert RuleSet.parse(TEXT.replace("-15", "-16"), folder=folder).hash != rs.hash
    (folder / "trust.csv").write_text(TRUST.replace("old", "a note"), encoding="utf-8")
    assert RuleSet.parse(TEXT, folder=folder).hash == rs.hash
    (folder / "trust.csv").write_text(TRUST.replace("1.5", "1.6"), encoding="utf-8")
    assert RuleSet.parse(TEXT, folder=folder).hash != rs.hash


def test_a_misspelt_characteristic_of_a_file_is_told_with_its_line(folder: Path) -> None:
    (folder / "trust.csv").write_text(TRUST.replace("since,,otherwise", "sinc,since,otherwise"), encoding="utf-8")
    told = {finding.code: finding for finding in check(TEXT, folder=folder)}
    assert str(told["R037"].place).endswith("trust.csv:3")
    assert (told["R037"].severity, told["R037"].cure) == ("warning", "did you mean 'since'?")
    assert str(told["R036"].place).endswith("trust.csv:2")


AMOUNTS = """\
format: 1
name: amounts
version: 1
inputs: {fee: {type: money, currency: CNY}, span: duration, who: entity, tags: {type: list, of: text}}
reasons: {WHY: {en: Because., zh: 因为。}}
scorecards: {c: {characteristics: {INPUT: {bins: {"CELL": 1, otherwise: 0}}}}}
rules: [{id: r, when: scores.c == 1, then: review, reason: WHY}]
"""
CELLS = [
    ("fee", "< 3000", ["2999.99", "CNY 0"], ["3000.00"]),
    ("fee", "< CNY 3000", ["2999.99"], [3000]),
    ("fee", "< CNY 3000.00", ["2999.99"], [3000]),
    ("fee", "< 3_000", ["2999.99"], [3000]),
    ("fee", "[CNY 1000..CNY 3000)", [1000, "2999.99"], ["999.99", 3000]),
    ("fee", "(1000..3000]", ["1000.01", 3000], [1000, "3000.01"]),
    ("fee", "in [CNY 5, 7.50]", [5, "7.5"], [6]),
    ("fee", "-12.50", ["-12.5"], ["12.5"]),
    ("fee", "known", [0], [None]),
    ("span", "< 30 d", ["29 d 23 h", "P29D"], ["30 d"]),
    ("span", "[12 h..1 d 12 h)", ["12 h", "1 d"], ["36 h", "11 h"]),
    ("span", "in [P1D, 2 w]", ["24 h", "14 d"], ["13 d"]),
    ("who", "'Li Si'", ["LI  SI"], ["Li"]),
    ("tags", "unknown", [None], [["a"]]),
]


@pytest.mark.parametrize(("name", "cell", "inside", "outside"), CELLS)
def test_a_bin_takes_the_literals_of_its_type(name: str, cell: str, inside: list, outside: list) -> None:
    rs = RuleSet.parse(AMOUNTS.replace("INPUT", name).replace("CELL", cell))
    assert [rs.run({name: value}).derived["scores.c"] for value in inside] == [1] * len(inside)
    assert 1 not in [rs.run({name: value}).derived["scores.c"] for value in outside]


REFUSED = [
    ("fee", "< USD 3000", "'USD 3000' is no money CNY", "in CNY alone"),
    ("fee", "< 3,000", "'3,000' is no money CNY", "< CNY 3000, < 3000"),
    ("fee", "< 1.123456789", "no money CNY", "< CNY 3000"),
    ("span", "< 30", "'30' is no duration", "like < 30 d"),
    ("span", "< 3 months", "'3 months' is no duration", "w, d, h, min and s"),
    ("who", "Li Si", "'Li Si' is no entity", "between quotes"),
    ("tags", "'a'", "is no list of text", "count(items)"),
]


@pytest.mark.parametrize(("name", "cell", "what", "cure"), REFUSED)
def test_the_cure_of_a_cell_is_one_that_its_type_takes(name: str, cell: str, what: str, cure: str) -> None:
    text = AMOUNTS.replace("INPUT", name).replace("CELL", cell)
    (error,) = [finding for finding in check(text) if finding.severity == "error"]
    assert (error.code, what in error.message, cure in error.cure) == ("R017", True, True), error


FAULTS = [
    ("base: 600", "base: many", "R015", 15, "many"),
    ('"< 3000": -40', '"< 3000": few', "R015", 17, "few"),
    ('"< 3000"', '"=> 3000"', "R017", 17, "'=> 3000' is no decimal"),
    ('"< 3000"', '"< three"', "R017", 17, "'three' is no decimal"),
    ('"[3000..8000)"', '"3000-8000"', "R017", 17, "[1000..5000)"),
    ("A: 30", "C: 30", "R017", 19, "declared are A, B"),
    ("A: 30", '"-": 30', "R017", 19, "otherwise"),
    ("A: 30", '"< A": 30', "R025", 19, "no order"),
    ("input: debt / income", "input: dept / income", "R023", 18, "did you mean 'debt'?"),
    ("input: debt / income", "input: scores.credit", "R019", 18, "scores.credit -> scores.credit"),
    ("input: debt / income", "inputs: debt", "R003", 18, "did you mean 'input'?"),
    ("input: debt / income", "input: debt) is known or (income", "R020", 18, "no single expression"),
    ("file: trust.csv", "file: trust.csv\n    characteristics: {}", "R004", 21, "twice"),
    ("file: trust.csv", "base: 0", "R004", 21, "no characteristics"),
    ("file: trust.csv", "file: none.csv", "R016", 21, "does not exist"),
    ("  trust:", "  my card:", "R011", 20, "'my card'"),
    ("scores.credit < 580", "scores.credti < 580", "R023", 23, "did you mean 'scores.credit'?"),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "words"), FAULTS)
def test_faults(folder: Path, old: str, new: str, code: str, line: int, words: str) -> None:
    errors = [finding for finding in check(TEXT.replace(old, new, 1), folder=folder) if finding.severity == "error"]
    assert (code, line) in [(finding.code, finding.place.line) for finding in errors], errors
    assert words in "".join(map(str, errors))


ROWS = [
    ("since,,otherwise,0,", "since,,otherwise,none,", "trust.csv:3", "no number"),
    ("since,,otherwise,0,", ",,otherwise,0,", "trust.csv:3", "characteristic is empty"),
    ("home,,false", "home,since,false", "trust.csv:5", "another input than in line 4"),
    ("< 2020-01-01", "< 2020-13-01", "trust.csv:2", "no date"),
    ("true,1.5", "yes,1.5", "trust.csv:4", "no boolean"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), ROWS)
def test_bad_rows_are_findings_with_their_line(folder: Path, old: str, new: str, place: str, words: str) -> None:
    (folder / "trust.csv").write_text(TRUST.replace(old, new, 1), encoding="utf-8")
    (error,) = [finding for finding in check(TEXT, folder=folder) if finding.severity == "error"]
    assert error.code == "R017"
    assert str(error.place).endswith(place)
    assert words in error.message
