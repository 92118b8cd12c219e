"""What types refuse to do with each other, said with a cure; and what a declaration of a type needs."""

from collections.abc import Callable

import pytest

from fengkong.domain import Severity
from fengkong.rules import RuleSet, check

REFUSED = [
    ("fee > 1000", "R025", 'money("CNY 1000")'),
    ("fee + dollars > fee", "R025", "one currency"),
    ("fee == dollars", "R025", "one currency"),
    ("fee + 1 > fee", "R025", 'money("CNY 1000")'),
    ("fee * fee > fee", "R025", "one currency|CNY"),
    ("max(fee, dollars) > fee", "R025", "one currency"),
    ("max(fee, 1) > fee", "R025", "one currency"),
    ('fee in [money("USD 1")]', "R025", "one currency"),
    ('money("1000") > fee', "R024", "CNY"),
    ('money("CNY " ) > fee', "R024", "CNY"),
    ("span > 30", "R025", 'duration("30 d")'),
    ('span > "30 d"', "R025", 'duration("30 d")'),
    ('duration("1 month") < span', "R024", "30 d"),
    ("day + 1 > day", "R025", 'duration("30 d")'),
    ("day + day2 > day", "R025", "duration"),
    ("moment - day > span", "R025", "duration"),
    ("span * x > span", "R025", "duration"),
    ("year(moment) == 2024", "R024", "Asia/Shanghai"),
    ('year(day, "UTC") == 2024', "R024", "year(day)"),
    ('hour(day) == 2024 or hour(moment, "Mars") == 1', "R024", "Asia/Shanghai"),
    ('who > "a"', "R025", "== or !="),
    ("who == s", "R025", "literal"),
    ('contains(who, "a")', "R024", "text"),
    ("tags == tags", "R025", "any_of"),
    ("1 in tags", "R025", ""),
    ("s in amounts", "R025", ""),
    ("s in t", "R025", "list"),
    ("sum(tags) > 1", "R024", "numbers"),
    ("sum(a, b) > 1", "R024", "numbers"),
    ("any_of(s) > 1", "R025", "list"),
    ("any_of(amounts)", "R024", "left of one comparison"),
    ("5 < any_of(amounts)", "R024", "left of one comparison"),
    ("1 < any_of(amounts) < 5", "R024", "left of one comparison"),
    ("any_of(amounts) > 1 > 0", "R021", "one comparison"),
    ("between(any_of(amounts), 1, 2)", "R024", "left of one comparison"),
    ("between(1, any_of(amounts), 2)", "R021", "one comparison"),
    ("between(a, 1)", "R024", "between(x, lowest, highest)"),
    ('between(a, 1, "b")', "R025", "without quotes"),
    ('"mid" in signals.risk.labels', "R026", "low"),
    ("has(tags, s)", "R024", ""),
]


@pytest.mark.parametrize(("expression", "code", "cure"), REFUSED, ids=[expression for expression, _, _ in REFUSED])
def test_what_types_refuse(one_rule: Callable[[str], str], expression: str, code: str, cure: str) -> None:
    errors = [finding for finding in check(one_rule(expression)) if finding.severity is Severity.ERROR]
    assert {finding.code for finding in errors} == {code}, errors
    said = " ".join(f"{finding.message} {finding.cure}" for finding in errors)
    assert any(word in said for word in cure.split("|")), said


DECLARATIONS = [
    ("money", "currency"),
    ("{type: money, currency: yuan}", "ISO 4217"),
    ("{type: money, of: text}", "R003"),
    ("list", "of: text"),
    ("{type: list, of: list}", "known are"),
    ("{type: list, of: probability}", "known are"),
    ("{type: text, of: text}", "R003"),
]


@pytest.mark.parametrize(("declared", "word"), DECLARATIONS)
def test_what_a_declaration_needs(declared: str, word: str) -> None:
    rules = "[{id: r, then: review, reason: R, when: v is known}]"
    head = f"format: 1, name: n, version: 1, inputs: {{v: {declared}}}, reasons: {{R: {{en: e, zh: z}}}}"
    text = f"{{{head}, rules: {rules}}}"
    errors = [str(finding) for finding in check(text) if finding.severity is Severity.ERROR]
    assert len(errors) == 1
    assert word in errors[0]


def test_the_hash_knows_currencies_and_items(one_rule: Callable[[str], str]) -> None:
    text = one_rule("fee is known and tags is known")
    other = text.replace("currency: CNY", "currency: EUR", 1), text.replace("of: text", "of: entity", 1)
    assert len({RuleSet.parse(version).hash for version in (text, *other)}) == 3


def test_one_moment_in_the_hour_that_clocks_show_twice(one_rule: Callable[[str], str]) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    rs = RuleSet.parse(one_rule('moment > datetime("2025-11-02T01:30:00-04:00")'))
    later = datetime(2025, 11, 2, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1)
    assert rs.run({"moment": later}).rules[0].state == "hit"
    assert rs.run({"moment": later.replace(fold=0)}).rules[0].state == "no_hit"
