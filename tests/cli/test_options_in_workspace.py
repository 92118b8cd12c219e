"""No option is taken and then left unread."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize(("option", "value"), [("--name", "fraud"), ("--positive", "good"), ("--language", "zh")])
def test_what_the_workspace_settles_is_no_option_of_train(fengkong, new_workspace, option, value):
    result = fengkong("train", option, value)
    assert result.code == 3
    assert f"{option}: the workspace settles this (received {value!r}); change it in" in result.err
    assert not Path("runs").exists()


def test_train_reads_the_workspaces_data_by_the_columns_named(fengkong, new_workspace):
    result = fengkong("train", "--column", "text=story")
    assert result.code == 3
    assert "'story'" in result.err


def test_train_skips_bad_rows_of_the_workspaces_data_when_told(fengkong, new_workspace):
    with Path("data.jsonl").open("a", encoding="utf-8") as data:
        data.write("not JSON\n")
    assert "not JSON" in fengkong("train").err
    result = fengkong("train", "--on-bad-row", "skip", "--json")
    assert result.code == 0, result.err
    assert sum(json.loads(result.out)["run"]["counts"]["train"].values()) > 0
    assert Path("data.jsonl.rejects.jsonl").exists()


@pytest.mark.parametrize("option", ["--rows", "--seed"])
def test_a_demo_that_exists_is_not_made_of_other_data(fengkong, new_workspace, option):
    result = fengkong("demo", ".", option, 300)
    assert result.code == 3
    assert f"the folder holds simulated data already (received {option})" in result.err
    assert not Path("runs").exists()
