"""`check --sarif` writes what the SARIF 2.1.0 schema asks for, and says what the findings say."""

import json
from pathlib import Path

import pytest

RULES = """\
format: 1
name: loans
version: 1
inputs: {amount: decimal, 年龄: integer}
lists: {blocked: blocked.csv}
reasons:
  BIG: {en: The amount is high.}
rules:
  - {id: big, when: amont > 1000, then: review, reason: BIG}
"""


@pytest.fixture
def log(fengkong, tmp_path, monkeypatch) -> dict:
    monkeypatch.chdir(tmp_path)
    Path("my rules.yaml").write_text(RULES, encoding="utf-8")
    Path("blocked.csv").write_text("value,until\nx,soon\n", encoding="utf-8")
    result = fengkong("check", "my rules.yaml", "--sarif", "findings.sarif")
    assert result.code == 1
    assert "R023" in result.out
    return json.loads(Path("findings.sarif").read_text(encoding="utf-8"))


def test_the_log_has_what_the_schema_requires(log):
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "fengkong"
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        for location in result["locations"]:
            physical = location["physicalLocation"]
            assert " " not in physical["artifactLocation"]["uri"]
            assert physical["region"]["startLine"] >= 1


def test_each_finding_is_a_result_at_its_place(log):
    (run,) = log["runs"]
    places = {
        result["ruleId"]: (
            result["level"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in run["results"]
    }
    assert places["R023"] == ("error", "my%20rules.yaml", 9)
    assert places["R009"] == ("warning", "my%20rules.yaml", 7)
    assert places["R017"] == ("error", "blocked.csv", 2)
    (unknown,) = [result for result in run["results"] if result["ruleId"] == "R023"]
    assert unknown["message"]["text"].endswith("did you mean 'amount'?; or declare it")
    assert unknown["locations"][0]["logicalLocations"] == [{"name": "big"}]


def test_a_log_that_can_not_be_written_is_told(fengkong, tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    result = fengkong("check", tmp_path / "rules.yaml", "--sarif", tmp_path / "none" / "f.sarif")
    assert result.code == 5
    assert "can't be written" in result.err
