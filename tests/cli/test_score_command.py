"""`score` overwrites nothing that it reads, and says what it could not score."""

import json
from pathlib import Path

import pytest

from fengkong.domain import Signal
from fengkong.scoring import Scorer


@pytest.mark.parametrize(
    "options",
    [
        ("-o", "applications.jsonl"),
        ("-o", "./notes/../applications.jsonl"),
        ("--on-bad-row", "skip", "--rejects", "applications.jsonl"),
        ("-o", "new.jsonl", "--on-bad-row", "skip", "--rejects", "new.jsonl"),
    ],
)
def test_input_output_and_rejects_are_three_files(fengkong, workspace, options):
    Path("notes").mkdir()
    before = Path("applications.jsonl").read_bytes()
    result = fengkong("score", "bundle", "applications.jsonl", *options)
    assert result.code == 3
    assert "are the same file" in result.err
    assert Path("applications.jsonl").read_bytes() == before
    assert not Path("new.jsonl").exists()


def test_rows_that_could_not_be_scored_are_counted(fengkong, workspace, monkeypatch):
    def failing(scorer, docs):
        return [Signal.failure(scorer.name, "the engine failed", scorer.bundle_id) for _ in docs]

    monkeypatch.setattr(Scorer, "score", failing)
    result = fengkong("score", "bundle", "applications.jsonl")
    row = json.loads(result.out.splitlines()[0])
    assert (row["label"], row["failed"], row["cause"]) == (None, True, "the engine failed")
    assert row["bundle"].startswith("sha256:")
    assert "40 could not be scored" in result.err
