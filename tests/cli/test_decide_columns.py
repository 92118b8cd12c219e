"""Facts that `fengkong decide` is given in columns, and what it says of those that it doesn't read."""

import json
from pathlib import Path

import pytest

TABLE = "id,text,amount,income,colour\nA,I have a steady job.,9000,31000,red\nB,I have a steady job.,,31000,red\n"


@pytest.fixture
def table(workspace: Path) -> Path:
    (workspace / "a.csv").write_text(TABLE, encoding="utf-8")
    return workspace


def facts(out: str) -> list[dict[str, object]]:
    return [{fact["name"]: fact["value"] for fact in json.loads(line)["facts"]} for line in out.splitlines()]


def test_columns_that_bear_the_names_of_facts_and_are_not_read_are_told(fengkong, table):
    result = fengkong("decide", "a.csv")
    assert result.code == 0
    assert "D105" in result.err
    assert "the columns aren't read as facts: amount, income;" in result.err
    assert "name them fields.amount, fields.income, or use --column fields=amount,income" in result.err
    assert "colour" not in result.err


def test_columns_are_named_as_facts(fengkong, table):
    result = fengkong("decide", "a.csv", "--column", "fields=amount,income", "--json")
    assert (result.code, result.err) == (0, "")
    assert facts(result.out) == [{"amount": 9000, "income": 31000}, {"amount": None, "income": 31000}]
    one = fengkong("decide", "a.csv", "--column", "fields=amount,", "--json")
    assert facts(one.out) == [{"amount": 9000}, {"amount": None}]
    assert "use --column fields=income," in one.err
    assert "one text has no columns" in fengkong("decide", "--text", "hi", "--column", "fields=amount,").err


def test_a_key_that_first_appears_in_a_later_row_is_told_too(fengkong, workspace):
    rows = [{"text": "I have a steady job."}] * 150 + [{"text": "I have a steady job.", "amount": 9000}]
    (workspace / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert "aren't read as facts: amount;" in fengkong("decide", "a.jsonl").err


def test_a_fact_that_nothing_reads_is_told_with_the_likely_one(fengkong, workspace):
    result = fengkong("decide", "--text", "hi", "--field", "amunt=9000", "--field", "income=31000")
    assert "no rule and no model reads the fact 'amunt'; did you mean 'amount'?" in result.err
    assert "'income'" not in result.err
