"""Every fault of a rule set is a finding with its code, its line and a cure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fengkong.domain import RuleError, Severity
from fengkong.rules import RuleSet, check

GOOD = """\
format: 1
name: loans
version: "1"
default: approve
inputs:
  amount: decimal
  age: integer
  grade: {type: category, values: [A, B, C]}
  opened: date
  signals.risk: {type: signal, labels: [low, high]}
reasons:
  BIG:
    en: The amount is high.
    zh: 金额较大。
rules:
  - id: big
    when: amount > 1000 and age < 18
    then: review
    reason: BIG
  - id: grade
    when: grade == "C" or signals.risk.p > 0.9 or opened < date("2020-01-01")
    then: decline
    reason: BIG
    unknown: no_hit
"""


def test_a_good_rule_set_has_no_findings() -> None:
    assert check(GOOD) == []


# What is changed in the good rule set, into what, and the finding: code, severity, line, and words of it.
FAULTS = [
    ("format: 1", "format: 2", "R005", "error", 1, "'2'"),
    ("format: 1\n", "", "R004", "error", 1, "'format'"),
    ('version: "1"', "version: ''", "R005", "error", 3, "not empty"),
    ("default: approve", "default: aprove", "R006", "error", 4, "did you mean 'approve'?"),
    ("default:", "defualt:", "R003", "error", 4, "did you mean 'default'?"),
    ("name: loans", "name: loans\nname: again", "R002", "error", 3, "twice"),
    ("  age: integer", "  age: integer\n  amount: integer", "R002", "error", 8, "twice"),
    ("age: integer", "age: integr", "R011", "error", 7, "did you mean 'integer'?"),
    ("age: integer", "age: category", "R011", "error", 7, "values"),
    ("age: integer", "age: {type: integer, values: [1]}", "R011", "error", 7, "values"),
    ("age: integer", "age: signal", "R011", "error", 7, "signals.<name>"),
    ("age: integer", "age: integer\n  not ok: text", "R011", "error", 8, "'not ok'"),
    ("age: integer", "age: integer\n  known: text", "R011", "error", 8, "'known'"),
    ("age: integer", "age: integer\n  ａ: text", "R011", "error", 8, "write 'a'"),
    ("age: integer", "age: integer\n  text: integer", "R011", "error", 8, "'text'"),
    ("age: integer", "age: integer\n  signals.risk.p: probability", "R002", "error", 11, "'signals.risk.p'"),
    ("age: integer", "age: integer\n  spare: text", "R012", "info", 8, "'spare'"),
    ("labels: [low", "values: [low", "R003", "error", 10, "use 'labels'"),
    ("    zh: 金额较大。\n", "", "R009", "warning", 12, "'zh'"),
    ("    zh:", "    fr:", "R003", "error", 14, "'fr'"),
    ("  BIG:", "  SPARE: {en: a, zh: b}\n  BIG:", "R010", "info", 12, "'SPARE'"),
    ("reason: BIG\n  -", "reason: BIGG\n  -", "R008", "error", 19, "did you mean 'BIG'?"),
    ("id: grade", "id: big", "R007", "error", 20, "'big'"),
    ("then: review", "then: reveiw", "R006", "error", 18, "did you mean 'review'?"),
    ("unknown: no_hit", "unknown: approve", "R006", "error", 24, "doubt never approves"),
    ("unknown: no_hit", "unknown: nohit", "R006", "error", 24, "did you mean 'no_hit'?"),
    ("    then: review\n", "", "R004", "error", 16, "'then'"),
    ("when: amount > 1000 and", "when: amount > 1000 &&", "R020", "error", 17, "write `and`"),
    ("age < 18", "age = 18", "R020", "error", 17, "write =="),
    ("age < 18", "age ＜ 18", "R020", "error", 17, "write < in place of ＜"),
    ("amount > 1000 and age < 18", "amount > 1,000 and age < 18", "R021", "error", 17, "without commas"),
    ("amount > 1000 and age < 18", "amount > 1,500", "R021", "error", 17, "without commas"),
    ("age < 18", "age is None", "R021", "error", 17, "is unknown"),
    ("age < 18", "open('x')", "R024", "error", 17, "'open'"),
    ("age < 18", "starts(grade)", "R024", "error", 17, "starts(text, part)"),
    ("age < 18", "startz(grade, 'a')", "R024", "error", 17, "did you mean 'starts'?"),
    ("age < 18", "matches(grade, '(')", "R027", "error", 17, "RE2"),
    ("age < 18", "aeg < 18", "R023", "error", 17, "did you mean 'age'?"),
    ("age < 18", "age < '18'", "R025", "error", 17, "without quotes"),
    ("age < 18", "opened < '2020-01-01'", "R025", "error", 17, 'date("2025-01-31")'),
    ("age < 18", "grade < 'C'", "R025", "error", 17, "no order"),
    ("age < 18", "age", "R025", "error", 17, "not a condition"),
    ("age < 18", "not age", "R025", "error", 17, "not a condition"),
    ("age < 18", "grade + 1 > 2", "R025", "error", 17, "not a number"),
    ("age < 18", "grade in ['A', amount]", "R025", "error", 17, "not a literal"),
    ("age < 18", "grade == 'c'", "R026", "error", 17, "'A', 'B', 'C'"),
    ("age < 18", "signals.risk.label in ['hihg', 'low']", "R026", "error", 17, "did you mean 'high'?"),
    ("age < 18", "1 < 2", "R030", "warning", 17, "always true"),
    ("age < 18", "(true or age < 18)", "R030", "warning", 17, "always true"),
    ("age < 18", "signals.risk.p > 80", "R030", "warning", 17, "always false"),
    ("age < 18", "0 <= signals.risk.p", "R030", "warning", 17, "always true"),
    ("age < 18", "amount < 500", "R031", "warning", 17, "amount"),
    ("age < 18", "(5 < age < 6 or age == 7)", "R031", "warning", 17, "age"),
    ("age < 18", "grade == 'A' and grade in ['B', 'C']", "R031", "warning", 17, "grade"),
    ("age < 18", "2000 >= amount >= 2000 and amount != 2000 and amount == 2000", "R031", "warning", 17, "amount"),
    ("amount > 1000 and age < 18", '>\n      amount\n      > "x"', "R025", "error", 17, "amount"),
    ("amount > 1000 and age < 18", ">\n      amount > 1000 # and\n      and age < 18", "R020", "error", 17, "comment"),
    ("inputs:", "inputs: [", "R001", "error", 7, "the YAML can't be read"),
]


@pytest.mark.parametrize(
    ("old", "new", "code", "severity", "line", "words"), FAULTS, ids=[f"{f[2]} {f[1]}" for f in FAULTS]
)
def test_faults(old: str, new: str, code: str, severity: str, line: int, words: str) -> None:
    assert GOOD.count(old) >= 1
    findings = check(GOOD.replace(old, new, 1), source="rules.yaml")
    found = [finding for finding in findings if finding.code == code]
    assert found, findings
    finding = found[0]
    assert (finding.severity, finding.place.file, finding.place.line) == (severity, "rules.yaml", line)
    assert words in str(finding)


NO_FAULTS = [
    "amount > 1000 or amount < 500",
    "5 < age < 7",
    "2000 <= amount <= 2000",
    "amount > 10 and age < 5",
    "grade in ['A', 'B'] and grade == 'B'",
    "0 < signals.risk.p < 1",
    "grade is known and signals.risk.label == 'high'",
]


@pytest.mark.parametrize("condition", NO_FAULTS)
def test_sound_conditions_raise_no_suspicion(condition: str) -> None:
    findings = check(GOOD.replace("amount > 1000 and age < 18", condition))
    assert [finding for finding in findings if finding.severity != "info"] == []


def test_all_faults_of_a_condition_are_told_at_once() -> None:
    text = GOOD.replace("amount > 1000 and age < 18", "amuont > 1000 and aeg < 18 and grade == 'Z'")
    assert [finding.code for finding in check(text) if finding.severity == "error"] == ["R023", "R023", "R026"]


def test_a_broken_declaration_is_told_once() -> None:
    findings = check(GOOD.replace("amount: decimal", "amount: deciml"))
    assert [finding.code for finding in findings if finding.severity == "error"] == ["R011"]


def test_same_condition_with_another_outcome() -> None:
    text = GOOD.replace(
        'grade == "C" or signals.risk.p > 0.9 or opened < date("2020-01-01")', "amount>1000.0 and (age < 18)"
    )
    (finding,) = [finding for finding in check(text) if finding.code == "R032"]
    assert "'big'" in finding.message
    assert finding.place.name == "grade"


def test_the_finding_names_file_line_and_rule(tmp_path: Path) -> None:
    path = tmp_path / "loan.yaml"
    path.write_text(GOOD.replace("age < 18", "aeg < 18"), encoding="utf-8")
    findings = check(path)
    assert str(findings[0].place) == f"{path}:17 [big]"
    with pytest.raises(RuleError, match=r"loan\.yaml:17 \[big\]: R023: there is no input 'aeg'; did you mean 'age'"):
        RuleSet.load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("名称: 贷款".encode("gb18030"))
    (tmp_path / "empty.yaml").write_bytes(b"")
    for name, word in [("gbk.yaml", "UTF-8"), ("empty.yaml", "empty"), ("none.yaml", "does not exist")]:
        (finding,) = check(tmp_path / name)
        assert finding.code == "R001"
        assert finding.severity is Severity.ERROR
        assert word in finding.message
    with pytest.raises(RuleError, match="does not exist"):
        RuleSet.load(tmp_path / "none.yaml")


def test_aliases_that_multiply_are_no_bomb() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    (finding,) = check("\n".join(lines))
    assert "alias" in finding.message


def test_the_error_counts_the_others(one_rule: Callable[[str], str]) -> None:
    with pytest.raises(RuleError, match=r"and 1 more"):
        RuleSet.parse(one_rule("aa > 1 and bb > 1"))


@pytest.mark.parametrize("place", ["id", "when", "category", "text"])
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(place: str) -> None:
    half = {place: "\\ud800"}
    text = f"""\
format: 1
name: n
version: 1
inputs: {{a: integer, c: {{type: category, values: [A, "B{half.get("category", "")}"]}}}}
reasons: {{R: {{en: "e{half.get("text", "")}", zh: z}}}}
rules:
  - {{id: "r{half.get("id", "")}", when: "a > 1{half.get("when", "")}", then: review, reason: R}}
"""
    errors = [finding for finding in check(text) if finding.severity == "error"]
    assert errors
    assert "half of a surrogate pair" in errors[0].message
