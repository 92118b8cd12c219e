"""What people see is what was decided on, and nothing in it drives their terminal."""

import json
from pathlib import Path

import pytest

from fengkong.cli.terminal import draw_decision, visible
from fengkong.decisions import Decider, Policy
from fengkong.domain import Document
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet

DRIVING = "\x1b]0;mine\x07\x1b[2J\x9b2J\x7f\u202eevil\u2066\r"


def driven(shown: str) -> bool:
    return any(sign in shown for sign in "\x1b\x07\x9b\x7f\u202e\u2066\r")


def test_control_characters_become_signs():
    assert visible("a\x1b[31m\nb\tc") == "a␛[31m␊b␉c"
    assert visible("a\x1b\nb\tc", lines=True) == "a␛\nb\tc"
    assert visible("\x9b\u202e") == "��"
    assert visible("借款 naïve 👍🏽") == "借款 naïve 👍🏽"


@pytest.mark.parametrize("command", ["decide", "explain", "evaluate"])
def test_texts_labels_and_facts_cannot_drive_the_terminal(fengkong, workspace, command):
    row = {"id": DRIVING, "text": f"I {DRIVING} have a steady job.", "label": "bad"}
    Path("rows.jsonl").write_text(json.dumps(row | {"fields": {"amount": DRIVING, "income": DRIVING}}) + "\n", "utf-8")
    result = fengkong(command, "rows.jsonl")
    assert result.out or result.err
    assert not driven(result.out + result.err)


def test_an_unknown_label_is_named_without_its_control_characters(fengkong, workspace):
    rows = [{"text": f"letter {n}", "label": f"{DRIVING}{n % 2}"} for n in range(20)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for command in ("check rows.jsonl", "evaluate rows.jsonl"):
        result = fengkong(*command.split())
        assert not driven(result.out + result.err)


def test_a_decision_says_how_much_was_not_read(fengkong, workspace):
    result = fengkong("decide", "--text", "steady work and a loan " * 400)
    assert "tokens beyond the length limit were not read" in result.out


RULES = """\
format: 1
name: words
version: 1
default: approve
inputs: {amount: integer}
reasons: {WHY: {en: Because., zh: 因为。}}
rules:
  - {id: gas, when: 'contains(text, "gas")', then: review, reason: WHY}
  - {id: high, when: amount > 5, then: review, reason: WHY}
"""


def test_a_rule_that_reads_the_text_alone_saw_no_values():
    decider = Decider(Policy("words@1", RuleSet.parse(RULES)), {}, MemoryLedger())
    lines = [line.plain for line in draw_decision(decider.decide(Document("a gas pipe", {"amount": 9})), "en")]
    assert lines[-2:] == ["  rule gas: hit", "  rule high: hit; saw amount = 9"]


def test_no_bar_is_drawn_where_there_is_no_terminal(fengkong, workspace):
    result = fengkong("score", "-o", "scores.jsonl")
    assert "rows to scores.jsonl" in result.err
    assert "scoring" not in result.err
