"""Compiled rules mean what a plain reading of the typed tree means, unknowns included."""

import operator
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.rules import RuleSet

INPUTS = "{a: integer, b: integer, x: decimal, y: decimal, p: probability, s: text, d: date, ok: boolean, no: boolean}"
COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt}
COMPARE[">="] = operator.ge

# Expressions are drawn as nested tuples, written down as text for the rules, and read here as they stand.
NUMBERS = ["0", "1", "2", "-3", "0.1", "0.5", "2.50", "0.30000000000000000001"]
leaf = st.sampled_from([("input", n) for n in "abxyp"] + [("number", n) for n in NUMBERS])
number = st.recursive(
    leaf,
    lambda inner: (
        st.tuples(st.sampled_from("+-*%"), inner, inner) | st.tuples(st.sampled_from(["min", "max"]), inner, inner)
    ),
    max_leaves=4,
)
compare = st.tuples(st.sampled_from(sorted(COMPARE)), number, number)
flag = st.sampled_from([("input", "ok"), ("input", "no"), ("text", "'ab'"), ("text", "'b'"), ("day", "2025-01-02")])
chain = st.tuples(st.just("chain"), number, st.sampled_from(["<", "<="]), number, st.sampled_from(["<", "<="]), number)
member = st.tuples(st.just("in"), number, st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3))
known = st.tuples(st.just("known"), number)
condition = st.recursive(
    compare | flag | chain | member | known,
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), inner, inner)
        | st.tuples(st.sampled_from(["and", "or"]), inner, inner, inner)
        | st.tuples(st.just("not"), inner)
        | st.tuples(st.just("at_least"), inner, inner, inner)
    ),
    max_leaves=6,
)


def written(node: tuple) -> str:
    match node:
        case ("input" | "number", word):
            return word
        case ("text", literal):
            return f"contains(s, {literal})".replace("'", '"')
        case ("day", word):
            return f'd < date("{word}")'
        case ("chain", a, first, b, second, c):
            return f"{written(a)} {first} {written(b)} {second} {written(c)}"
        case ("in", a, items):
            return f"{written(a)} in [{', '.join(items)}]"
        case ("known", a):
            return f"({written(a)}) is known"
        case ("not", a):
            return f"not ({written(a)})"
        case ("at_least", *parts):
            return f"at_least(2, [{', '.join(map(written, parts))}])"
        case ("min" | "max" as name, a, b):
            return f"{name}({written(a)}, {written(b)})"
        case (word, *parts):
            return f" {word} ".join(f"({written(part)})" for part in parts)
    raise AssertionError(node)


def exact(value: Any) -> Any:
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def read(node: tuple, values: Mapping[str, Any]) -> Any:
    match node:
        case ("input", "ok" | "no" as name):
            return values[name]
        case ("input", name):
            return None if values[name] is None else exact(values[name])
        case ("number", digits):
            return exact(digits)
        case ("text", literal):
            return None if values["s"] is None else literal.strip("'") in values["s"]
        case ("day", word):
            return None if values["d"] is None else values["d"] < date.fromisoformat(word)
        case ("chain", a, first, b, second, c):
            return read(("and", (first, a, b), (second, b, c)), values)
        case ("in", a, items):
            return read(("or", *(("==", a, ("number", item)) for item in items)), values)
        case ("known", a):
            return read(a, values) is not None
    return combined(node[0], [read(part, values) for part in node[1:]])


def combined(word: str, parts: list) -> Any:
    if word == "not":
        return {True: False, False: True, None: None}[parts[0]]
    if word == "and":
        return False if False in parts else None if None in parts else True
    if word == "or":
        return True if True in parts else None if None in parts else False
    if word == "at_least":
        possible = {sum(guess) >= 2 for guess in _guesses(parts)}
        return possible.pop() if len(possible) == 1 else None
    if None in parts:
        return None
    left, right = parts
    if word == "%":
        return left % right if right else None
    calculate = {"+": operator.add, "-": operator.sub, "*": operator.mul, "min": min, "max": max} | COMPARE
    return calculate[word](left, right)


def _guesses(parts: list) -> list[list[bool]]:
    guesses: list[list[bool]] = [[]]
    for part in parts:
        guesses = [[*guess, choice] for guess in guesses for choice in ([True, False] if part is None else [part])]
    return guesses


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


values_of = st.fixed_dictionaries(
    {
        "a": maybe(st.integers(-4, 4)),
        "b": maybe(st.integers(-4, 4)),
        "x": maybe(st.sampled_from([0.1, 0.5, 1, -3, 2.5, Decimal("0.30000000000000000001"), Decimal("0.10"), 0.3])),
        "y": maybe(st.floats(-5, 5).map(lambda value: round(value, 2))),
        "p": maybe(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 1])),
        "s": maybe(st.sampled_from(["abc", "xb", ""])),
        "d": maybe(st.sampled_from([date(2025, 1, 1), date(2025, 1, 2)])),
        "ok": maybe(st.booleans()),
        "no": maybe(st.booleans()),
    }
)


@settings(max_examples=300, deadline=None)
@given(condition, st.lists(values_of, min_size=1, max_size=4))
def test_compiled_equals_plain_reading(node: tuple, rows: list[dict]) -> None:
    rules = f"[{{id: r, then: review, reason: R, when: '{written(node)}'}}]"
    text = f"{{format: 1, name: n, version: 1, inputs: {INPUTS}, reasons: {{R: {{en: e, zh: z}}}}, rules: {rules}}}"
    rs = RuleSet.parse(text)
    for values in rows:
        (trace,) = rs.run(values).rules
        assert trace.state == {True: "hit", False: "no_hit", None: "unknown"}[read(node, values)], written(node)
