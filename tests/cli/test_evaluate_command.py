"""`evaluate` measures on what is new to the bundle, or says that it does not."""

import json
from pathlib import Path

import pytest


def test_evaluate_takes_the_seed_that_the_bundle_was_trained_with(fengkong, workspace):
    figures = fengkong("evaluate", "--json").out
    recipe = Path("recipe.toml")
    recipe.write_text(recipe.read_text("utf-8") + "seed = 7\n", encoding="utf-8")
    assert fengkong("evaluate", "--json").out == figures


def test_evaluate_refuses_data_that_the_bundle_was_not_trained_on(fengkong, workspace):
    data = Path("data.jsonl")
    lines = data.read_text("utf-8").splitlines(keepends=True)
    added = {**json.loads(lines[0]), "text": "I would like to borrow for a boat."}
    data.write_text("".join(lines) + json.dumps(added) + "\n", encoding="utf-8")
    result = fengkong("evaluate")
    assert result.code == 3
    assert "not the examples that the bundle was trained on" in result.err
    assert result.out == ""


def test_evaluate_says_where_the_bundle_learned_from_the_file(fengkong, workspace):
    assert "trained on these examples" in fengkong("evaluate", "bundle", "data.jsonl").err
    lines = Path("data.jsonl").read_text("utf-8").splitlines(keepends=True)
    Path("new.jsonl").write_text("".join(lines[:20]), encoding="utf-8")
    assert "trained on these examples" not in fengkong("evaluate", "bundle", "new.jsonl").err


@pytest.mark.parametrize("command", ["evaluate", "score"])
def test_a_file_alone_is_read_with_the_workspaces_bundle(fengkong, workspace, command):
    alone = fengkong(command, "data.jsonl")
    assert alone.code == 0, alone.err
    assert alone.out == fengkong(command, "bundle", "data.jsonl").out.replace("bundle on", f"{workspace}/bundle on")


def test_columns_named_in_a_workspace_are_read(fengkong, workspace):
    result = fengkong("evaluate", "--column", "text=story")
    assert result.code == 3
    assert "'story'" in result.err
