"""What conditions take from each other: never a false alarm, and the plain cases found."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import Finding
from fengkong.rules import RuleSet, check

HEAD = """\
format: 1
name: coverage
version: 1
default: approve
inputs:
  a: integer
  x: decimal
  p: probability
  g: {type: category, values: [A, B, C]}
  s: text
  ok: boolean
  d: date
  m: {type: money, currency: CNY}
  t: duration
reasons:
  R: {en: e, zh: z}
  S: {en: e, zh: z}
"""


USE = "rules: [{{id: u, when: {} == 1, then: review, reason: R}}]"


def compared(text: str) -> list[Finding]:
    findings = check(text)
    assert not [finding for finding in findings if finding.severity == "error"], findings
    return [finding for finding in findings if finding.code in {"R031", "R033", "R034", "R035", "R036", "R037"}]


def rules(*conditions: str) -> str:
    lines = []
    for at, condition in enumerate(conditions):
        when, _, then = condition.partition(" -> ")
        lines.append(f"  - {{id: r{at}, when: '{when}', then: {then or 'review'}, reason: R}}")
    return HEAD + "rules:\n" + "\n".join(lines)


SHADOWED = [
    ("a > 10 -> decline", "a > 20 -> review"),
    ("a > 10 -> decline", "a >= 11 -> review"),
    ("a > 20", "a > 10"),
    ("x >= 0.5 or ok -> decline", "x > 0.5 and a > 1 and ok -> approve"),
    ('g != "A" -> decline', 'g == "B"'),
    ('g in ["A", "B"] -> decline', 'g == "A" and a > 2 -> review'),
    ("not (a <= 10) -> decline", "a > 10 and a < 15"),
    ('d >= date("2025-01-01") -> decline', 'd > date("2024-12-31") -> review'),
    ("a is known -> decline", "a > 3"),
    ('contains(s, "x") -> decline', 'contains(s, "x") and ok'),
    ("x / a > 2 -> decline", "x / a > 3 -> review"),
    ("10 < a < 20 -> decline", "12 <= a <= 15 -> review"),
]


@pytest.mark.parametrize("conditions", SHADOWED)
def test_a_rule_that_adds_nothing_is_found(conditions: tuple[str, ...]) -> None:
    (finding,) = compared(rules(*conditions))
    assert (finding.code, finding.severity) == ("R033", "warning")
    shadowed, by = ("r0", "'r1'") if conditions[0] == "a > 20" else ("r1", "'r0'")
    assert finding.place.name == shadowed
    assert by in finding.message


SOUND = [
    ("p >= 0.8 -> decline", "p >= 0.3 -> review"),
    ("a > 10 -> review", "a > 20 -> decline"),
    ("a > 10 -> decline", "a > 10.5 or ok -> review"),
    ("x > 10 -> decline", "x >= 10 -> review"),
    ("a > 10 or x > 2 -> decline", "a > 20 -> review"),
    ('contains(s, "x") -> decline', 'contains(s, "xy") -> review'),
    ('g in ["A", "B"] -> decline', 'g != "C" or g == "C" -> review'),
    ("a > 1 and a < 3 -> decline", "a == 3 -> review"),
    ("a > 3 -> decline", "a is known -> review"),
]


@pytest.mark.parametrize("conditions", SOUND)
def test_sound_rules_raise_no_suspicion(conditions: tuple[str, ...]) -> None:
    assert compared(rules(*conditions)) == []


def test_a_rule_of_another_reason_with_points_or_for_more_is_no_repeat() -> None:
    assert compared(rules("a > 10", "a > 20").replace("id: r1, ", "id: r1, points: 3, ")) == []
    assert compared(rules("a > 10", "a > 20").replace("reason: R}\n", "reason: S}\n")) == []
    assert len(compared(rules("a > 10", "not a <= 10"))) == 1


def test_a_group_that_excludes_its_rule_is_found() -> None:
    text = rules("a > 10 and ok").replace("rules:", "groups: {low: {when: a < 5}, off: {enabled: false}}\nrules:")
    (finding,) = compared(text.replace("id: r0", "id: r0, group: low"))
    assert (finding.code, finding.place.name) == ("R031", "r0")
    assert compared(text.replace("id: r0", "id: r0, group: off")) == []


def table(*rows: str, inputs: str = "[a, g]", hit: str = "first", outputs: str = "{n: integer}") -> str:
    lines = "\n".join(f"      - {{{row}, n: {at}}}" for at, row in enumerate(rows))
    head = f"{HEAD}tables:\n  t:\n    hit: {hit}\n    inputs: {inputs}\n    outputs: {outputs}\n"
    return f"{head}    rows:\n{lines}\n{USE.format('tables.t.n')}\n"


FIRST_LINE = 24
TABLES = [
    (["a: '< 5'", "a: '[2..4]', g: A", "a: '-'"], [("R034", 1)]),
    (["a: '< 5'", "a: '>= 5'", "g: A"], []),
    (["a: '< 5'", "a: '>= 5'", "a: unknown", "g: A"], [("R034", 3)]),
    (["a: '< 5'", "a: '[5..9]'", "a: '[3..8]', g: A", "a: '-'"], [("R034", 2)]),
    (["a: '< 5', g: A", "a: '>= 5', g: A", "g: 'in [B, C]'"], []),
    (["a: '< 5', g: A", "a: '> 5', g: A", "g: 'in [B, C]'"], [("R036", 0)]),
    (["a: '< 5'", "a: '(3..2)'", "a: '-'"], [("R031", 1)]),
    (["a: '[0..5)'", "a: '>= 5'"], [("R036 info", 0)]),
    (["m: '< 5'", "m: '[CNY 2..4]'", "m: '>= 5'"], [("R034", 1)]),
    (["t: '< 5 d'", "t: '[2 d..4 d]'", "t: '>= 120 h'"], [("R034", 1)]),
]


@pytest.mark.parametrize(("rows", "expected"), TABLES)
def test_rows_that_never_decide_and_what_is_left_open(rows: list[str], expected: list[tuple[str, int]]) -> None:
    found = compared(table(*rows, inputs="[a, g, m, t]"))
    assert [
        (finding.code + (" info" if finding.severity == "info" else ""), (finding.place.line or 0) - FIRST_LINE)
        for finding in found
    ] == expected
    if expected == [("R036", 0)]:
        assert 'a = 5 and g = "A"' in found[0].message


def outcomes(*cells: str, default: str = "approve") -> str:
    lines = "".join(f"      - {{a: '{cell}', then: decline, reason: R}}\n" for cell in cells)
    head = HEAD.replace("default: approve", f"default: {default}") + "tables:\n  t:\n    hit: first\n    inputs: [a]\n"
    return f"{head}    outputs: {{then: outcome, reason: reason}}\n    rows:\n{lines}"


def test_a_gap_between_rows_that_decline_is_told_where_the_default_approves() -> None:
    (finding,) = compared(outcomes("[0..10)", "[20..30)"))
    assert (finding.code, str(finding.severity), finding.place.name) == ("R036", "warning", "t")
    assert "a = 10; nothing is then asked for, and the default approves" in finding.message
    assert compared(outcomes("[0..10)", "[20..30)", default="review")) == []
    assert compared(outcomes("[0..10)", "[10..30)")) == []
    assert compared(outcomes("> 100")) == []


def test_nothing_is_said_of_what_depends_on_other_inputs_or_collects() -> None:
    assert compared(table("a: '< 5'", "a: '> 5'", inputs="{a: abs(a), g: g}")) == []
    assert compared(table("a: '< 5'", "a: '< 3'", hit="collect", outputs="{n: {type: integer, collect: sum}}")) == []


def card(bins: str) -> str:
    characteristics = f"      a: {{bins: {{{bins}}}}}\n      g: {{bins: {{A: 1, otherwise: 0}}}}\n"
    return f"{HEAD}scorecards:\n  c:\n    characteristics:\n{characteristics}{USE.format('scores.c')}\n"


CARDS = [
    ("'< 5': 1, '>= 5': 2", []),
    ("'< 5': 1, '> 5': 2", ["R036"]),
    ("'<= 5': 1, '>= 5': 2", ["R035"]),
    ("'<= 5': 1, '< 3': 2, otherwise: 0", ["R034"]),
    ("'< 5': 1, unknown: 0, otherwise: 2", []),
    ("'[0..5)': 1, '>= 5': 2", ["R036"]),
]


@pytest.mark.parametrize(("bins", "codes"), CARDS)
def test_bins(bins: str, codes: list[str]) -> None:
    assert [finding.code for finding in compared(card(bins))] == codes


def sheet(*rows: str) -> str:
    rows = tuple(f"      {row}\n" for row in rows)
    return f"{HEAD}scorecards:\n  c:\n    characteristics:\n{''.join(rows)}{USE.format('scores.c')}\n"


@pytest.mark.parametrize(
    ("last", "only", "cure"),
    [
        ("burdn: {input: x / a, bins: {otherwise: 0}}", "otherwise", "did you mean 'burden'?"),
        ("burdn: {input: x / a, bins: {unknown: 0}}", "unknown", "did you mean 'burden'?"),
        ("city: {input: s, bins: {otherwise: 0}}", "otherwise", "add its bins, or take it out"),
    ],
)
def test_a_characteristic_that_tells_no_value_from_another_is_found(last: str, only: str, cure: str) -> None:
    found = compared(sheet("burden: {input: x / a, bins: {'<= 0.5': 9}}", last))
    assert [(one.code, str(one.severity)) for one in found] == [("R036", "info"), ("R037", "warning")]
    assert (found[1].place.line, found[1].cure) == (found[0].place.line + 1, cure)
    assert f"only the bin `{only}`" in found[1].message
    assert "no bin takes x / a = 1;" in found[0].message


def test_points_for_a_missing_value_alone_are_meant() -> None:
    assert compared(sheet("x: {bins: {unknown: -10, otherwise: 0}}")) == []


COMBINED = [
    ("x / a", "'< 5': 1, '(5..9)': 2, '>= 9': 3", "x / a = 5;"),
    ("x / a", "'< 5': 1, '>= 5': 3", ""),
    ("d - d2", "'< 0 d': 1, '> 0 d': 3", "d - d2 = 0 s;"),
    ("p - x", "'< 0': 1, '> 0': 3", "p - x = 0;"),
    ("p - p2", "'< 0': 1, '> 0.5': 3", ""),
    ("x / x", "'< 0': 1, '> 0': 3", ""),
    ("x % a", "'< 0': 1, '> 0': 3", ""),
    ("a * 2", "'< 5': 1, '> 5': 3", ""),
    ("x + scores.b", "'< 5': 1, '> 5': 3", ""),
]


@pytest.mark.parametrize(("text", "bins", "left"), COMBINED)
def test_a_gap_in_two_inputs_combined_is_found(text: str, bins: str, left: str) -> None:
    card = sheet(f"c1: {{input: {text}, bins: {{{bins}}}}}")
    card = card.replace("  c:\n", "  b: {characteristics: {ok: {bins: {'true': 1, 'false': 0}}}}\n  c:\n")
    found = compared(card.replace("  d: date\n", "  d: date\n  d2: date\n  p2: probability\n"))
    assert [left in one.message for one in found if one.code == "R036"] == ([True] if left else [])


def test_a_table_whose_columns_share_an_input_is_not_judged_as_if_they_did_not() -> None:
    rows = ["b: '< 5', a: '< 5'", "b: '> 5', a: '> 5'"]
    assert compared(table(*rows, inputs="{b: x / a, a: a}")) == []
    assert [one.code for one in compared(table(*rows, inputs="{b: x / p, a: a}"))] == ["R036"]


@pytest.mark.parametrize(
    ("name", "bins", "left"),
    [
        ("m", "'< 5': 1, '> CNY 5': 2", "m = 5;"),
        ("m", "'[0..10)': 1, '[10..20.50]': 2", "m = -1;"),
        ("t", "'< 36 h': 1, '> 36 h': 2", "t = 1 d 12 h;"),
        ("t", "'[0 s..5 d]': 1, '> 5 d': 2", "t = -P0DT0.000001S;"),
    ],
)
def test_what_no_bin_takes_is_written_as_a_cell(name: str, bins: str, left: str) -> None:
    (finding,) = compared(card(bins).replace("      a:", f"      {name}:"))
    assert left in finding.message


ATOMS = ["a > 1", "a <= 1", "a == 2", "ok", "not ok", 'g == "A"', 'g != "A"', "a is unknown", "x > 0.5", "a < x"]
condition = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=3,
)
GRID = [
    dict(zip(("a", "ok", "g", "x"), values, strict=True))
    for values in itertools.product([None, 0, 1, 2, "bad"], [None, True, False], [None, "A", "B"], [None, 0, 1])
]


@settings(max_examples=40, deadline=None)
@given(condition, condition, st.sampled_from(["decline", "review"]))
def test_what_is_said_of_rules_holds_for_all_values(one: str, other: str, then: str) -> None:
    text = rules(f"{one} -> {then}", f"{other} -> review")
    said = [finding for finding in compared(text) if not finding.message.startswith("no value of")]
    found = {(finding.code, finding.place.name) for finding in said}
    rs = RuleSet.parse(text)
    traces = [rs.run(values).rules for values in GRID]
    for at, name in enumerate(["r0", "r1"]):
        hits = [trace for trace in traces if trace[at].state == "hit"]
        if ("R031", name) in found:
            assert not hits
        if ("R033", name) in found:
            assert all(trace[1 - at].state == "hit" for trace in hits)


def test_many_rules_are_compared_as_far_as_is_worth_it() -> None:
    text = rules(*[f'a > {n} and x < {-n} and g != "A"' for n in range(600)])
    assert {finding.code for finding in compared(text)} == {"R033"}
