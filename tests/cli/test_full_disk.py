"""A disk that is full or closed, a place that is taken: one clear sentence, and nothing that was good is lost."""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fengkong.cli.training_progress import TrainingProgress
from fengkong.ledger import Ledger
from fengkong.scoring import Bundle
from fengkong.training import Stage


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("stage", ["tuning", "sealing", "measuring"])
def test_a_full_disk_in_training_leaves_the_bundle_in_use_and_can_be_resumed(fengkong, workspace, stage, monkeypatch):
    in_use = Bundle.load(workspace / "bundle").id
    limit, show = resource.getrlimit(resource.RLIMIT_FSIZE), TrainingProgress.show

    def fills_up(progress, event):
        if isinstance(event, Stage) and event.name == stage:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
        show(progress, event)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "show", fills_up)
        try:
            result = fengkong("train", "--set", "seed=7")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert result.code == 5, result.err
    assert result.err.splitlines()[-1].startswith("fengkong: ")
    assert "free" in result.err.splitlines()[-1]
    assert Bundle.load(workspace / "bundle").id == in_use
    assert [path.name for path in (workspace / "runs").rglob(".*")] == []
    resumed = fengkong("train", "--set", "seed=7", "--resume")
    assert resumed.code == 0, resumed.err
    assert (workspace / "bundle").resolve() == (workspace / "runs/0002/bundle").resolve()
    assert Bundle.load(workspace / "bundle").id != in_use


def test_a_full_disk_keeps_the_older_scores(fengkong, workspace):
    assert fengkong("score", "-o", "scores.jsonl").code == 0
    older = (workspace / "scores.jsonl").read_bytes()
    with full_disk(1000):
        result = fengkong("score", "-o", "scores.jsonl")
    assert result.code == 5
    assert "scores.jsonl: the scores can't be written" in result.err
    assert (workspace / "scores.jsonl").read_bytes() == older


def test_a_full_disk_answers_no_decision_that_is_not_on_the_ledger(fengkong, workspace):
    assert fengkong("decide").code == 0
    size = (workspace / "ledger.db").stat().st_size
    with full_disk(size // 2):
        result = fengkong("decide", "--json")
    assert result.code == 5
    assert "ledger.db" in result.err
    assert "error" in json.loads(result.out)
    with Ledger.open(workspace / "ledger.db") as ledger:
        assert ledger.verify() == []
    assert fengkong("decide").code == 0


def test_a_workspace_that_can_not_be_written_is_said(fengkong, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = fengkong("new", "loan", tmp_path / "file" / "ws")
    assert result.code == 5
    assert "can't be written" in result.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_place_of_the_link_to_the_bundle_is_left_alone(fengkong, workspace):
    real = (workspace / "bundle").resolve()
    (workspace / "bundle").unlink()
    shutil.copytree(real, workspace / "bundle")
    before = {path.name: path.read_bytes() for path in (workspace / "bundle").iterdir()}
    result = fengkong("train")
    assert result.code == 3
    assert "move it away" in result.err
    assert {path.name: path.read_bytes() for path in (workspace / "bundle").iterdir()} == before
    assert not (workspace / "bundle").is_symlink()
