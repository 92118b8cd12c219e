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
    unequal = fengkong("snooze", rule, "--for", "a", *options).err
    assert "written as field=value (received 'a'); such as customer=C-17" in unequal
    assert "that is no moment" in fengkong("snooze", rule, "--for", "a=1", "--until", "soon", "--by", "Li").err


def test_a_field_that_no_document_has_and_a_snooze_that_ends_are_told(fengkong, workspace):
    rule = RuleSet.load(workspace / "rules.yaml").rules[0].id
    by = ["--by", "Li", "--until"]
    assert (
        fengkong("snooze", rule, "--for", "amuont=9", *by, "2126-01-01").err == ""
    )  # nothing is known of documents yet
    fengkong("decide")
    result = fengkong("snooze", rule, "--for", "amuont=9", *by, "2126-01-01")
    assert result.err == "no document that was decided on has the field 'amuont'; did you mean 'amount'?\n"
    ended = fengkong("snooze", rule, "--for", "amount=9", *by, "2020-01-01")
    assert ended.err == ""
    assert ended.out == f"the snooze of {rule} for amount=9 is ended, since 2020-01-01 00:00+00:00 has passed\n"
