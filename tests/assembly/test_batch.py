"""Files are scored in order and in constant memory, and a fault in the middle loses nothing before it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from fengkong.assembly import score_file
from fengkong.domain import Document, InputError, SettingsError, Signal
from fengkong.scoring import FakeScorer

SCORER = FakeScorer("risk", ["bad", "good"], keywords={"casino": 0.9}, positive="bad")


def documents(count: int, broken_at: int | None = None) -> Iterator[Document]:
    for number in range(count):
        if number == broken_at:
            raise InputError("the row can't be read", where=f"texts.jsonl:{number + 1}", cure="mend it")
        yield Document("casino again" if number % 2 else "rent", id=f"d{number}")


def test_rows_come_out_in_input_order(tmp_path: Path) -> None:
    seen: list[int] = []
    report = score_file(SCORER, documents(5000), tmp_path / "scores.jsonl", progress=seen.append)
    rows = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"d{number}" for number in range(5000)]
    assert [row["label"] for row in rows[:2]] == ["good", "bad"]
    assert report.rows == 5000
    assert seen[-1] == 5000
    assert len(seen) > 1


def test_parquet_holds_the_same_as_json_lines(tmp_path: Path) -> None:
    for name in ("scores.jsonl", "scores.parquet"):
        score_file(SCORER, documents(3000), tmp_path / name)
    lines = pl.read_ndjson(tmp_path / "scores.jsonl")
    frame = pl.read_parquet(tmp_path / "scores.parquet")
    assert frame.to_dicts() == lines.to_dicts()


@pytest.mark.parametrize("name", ["scores.jsonl", "scores.parquet"])
def test_a_broken_row_keeps_what_was_scored_before_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"texts.jsonl:1000: .*the 999 rows before it are in"):
        score_file(SCORER, documents(2000, broken_at=999), tmp_path / name)
    out = tmp_path / name
    rows = len(pl.read_parquet(out)) if name.endswith("parquet") else len(out.read_text(encoding="utf-8").splitlines())
    assert rows == 999


def test_an_older_output_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    out.write_text("older\n", encoding="utf-8")

    def watched() -> Iterator[Document]:
        yield from documents(10)
        assert out.read_text(encoding="utf-8") == "older\n"

    score_file(SCORER, watched(), out)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 10


def test_another_suffix_is_refused_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'.xlsx'"):
        score_file(SCORER, documents(1), tmp_path / "scores.xlsx")


@pytest.mark.parametrize("name", ["scores.jsonl", "scores.parquet"])
def test_a_failed_score_says_so_in_its_row_and_is_counted(tmp_path: Path, name: str) -> None:
    class Failing(FakeScorer):
        def score(self, docs: Sequence[Document]) -> list[Signal]:
            signals = super().score(docs)
            return [Signal.failure(self.name, "the engine failed", self.bundle_id), *signals[1:]]

    report = score_file(Failing("risk", ["bad", "good"]), documents(2), tmp_path / name)
    read = pl.read_parquet if name.endswith("parquet") else pl.read_ndjson
    rows = read(tmp_path / name).to_dicts()
    assert [(row["failed"], row["cause"]) for row in rows] == [(True, "the engine failed"), (False, "")]
    assert report.failed == 1
