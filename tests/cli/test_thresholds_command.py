"""Thresholds from the command line, and on into a policy."""

import json

import pytest


def test_thresholds_are_chosen_and_kept_with_a_policy(fengkong, workspace):
    result = fengkong("thresholds", "--data", "data.jsonl", "--capacity", 10, "--per-day", 100, "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["chosen"]["reviewed"]["capacity"] <= 0.1
    (workspace / "bands.json").write_text(result.out, encoding="utf-8")
    assert fengkong("policy", "draft", "--by", "Li", "--bands", "bands.json").code == 0
    kept = json.loads(fengkong("policy", "show", 1, "--json").out)["contents"]["bands"]
    assert kept == found["bands"]


def test_what_to_write_in_the_rules_is_shown(fengkong, workspace):
    result = fengkong("thresholds", "--data", "data.jsonl", "--coverage", "0.9", "--by", "purpose")
    assert result.code == 0, result.err
    assert "conformal" in result.out
    assert "when: signals.risk.p >= " in result.out
    said = next(line for line in result.out.splitlines() if "to have the bands by costs, at a cost of " in line)
    assert "(by conformal " in said


def test_without_a_file_thresholds_are_chosen_on_the_test_split_and_learned_cases_are_told(fengkong, workspace):
    found = fengkong("thresholds", "--capacity", 10, "--per-day", 100, "--json")
    assert (found.code, found.err) == (0, "")
    test = json.loads(fengkong("evaluate", "--json").out)["metrics"]["n"]
    assert json.loads(found.out)["chosen"]["n"] == test
    assert "the bundle was trained on these examples" in fengkong("thresholds", "--data", "data.jsonl", "--json").err


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--capacity", 5], "give --capacity and --per-day"),
        (["--by", "purpose"], "give --coverage too"),
        (["--coverage", "0.9", "--by", "moon"], "no such field"),
        (["--coverage", "2"], "must lie between 0 and 1"),
        (["--question", "fraud"], "no such question"),
    ],
)
def test_what_can_not_be_asked_is_refused(fengkong, workspace, options, fault):
    result = fengkong("thresholds", "--data", "data.jsonl", *options)
    assert result.code == 3
    assert fault in result.err
