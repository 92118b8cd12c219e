"""Tables of cases of one's own: what they need, and what is said of one that can't be read."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from fengkong.decisions import Policy, backtest, compare, read_cases
from fengkong.domain import InputError
from fengkong.rules import RuleSet

RULES = Path(__file__).with_name("every_road.yaml").read_text(encoding="utf-8")


def backtested(pairs: pl.DataFrame) -> list[tuple[str, list[str]]]:
    return list(zip(pairs["after"].to_list(), pairs["after_reasons"].to_list(), strict=True))


@pytest.mark.parametrize(
    ("column", "values", "wanted"),
    [
        ("signals.risk.failed", ["yes"], "Boolean"),
        ("signals.risk.unread", ["many"], "Int64"),
        ("signals.risk.labels", [[1]], "List"),
        ("case empty", ["no"], "Boolean"),
        ("case outcome", [1], "String"),
        ("case time", ["2026-01-01"], "Datetime"),
        ("json due", [5], "String"),
        ("text", [5], "String"),
    ],
)
def test_a_column_of_another_type_is_refused_by_name(
    tmp_path: Path, column: str, values: list[object], wanted: str
) -> None:
    pl.DataFrame({"amount": [1], column: values}).write_parquet(tmp_path / "mine.parquet")
    with pytest.raises(InputError, match=f"the column '{column}' is of another type .*write it as {wanted}"):
        read_cases(tmp_path / "mine.parquet")


def test_a_column_of_a_kindred_type_is_read(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "text": ["\u200b", None],
            "case empty": pl.Series([None, False]),
            "case time": [date(2026, 1, 1)] * 2,
            "case outcome": pl.Series(["approve", "decline"], dtype=pl.Categorical),
            "case reasons": pl.Series([None, None]),
            "signals.risk.p": [0, 1],
            "signals.risk.failed": [0, 1],
        }
    ).write_parquet(tmp_path / "mine.parquet")
    cases = read_cases(tmp_path / "mine.parquet")
    assert cases["case empty"].to_list() == [True, True]
    assert cases["signals.risk.failed"].to_list() == [False, True]
    assert backtest(Policy("loans", RuleSet.parse(RULES)), cases)["before"].to_list() == ["approve", "decline"]


def test_a_table_of_ones_own_needs_the_inputs_alone(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "text": ["urgent", "ｗｉｒｅ it", "a car"],
            "amount": [150, 50, 50],
            "income": [100] * 3,
            "graph.hops": [6] * 3,
        }
        | {"earlier": [0] * 3, "signals.risk.p": [0.9, 0.1, 0.1], "signals.threat.label": ["no"] * 3}
        | {"signals.threat.p": [0.1] * 3}
    ).write_parquet(tmp_path / "mine.parquet")
    cases = read_cases(tmp_path / "mine.parquet")
    pairs = backtest(Policy("loans", RuleSet.parse(RULES)), cases)
    assert backtested(pairs) == [("review", ["R-RISK"]), ("review", ["R-TEXT"]), ("approve", ["R-SMALL"])]
    assert compare(pairs).changed == 0


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.csv", "x", r"read from .parquet or .jsonl \(received '.csv'\)"),
        ("a.parquet", "x", "can't be read as Parquet"),
        ("a.jsonl", "{", r"a.jsonl:1: the line is not JSON"),
        ("a.jsonl", "[]", r"a.jsonl:1: the line is not the record of a decision"),
        ("a.jsonl", '{"format": 7}', r"a.jsonl:1: the entry is not a decision of record format 1"),
        ("a.jsonl", b"\xff\xfe", "a.jsonl: the file is not UTF-8"),
        ("none.jsonl", None, "the file can't be read"),
    ],
)
def test_a_file_that_holds_no_cases_is_refused_with_its_place(
    tmp_path: Path, name: str, content: str | bytes | None, fault: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=fault):
        read_cases(tmp_path / name)
