"""Nothing that looks like code is ever run, and any text is judged as a rule set.

FENGKONG_LONG=1 makes it 10,000 generated escapes and 10,000 generated texts.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.domain import Severity
from fengkong.rules import check

EXAMPLES = 10_000 if os.environ.get("FENGKONG_LONG") else 100
BUSY = [HealthCheck.too_slow]  # on a busy machine, drawing takes its time

# Pieces of known ways out of sandboxes of Python, joined in any order.
ATTRIBUTES = [
    "__class__",
    "__bases__",
    "__base__",
    "__mro__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__init__",
    "__dict__",
    "__code__",
    "__closure__",
    "__getattribute__",
    "__reduce_ex__",
    "gi_frame",
    "f_back",
    "f_globals",
    "f_builtins",
    "cr_frame",
    "tb_frame",
    "func_globals",
    "mro",
    "format",
    "format_map",
    "maketrans",
    "encode",
    "decode",
    "__import__",
    "__loader__",
    "__spec__",
    "__wrapped__",
    "__self__",
    "__func__",
    "__defaults__",
]
STARTS = ["a", "s", "ok", "()", "[]", "{}", '""', "''", "0", "1.5", "True", "contains", "length", "date", "type(a)"]
CALLS = ["", "()", "(0)", "[0]", '["x"]', '("os")', "(s)", "(*a)", "(**a)", "(a=1)"]
FORMS = [
    "{}",
    "{} == 1",
    "not {}",
    "length({}) > 1",
    "[{} for a in [1]]",
    "(lambda: {})()",
    "{} if ok else a",
    'f"{{{}}}"',
    "(z := {})",
    "a in [{}]",
    "contains(s, {})",
    "{} is known",
    "any_of({}) > 1",
    "getattr({}, s)",
    "-{} > 1",
    "{} or ok",
    "at_least(1, [{}])",
    "matches(s, {})",
    "{}, a",
    "*{}",
    "await {}",
]
escape = st.builds(
    lambda form, start, steps: form.format(start + "".join(f".{attribute}{call}" for attribute, call in steps)),
    st.sampled_from(FORMS),
    st.sampled_from(STARTS),
    st.lists(st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(CALLS)), min_size=1, max_size=4),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=BUSY)
@given(escape)
def test_no_generated_escape_is_accepted(
    rules_of: Callable[..., str], errors: Callable[[str], list[str]], payload: str
) -> None:
    assert errors(rules_of(payload)), payload


TOKENS = st.sampled_from(
    [
        "when: ",
        "rules:",
        "- id: r",
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        "a > 1",
        "&x",
        "*x",
        "!!python/object:os.system ''",
        "'",
        '"',
        "#",
        "\t",
    ]
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=BUSY)
@given(st.lists(TOKENS | st.text(max_size=8), max_size=40).map("".join))
def test_any_text_is_judged_as_a_rule_set(rules_of: Callable[..., str], text: str) -> None:
    assert isinstance(check(text), list)
    assert isinstance(check(rules_of() + text), list)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=BUSY)
@given(st.binary(max_size=200))
def test_any_bytes_are_judged_as_a_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "rules.yaml"
    path.write_bytes(content)
    assert errors_of_file(path)


def errors_of_file(path: Path) -> list[str]:
    return [finding.code for finding in check(path) if finding.severity is Severity.ERROR]


def test_a_rule_set_is_read_where_a_canary_would_tell(tmp_path: Path, one_rule: Callable[[str], str]) -> None:
    canary = tmp_path / "canary"
    for payload in (f'__import__("pathlib").Path("{canary}").touch()', f'open("{canary}", "w")'):
        check(one_rule(payload))
    check(f"!!python/object/apply:os.system ['touch {canary}']")
    assert not canary.exists()
