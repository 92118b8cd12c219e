"""A policy's life from the command line, and what `decide` uses."""

import json
from dataclasses import replace

import pytest

from fengkong.decisions import Registry
from fengkong.ledger import Ledger


def decided(fengkong) -> set[str]:
    return {json.loads(line)["policy"] for line in fengkong("decide", "--json").out.splitlines()}


def go_live(fengkong, number: int) -> None:
    for words in (["check", number, "--by", "Li"], ["approve", number, "--by", "Chen"], ["live", number, "--by", "Li"]):
        result = fengkong("policy", *words)
        assert result.code == 0, result.err


@pytest.mark.parametrize("command", ["draft", "check", "approve", "live", "rollback", "shadow", "show", "list"])
def test_help_shows_an_example(fengkong, command):
    result = fengkong("policy", command, "--help")
    assert result.code == 0
    assert f"fengkong policy {command}" in result.out


def test_decide_uses_the_rules_file_until_a_version_is_live_and_then_that(fengkong, workspace):
    assert fengkong("policy", "list").out.startswith("no version is registered")
    assert decided(fengkong) == {"my-risk@1"}
    assert fengkong("policy", "draft", "--by", "Li", "--capacity", 40).out == "my-risk#1 is draft\n"
    assert decided(fengkong) == {"my-risk@1"}
    go_live(fengkong, 1)
    (workspace / "rules.yaml").write_text("broken: [", encoding="utf-8")
    assert decided(fengkong) == {"my-risk#1"}


def test_its_author_is_refused_with_a_sentence(fengkong, workspace):
    fengkong("policy", "draft", "--by", "Li")
    fengkong("policy", "check", 1, "--by", "Li")
    result = fengkong("policy", "approve", 1, "--by", "li")
    assert result.code == 3
    assert "version 1 can't be approved by its author (received li); ask another person." in result.err


def test_rollback_is_one_command(fengkong, workspace):
    for number in (1, 2):
        fengkong("policy", "draft", "--by", "Li", "--note", f"the policy of {number}")
        go_live(fengkong, number)
    assert fengkong("policy", "rollback", "--by", "Chen").out == "my-risk#1 is live\n"
    listed = json.loads(fengkong("policy", "list", "--json").out)
    assert [(version["number"], version["state"]) for version in listed["versions"]] == [(1, "live"), (2, "retired")]
    shown = fengkong("policy", "show").out
    assert "my-risk#1" in shown
    assert "rollback" in shown
    assert "the policy of 1" in shown
    assert decided(fengkong) == {"my-risk#1"}


def test_a_live_policy_whose_bundle_was_replaced_does_not_decide(fengkong, workspace):
    fengkong("policy", "draft", "--by", "Li")
    go_live(fengkong, 1)
    with Ledger.open(workspace / "ledger.db") as ledger:
        made_for_another = replace(Registry("my-risk", ledger).live.contents, bundles={"risk": "sha256:another"})
        Registry("my-risk", ledger).draft(made_for_another, "Li")
        for action, by in (("check", "Li"), ("approve", "Chen"), ("live", "Li")):
            ledger.append("policy", "my-risk", {"format": 1, "action": action, "version": 2, "by": by, "note": ""})
    result = fengkong("decide")
    assert result.code == 4
    assert "the policy refers to a bundle for signal 'risk' that is not here" in result.err


def test_a_shadow_runs_beside_and_ends(fengkong, workspace):
    fengkong("policy", "draft", "--by", "Li")
    fengkong("policy", "check", 1, "--by", "Li")
    assert fengkong("policy", "shadow", 1, "--by", "Li").out == "my-risk#1 runs in the shadow\n"
    assert decided(fengkong) == {"my-risk@1"}
    assert fengkong("policy", "shadow", "--by", "Li").out == "no version runs in the shadow\n"
    assert json.loads(fengkong("policy", "list", "--json").out)["shadow"] is None


def test_bands_that_are_none_are_refused(fengkong, workspace):
    (workspace / "bands.json").write_text('{"bands": {"risk": {"review_from": 0.9, "decline_from": 0.1}}}')
    result = fengkong("policy", "draft", "--by", "Li", "--bands", workspace / "bands.json")
    assert result.code == 3
    assert "bands need" in result.err
    assert "holds no bands" in fengkong("policy", "draft", "--by", "Li", "--bands", workspace / "rules.yaml").err
