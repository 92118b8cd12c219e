"""`import jdm` writes what it can carry over, tells what it can't, and replaces no file."""

import json

import pytest

from fengkong.rules import RuleSet

TABLE = {
    "id": "t",
    "name": "Limits",
    "type": "decisionTableNode",
    "content": {
        "hitPolicy": "first",
        "inputs": [{"id": "a", "field": "income"}],
        "outputs": [{"id": "b", "field": "limit"}],
        "rules": [{"a": "> 1000", "b": "500"}, {"b": "0"}],
    },
}


@pytest.fixture
def written(tmp_path):
    def write(*nodes):
        (tmp_path / "m.json").write_text(json.dumps({"nodes": nodes, "edges": []}), encoding="utf-8")
        return tmp_path / "m.json"

    return write


def test_a_table_becomes_a_rule_set_that_checks_and_runs(fengkong, written, tmp_path):
    result = fengkong("import", "jdm", written(TABLE), "--out", tmp_path / "limits.yaml")
    assert result.code == 0, result.err
    assert "J010" in result.out
    assert fengkong("check", tmp_path / "limits.yaml").code == 0
    assert RuleSet.load(tmp_path / "limits.yaml").run({"income": 1001}).derived == {"tables.limits.limit": 500}
    again = fengkong("import", "jdm", tmp_path / "m.json", "--out", tmp_path / "limits.yaml")
    assert again.code == 3
    assert "exists" in again.err


def test_what_is_refused_is_told_and_ends_with_1(fengkong, written, tmp_path):
    node = {"id": "f", "name": "calc", "type": "functionNode"}
    result = fengkong("import", "jdm", written(TABLE, node), "--out", tmp_path / "limits.yaml", "--json")
    assert result.code == 1
    told = json.loads(result.out)
    assert (told["refused"], told["written"]) == (1, str(tmp_path / "limits.yaml"))
    nothing = fengkong("import", "jdm", written(node), "--out", tmp_path / "none.yaml")
    assert nothing.code == 1
    assert not (tmp_path / "none.yaml").exists()


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_file_that_is_missing_or_broken_ends_with_3(fengkong, tmp_path, content):
    file = tmp_path / "m.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    result = fengkong("import", "jdm", file, "--out", tmp_path / "limits.yaml")
    assert (result.code, result.out) == (3, "")
    assert "m.json: the file" in result.err
    as_json = fengkong("import", "jdm", file, "--out", tmp_path / "limits.yaml", "--json")
    assert (as_json.code, json.loads(as_json.out)["error"]["code"]) == (3, "input")
    assert not (tmp_path / "limits.yaml").exists()
