"""Neither a rule nor a text can make the rules run long."""

from collections.abc import Callable

import polars as pl
import pytest

from fengkong.domain import Severity
from fengkong.rules import RuleSet, check

REDOS = r"""
(a+)+$
([a-zA-Z]+)*$
(a|aa)+$
(a|a?)+$
(.*a){20}$
(a*)*b
(a+){10}b
^(a|b|ab)*c$
(x+x+)+y
(a?){50}a{50}
^(([a-z])+.)+[A-Z]([a-z])+$
([a-z]+)+\d
(\w+\s?)+$
^(\d+)*x
(.*)*x
(.+)+x
(a.*)+b
(.*?){30}b
(?:a|b)*?c
((a*)*)*b
(((a+)+)+)+b
(a+a+)+b
^a*a*a*a*a*a*b$
.*.*.*.*=.*
(\s*\S*)*!
(?i)(A+)+b
([^b]+)*b
(a{1,30}){1,30}b
(aa|aab?)*c
\b(\w+)+\b!
(\d|\w)*!
^(.|\n)*z
(a|b)*abb(a|b){10}
(ab?)*c
^(a?b?c?)*d
[\w.]+@([\w.]+)+c
(https?://)?(\w+\.?)+/z
(<[^>]*>?)+z
"([^"\\]|\\.)*x
(-?\d+,?)*x
^\s+|\s+$
(\(.*\))*x
(欺|诈|欺诈)+x
(.欺?)*诈
\pL*\pN
(?s)(.*)+x
(a|[a-z]|\w)+!
(?:(?:a+)+)+$z
(0|[1-9]\d*)*x
^((a+)|(b+))*c
""".strip().splitlines()


@pytest.mark.parametrize("pattern", REDOS)
def test_a_bad_pattern_on_a_hundred_thousand_characters_is_answered(rules_of: Callable[..., str], pattern: str) -> None:
    rs = RuleSet.parse(rules_of(f'matches(s, "{pattern}")' if '"' not in pattern else f"matches(s, '{pattern}')"))
    texts = ["a" * 100_000 + "!", "ab" * 50_000, "欺" * 100_000]
    states = [rs.run({"s": text}).rules[0].state for text in texts]
    assert set(states) <= {"hit", "no_hit"}
    table = rs.run_table(pl.DataFrame({"s": texts})).states["r0"]
    assert [rs.run_table(pl.DataFrame()).STATES[code] for code in table] == states


def test_there_are_fifty_patterns() -> None:
    assert len(set(REDOS)) == 50


PARTS = ", ".join(f'"part{at}"' for at in range(120))
BOMBS = [
    *["a > 1 and " * count + "ok" for count in (210, 3_000)],
    *["(" * depth + "a" + ")" * depth + " > 1" for depth in (49, 60, 900)],
    *["[" * depth for depth in (51, 900)],
    *["not " * count + "ok" for count in (49, 400)],
    *["-" * count + "a > 1" for count in (60, 1_500)],
    *["a" + operator * count + " > 1" for operator, count in ((" + a", 400), (" * a", 60), ("*9", 300), ("/x", 60))],
    "a > 1" + " > a" * 600,
    "a" + ".a" * 900,
    "a in [" + ", ".join(map(str, range(501))) + "]",
    "a == " + "9" * 400,
    "x == 0." + "1" * 60,
    "length(" * 49 + "s" + ")" * 49 + " > 1",
    *[
        'matches(s, "' + part * count + '")'
        for part, count in (("a", 501), ("(a{1000}){1000}", 1), ("((a{99}){99}){99}", 1))
    ],
    'matches(s, "' + "(a|b)" * 99 + '{900}")',
    *[name + "(" + ", ".join(["a"] * 900) + ") > 1" for name in ("min", "max")],
    "x % 0.0000000000000000000000000001 > 0",
    "round(x, 13) > 1",
    "9 ** 9 ** 9 > a",
    "a << 99999999 > 1",
    '"a" * 999999999 == s',
    "s * a == t",
    "at_least(1, [" + ", ".join(["ok"] * 700) + "])",
    "any_of(tags) == " + " == ".join(["s"] * 300),
    "join(" * 40 + "tags" + ")" * 40 + ' == "a"',
    "lower(" * 40
    + "s"
    + ")" * 40
    + ' == "a" and '
    + " and ".join(f"upper(s) == lower({'upper(' * 30}t{')' * 30})" for _ in range(9)),
    " or ".join(f"contains_any(s, [{PARTS[:1600]}])" for _ in range(2)),
    " or ".join(f'matches(s, "x{at}")' for at in range(100)),
    *["f'" + "{" * count for count in (300, 1_900)],
    *["a > " + character * 1_900 for character in ("é", "\u3000", "\\", "_")],
    "(" + "a," * 900 + ")",
    "{" * 49 + "}" * 49,
    "lambda " * 200 + ": a",
    "a if " * 300 + "ok",
    "s in tags and " * 100 + "ok",
]


def test_there_are_fifty_bombs() -> None:
    assert len(BOMBS) >= 50


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_cost_bomb_is_refused_or_cheap(
    rules_of: Callable[..., str], errors: Callable[[str], list[str]], bomb: str
) -> None:
    text = rules_of(bomb)
    if not errors(text):
        rs = RuleSet.parse(text)
        assert rs.costs["r0"] <= rs.budget.steps
        values = {"a": 2**62, "x": "9" * 34, "s": "a" * 200_000, "t": "b" * 200_000, "ok": True, "tags": ["a"] * 10_000}
        assert rs.run(values).rules[0].state in {"hit", "no_hit", "unknown"}


def test_a_set_that_costs_more_than_its_budget_is_refused(
    rules_of: Callable[..., str], errors: Callable[[str], list[str]]
) -> None:
    conditions = [f'matches(s, "a{at}") and matches(t, "b{at}")' for at in range(230)]
    (finding,) = [found for found in check(rules_of(*conditions)) if found.severity is Severity.ERROR]
    assert finding.code == "R028"
    assert "steps for one document" in finding.message
    assert not errors(rules_of(*conditions, budget="budget: {text: 20000}"))
    assert not errors(rules_of(*conditions, budget="budget: {steps: 20_000_000}".replace("_", "")))
    assert errors(rules_of("ok", 'matches(s, "a")', budget="budget: {steps: 1000}")) == ["R028"]


def test_equal_parts_cost_once(rules_of: Callable[..., str]) -> None:
    once, twice = (RuleSet.parse(rules_of(" and ".join(['matches(s, "a")'] * count))).costs["r0"] for count in (1, 2))
    assert twice <= once + 1


@pytest.mark.parametrize(
    "budget", ["{steps: 0}", "{steps: many}", "{text: 99999999}", "{memory: 1}", "7", "{text: ''}"]
)
def test_a_budget_that_is_none(rules_of: Callable[..., str], errors: Callable[[str], list[str]], budget: str) -> None:
    assert errors(rules_of("ok", budget=f"budget: {budget}"))


def test_a_text_above_the_limit_goes_to_review(rules_of: Callable[..., str]) -> None:
    rs = RuleSet.parse(
        rules_of('contains(s, "b") or ok', "ok", "who is known", "tags is known", budget="budget: {text: 10}")
    )
    rows = [
        {"s": "a" * 10, "ok": True, "who": "a" * 11, "tags": ["aaaaa", "bbbbb"]},
        {"s": "a" * 11, "ok": True, "who": "欺" * 10, "tags": ["aaaaa", "bbbbbb"]},
    ]
    traces = [rs.run(row).rules for row in rows]
    assert [[rule.state for rule in rules] for rules in traces] == [
        ["hit", "hit", "error", "hit"],
        ["error", "hit", "hit", "error"],
    ]
    assert traces[1][0].outcome is not None
    assert str(traces[1][0].outcome) == "review"
    assert traces[1][0].detail == "s has 11 characters; rules read at most 10"
    table = rs.run_table(pl.DataFrame(rows))
    assert [tuple(table.STATES[code] for code in row) for row in table.states.rows()] == [
        tuple(rule.state for rule in rules) for rules in traces
    ]


def test_the_budget_counts_in_the_hash_where_it_is_written(rules_of: Callable[..., str]) -> None:
    plain, same, other = (
        RuleSet.parse(rules_of("ok", budget=text)).hash for text in ("", "budget: {text: 200000}", "budget: {text: 9}")
    )
    assert plain == same != other
