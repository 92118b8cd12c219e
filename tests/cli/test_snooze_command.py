"""Snoozing a rule from the command line."""

import json

from fengkong.rules import RuleSet


def test_a_rule_is_snoozed_for_an_entity(fengkong, workspace):
    rule = RuleSet.load(workspace / "rules.yaml").rules[0].id
    row = json.loads((workspace / "applications.jsonl").read_text(encoding="utf-8").splitlines()[0])
    field, value = next((name, value) for name, value in row["fields"].items() if value is not None)
    result = fengkong("snooze", rule, "--for", f"{field}={value}", "--until", "2126-01-01", "--by", "Li")
    assert result.code == 0, result.err
    assert f"says nothing about {field}={value} until 2126-01-01 00:00+00:00" in result.out
    first = json.loads(fengkong("decide", "--json").out.splitlines()[0])
    assert first["trace"]["rules"][0]["state"] == "snoozed"
    assert fengkong("replay").code == 0


def test_what_can_not_be_snoozed_is_refused(fengkong, workspace):
    rule = RuleSet.load(workspace / "rules.yaml").rules[0].id
    options = ["--until", "2126-01-01", "--by", "Li"]
    assert "the policy has no such rule" in fengkong("snooze", rule + "x", "--for", "a=1", *options).err
    assert "written as field=value" in fengkong("snooze", rule, "--for", "a", *options).err
    assert "that is no moment" in fengkong("snooze", rule, "--for", "a=1", "--until", "soon", "--by", "Li").err
