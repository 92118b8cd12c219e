"""A rule set with every construct, spoilt in any way, gives findings or runs; and tables and rows agree on it."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fengkong.rules import RuleSet, check

RULES = """\
format: 1
name: all
version: 1
default: approve
inputs:
  amount: decimal
  income: decimal
  age: integer
  phone: text
  day: date
  app: boolean
  grade: {type: category, values: [A, B, C]}
  apps: {type: window, events: application, by: phone, measure: count, over: 24 h}
reasons:
  WHY: {en: Because., zh: 因为。}
lists:
  blocked: {file: blocked.csv, of: phone, as_of: day}
groups:
  fraud: {when: app or apps > 2}
scorecards:
  credit:
    base: 600
    characteristics:
      income: {bins: {"< 3000": -40, "[3000..8000)": 10, ">= 8000": 35, unknown: -10}}
      burden: {input: amount / income, bins: {"<= 0.35": 20, otherwise: -15}}
tables:
  offer:
    hit: first
    inputs: {grade: grade, score: scores.credit}
    outputs: {limit: integer, then: outcome, reason: reason}
    rows:
      - {grade: A, score: ">= 600", limit: 5000}
      - {grade: "in [A, B]", score: "[500..600)", limit: 2000, then: review, reason: WHY}
      - {limit: 0, then: decline, reason: WHY}
  extras:
    hit: collect
    file: extras.csv
    inputs: [age, grade]
    outputs: {sum: {type: integer, collect: sum}, best: {type: decimal, collect: max}, n: {collect: count}}
rules:
  - {id: blocked, when: phone in lists.blocked, then: decline, reason: WHY, priority: 3}
  - {id: young, group: fraud, when: age < 25, points: 15, unknown: no_hit}
  - {id: big, group: fraud, when: amount > 1000 and grade != "A", points: 20.5}
  - {id: many, when: points.fraud > 20 or points.total > 30, then: review, reason: WHY}
  - {id: offer, when: tables.offer.limit < amount and tables.extras.n >= 1 and tables.extras.sum > 2, then: review,
     reason: WHY}
  - {id: best, when: tables.extras.best > 1.5 and scores.credit > 580, then: approve, reason: WHY, unknown: no_hit}
"""
FILES = {
    "blocked.csv": "value,until,note\n13800138000,,x\n13900139000,2025-06-30,y\n",
    "extras.csv": 'age,grade,sum,best\n"[18..30]",-,1,0.5\n> 20,"in [A, B]",2,2.5\nunknown,C,3,9\n',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fuzz")
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_the_whole_has_no_findings(folder: Path) -> None:
    assert check(RULES, folder=folder) == []


WORDS = re.findall(r"[\w.]+|[^\w\s]", RULES)
STRANGE = (
    "null [] {} [1,2] points.total scores.credit tables.offer.limit lists.blocked * &x !!python/object ： until not"
)
BLANKS = ["", "-", " ", "  ", "\n", "# ", "'", '"', "\x00", "9" * 30]
strange = st.sampled_from([*STRANGE.split(), *BLANKS]) | st.text(max_size=5)


@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.integers(0, len(WORDS) - 1), strange | st.sampled_from(WORDS), st.integers(0, len(WORDS) - 1), strange)
def test_a_spoilt_rule_set_gives_findings_or_runs(folder: Path, first: int, one: str, second: int, other: str) -> None:
    places = [match.span() for match in re.finditer(r"[\w.]+|[^\w\s]", RULES)]
    text = RULES
    for at, word in sorted({first: one, second: other}.items(), reverse=True):
        start, end = places[at]
        text = text[:start] + word + text[end:]
    findings = check(text, folder=folder)
    for finding in findings:
        assert re.fullmatch(r"R\d{3}", finding.code)
        assert "\n" not in finding.message
        assert finding.place.line is not None or finding.code in {"R001", "R016"}
    if not any(finding.severity == "error" for finding in findings):
        RuleSet.parse(text, folder=folder).run({"amount": 5, "grade": "A"})


@settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.sampled_from(sorted(FILES)), st.integers(0, 60), st.integers(0, 12), strange)
def test_a_spoilt_file_gives_findings_or_runs(
    tmp_path_factory: pytest.TempPathFactory, name: str, start: int, length: int, word: str
) -> None:
    made = tmp_path_factory.mktemp("files")
    for other, content in FILES.items():
        spoilt = content[:start] + word + content[start + length :] if other == name else content
        (made / other).write_bytes(spoilt.encode("utf-8", "surrogatepass"))
    findings = check(RULES, folder=made)
    if not any(finding.severity == "error" for finding in findings):
        RuleSet.parse(RULES, folder=made).run({"amount": 5, "grade": "A"})


def maybe(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | values


row = st.fixed_dictionaries(
    {
        "amount": maybe(st.sampled_from(["0", "100", "1000.01", "4999", "5001"])),
        "income": maybe(st.sampled_from(["0", "2999.99", "3000", "8000", "20000"])),
        "age": maybe(st.integers(17, 31)),
        "phone": maybe(st.sampled_from(["13800138000", "+86 139 0013 9000", "13900139000", "1"])),
        "day": maybe(st.sampled_from(["2025-06-30", "2025-07-01"])),
        "app": maybe(st.booleans()),
        "grade": maybe(st.sampled_from("ABCD")),
        "apps": maybe(st.integers(0, 4)),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.lists(row, min_size=1, max_size=20))
def test_a_table_gives_the_states_and_outcomes_of_its_rows(folder: Path, rows: list[dict[str, object]]) -> None:
    rs = RuleSet.parse(RULES, folder=folder)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("amount", "income", "phone", "day", "grade"), pl.String)
                         | {"age": pl.Int64, "apps": pl.Int64, "app": pl.Boolean})  # fmt: skip
    table = rs.run_table(frame)
    for at, values in enumerate(rows):
        traces = rs.run(values).rules
        for trace in traces:
            assert table.STATES[table.states[trace.rule][at]] == trace.state, (trace.rule, values)
        asked = [trace.outcome for trace in traces if trace.outcome is not None]
        assert table.outcome[at] == max([*asked, rs.default])
