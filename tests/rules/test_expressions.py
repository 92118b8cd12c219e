"""What expressions mean, from a table that a policy analyst could read."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fengkong.rules import RuleSet

TABLE = yaml.safe_load((Path(__file__).parent / "expressions.yaml").read_text(encoding="utf-8"))
STATES = {"true": "hit", "false": "no_hit", "unknown": "unknown", "error": "error"}


@pytest.mark.parametrize(("expression", "values", "expected"), TABLE, ids=[f"{e} {v}" for e, v, _ in TABLE])
def test_table(one_rule: Callable[[str], str], expression: str, values: dict, expected: str) -> None:
    (trace,) = RuleSet.parse(one_rule(expression)).run(values).rules
    assert trace.state == STATES[expected], trace
    assert bool(trace.detail) is (expected == "error")
