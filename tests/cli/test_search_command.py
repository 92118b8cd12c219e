"""`fengkong search`, `rate` and `train --track` in a workspace and beside one."""

import json
import shutil
from pathlib import Path

import pytest

from fengkong.training.recipe import Recipe


@pytest.fixture(scope="module")
def searched(fengkong, made_workspace, tmp_path_factory):
    """A search of two trials in a workspace of its own, as JSON, and its folder."""
    folder = tmp_path_factory.mktemp("searched") / "my-risk"
    shutil.copytree(made_workspace, folder)
    (folder / "space.toml").write_text("[space]\ndropout = [0.0, 0.1, 0.2]\n", encoding="utf-8")
    result = fengkong("search", "-w", folder, "--space", folder / "space.toml", "--trials", 2, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out), folder, result.err


def test_a_search_tells_json_alone_on_standard_output_and_each_trial_beside_it(searched):
    told, folder, beside = searched
    assert [trial["state"] for trial in told["trials"]] == ["complete", "complete"]
    assert told["metric"] == "auc"
    assert "trial 0" in beside
    assert "trial 1" in beside
    assert {path.name for path in (folder / "searches/0001").iterdir()} >= {"recipe.toml", "report.html", "search.json"}


def test_it_goes_further_in_the_same_folder_and_says_what_to_do_next(fengkong, searched):
    _, folder, _ = searched
    again = fengkong("search", "-w", folder, "--space", folder / "space.toml", "--trials", 3, "--resume")
    assert again.code == 0, again.err
    assert "trial 2" in again.err
    assert "trial 0" not in again.err, "what is known is not tried again"
    best = folder / "searches/0001/recipe.toml"
    assert f"fengkong train --recipe {best}" in again.out
    assert Recipe.load(best).epochs == 1, "the workspace's recipe, but for what was searched"


def test_a_typo_in_the_space_ends_it_before_anything_is_read(fengkong, new_workspace):
    Path("space.toml").write_text("[space]\nlearning_rte = {low = 1e-5, high = 1e-3}\n", encoding="utf-8")
    result = fengkong("search", "--space", "space.toml")
    assert result.code == 3
    assert "space.toml: learning_rte" in result.err
    assert "did you mean 'learning_rate'?" in result.err
    assert not Path("searches").exists()


def test_without_a_workspace_it_wants_data_and_a_folder(fengkong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "give --out FOLDER" in fengkong("search").err
    result = fengkong("search", "--out", "s")
    assert result.code == 3
    assert "there is nothing to learn from" in result.err
    assert not Path("s").exists()


def test_a_rate_is_suggested_and_its_curve_written(fengkong, new_workspace):
    result = fengkong("rate", "--steps", 30, "--report", "rate.html", "--json")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["points"][0][0] == pytest.approx(1e-7)
    assert "<svg" in Path("rate.html").read_text(encoding="utf-8")
    spoken = fengkong("rate", "--steps", 30)
    assert "learning_rate" in spoken.out or "no learning rate is suggested" in spoken.out


def test_a_training_is_told_to_a_tracker(fengkong, new_workspace):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = fengkong("train", "--track", "tensorboard:logs")
    assert result.code == 0, result.err
    (run,) = Path("logs").iterdir()
    assert run.name == "risk-0001"
    found = EventAccumulator(str(run)).Reload()
    assert {"train/loss", "dev/auc", "test/auc"} <= set(found.Tags()["scalars"])
    texts = b"".join(path.read_bytes() for path in run.iterdir())
    sample = json.loads(Path("data.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert sample["text"][:40].encode() not in texts


def test_a_tracker_that_cannot_be_ends_it_before_anything_is_read(fengkong, new_workspace):
    result = fengkong("train", "--track", "tensorbord:logs")
    assert result.code == 3
    assert "did you mean 'tensorboard'?" in result.err
    assert not Path("runs").exists()
