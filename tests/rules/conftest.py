"""A rule set of one rule around any expression, so that tests can speak of expressions alone."""

import json
from collections.abc import Callable, Mapping

import pytest
import yaml

INPUTS: Mapping[str, object] = {
    "a": "integer",
    "b": "integer",
    "x": "decimal",
    "y": "decimal",
    "p": "probability",
    "q": "probability",
    "s": "text",
    "t": "text",
    "grade": {"type": "category", "values": ["A", "B", "C"]},
    "ok": "boolean",
    "flag": "boolean",
    "other": "boolean",
    "day": "date",
    "day2": "date",
    "moment": "datetime",
    "金额": "decimal",
    "fee": {"type": "money", "currency": "CNY"},
    "费用": {"type": "money", "currency": "CNY"},
    "dollars": {"type": "money", "currency": "USD"},
    "span": "duration",
    "who": "entity",
    "whom": "entity",
    "tags": {"type": "list", "of": "text"},
    "amounts": {"type": "list", "of": "decimal"},
    "counts": {"type": "list", "of": "integer"},
    "days": {"type": "list", "of": "date"},
    "people": {"type": "list", "of": "entity"},
    "signals.risk": {"type": "signal", "labels": ["low", "high"]},
}


@pytest.fixture(scope="session")
def one_rule() -> Callable[[str], str]:
    def text(expression: str, **changes: object) -> str:
        rule = {"id": "r1", "when": expression, "then": "decline", "reason": "WHY"} | changes
        reasons = {"WHY": {"en": "Because.", "zh": "因为。"}}
        whole = {"format": 1, "name": "test", "version": "1", "inputs": INPUTS, "reasons": reasons, "rules": [rule]}
        return yaml.safe_dump(json.loads(json.dumps(whole)), allow_unicode=True, sort_keys=False, width=10_000)

    return text
