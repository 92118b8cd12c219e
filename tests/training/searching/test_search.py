"""A search finds, remembers, goes on after a kill, works in several processes, and says what it found."""

import json
import multiprocessing
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.recipe import Recipe
from fengkong.training.searching import search as search_module
from fengkong.training.searching import study as study_module
from fengkong.training.searching.search import Limits, search
from fengkong.training.searching.space import Space
from fengkong.training.searching.study import open_study
from fengkong.training.searching.trial import TrialEnded, TrialEvaluated, TrialResult, TrialStarted

TRIALS = 12
RATES = "[space]\nlearning_rate = {low = 1e-5, high = 1e-2, log = true}\ndropout = [0.0, 0.1, 0.2]\n"


def text_alone(splits: Splits) -> Splits:
    """Without the fields, which tell the label by themselves."""
    return Splits(*([replace(ex, fields={}) for ex in part] for _, part in splits))


def make_recipe(base: Path, **values) -> Recipe:
    tiny = {"base": str(base), "epochs": 1, "batch_tokens": 256, "precision": "fp32", "threads": 1, "averaging": 0}
    return Recipe.from_values({**tiny, "metric": "loss", **values})


def values_tried(folder: Path) -> list[dict[str, object]]:
    """The values of the trials that came to an end, in order."""
    told = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    return [trial["values"] for trial in told["trials"] if trial["state"] != "killed"]


@pytest.fixture(scope="module")
def splits(tiny_splits) -> Splits:
    return text_alone(tiny_splits)


@pytest.fixture(scope="module")
def found(tiny_base, splits, tmp_path_factory):
    """A search that was left in peace, and what it told."""
    folder = tmp_path_factory.mktemp("search") / "s"
    recipe, told = make_recipe(tiny_base), []
    space = Space.parse(RATES, recipe)
    return search(recipe, splits, folder, space=space, limits=Limits(trials=TRIALS), tell=told.append), told


def test_the_best_recipe_is_that_of_the_trial_with_the_best_figure(found, tiny_base):
    result, _ = found
    figures = result.figures
    best = min((t for t in figures.trials if t.state == "complete"), key=lambda trial: trial.value)
    assert figures.lower_is_better
    assert figures.best == best.number
    assert best.value < 0.69, "no better than chance"
    written = Recipe.load(result.recipe)
    assert written == result.best == make_recipe(tiny_base).changed(best.values)
    text = result.recipe.read_text(encoding="utf-8")
    assert f"trial {best.number}, loss {best.value:.4f} on dev" in text
    assert re.search(r'# searched: 1e-05 to 0.01 \(log\); before: "auto".*\nlearning_rate = ', text)


def test_each_trial_is_told_from_its_beginning_to_its_end(found):
    result, told = found
    started = [event.number for event in told if isinstance(event, TrialStarted)]
    ended = [event.number for event in told if isinstance(event, TrialEnded)]
    assert started == ended == list(range(TRIALS))
    assert {event.number for event in told if isinstance(event, TrialEvaluated)} == set(range(TRIALS))
    assert [event.number for event in told if isinstance(event, TrialEnded) and event.best][-1] == result.figures.best


def test_the_report_shows_every_trial_and_needs_nothing_else(found):
    result, _ = found
    page = result.report.read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|<img|href=|src=|@import|url\(", page)
    assert page.count("<svg") == 2, "history and importance"
    assert 'class="chief"' in page
    told = json.loads((result.report.parent / "search.json").read_text(encoding="utf-8"))
    assert [trial["number"] for trial in told["trials"]] == list(range(TRIALS))
    assert sum(key["importance"] for key in told["keys"]) == pytest.approx(1)


def test_a_killed_search_ends_as_one_that_was_not(found, tiny_base, splits, tmp_path):
    result, _ = found
    folder = tmp_path / "s"
    script = Path(__file__).with_name("killed_search.py")
    path = os.pathsep.join([str(script.parents[1]), *sys.path])  # where conftest.py lies
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, script, tiny_base, folder], env=environment, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    recipe = make_recipe(tiny_base)
    space = Space.parse(RATES, recipe)
    resumed = search(recipe, splits, folder, space=space, limits=Limits(trials=TRIALS), resume=True)
    states = Counter(trial.state for trial in resumed.figures.trials)
    assert states["killed"] == 1
    assert states["running"] == 0
    cut = next(trial for trial in resumed.figures.trials if trial.state == "killed")
    assert resumed.figures.trials[cut.number + 1].values == cut.values, "what was cut off runs again, first"
    assert values_tried(folder) == values_tried(result.recipe.parent)
    assert resumed.best == result.best


def test_what_lies_there_is_not_mixed_with_another_search(found, tiny_base, splits):
    result, _ = found
    folder, recipe = result.recipe.parent, make_recipe(tiny_base)
    space = Space.parse(RATES, recipe)
    with pytest.raises(SettingsError, match=r"lies here already.*--resume"):
        search(recipe, splits, folder, space=space)
    with pytest.raises(SettingsError, match="begun with another recipe"):
        search(recipe.changed({"epochs": 2}), splits, folder, space=space, resume=True)
    with pytest.raises(SettingsError, match="begun with another data"):
        search(recipe, Splits(splits.train[2:], splits.dev, splits.test), folder, space=space, resume=True)
    with pytest.raises(SettingsError, match="begun with another space"):
        search(recipe, splits, folder, space=Space.parse(RATES + "warmup = [0.0, 0.1]\n", recipe), resume=True)


def test_two_searches_are_not_at_work_in_one_folder(tmp_path):
    space = Space.parse(RATES, Recipe())
    with (
        open_study(tmp_path, space, "loss", 0, {}, resume=False),
        pytest.raises(SettingsError, match="another search is at work"),
        open_study(tmp_path, space, "loss", 0, {}, resume=True),
    ):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "taken").write_text("a file")
    space = Space.parse(RATES, Recipe())
    with (
        pytest.raises(FacilityError, match=r"taken/s: the search's folder can't be written"),
        open_study(tmp_path / "taken" / "s", space, "loss", 0, {}, resume=False),
    ):
        pass
    (tmp_path / "study.db").write_text("no database " * 1000)
    with (
        pytest.raises(FacilityError, match="can't be written"),
        open_study(tmp_path, space, "loss", 0, {}, resume=True),
    ):
        pass


def test_a_hopeless_trial_is_stopped_early(tiny_base, splits, tmp_path, monkeypatch):
    """The first rates learn; once there is something to compare with, one that can't learn does not run to its end."""
    recipe = make_recipe(tiny_base, epochs=4)
    space = Space.parse("[space]\nlearning_rate = [3e-3, 2e-3, 4e-3, 5e-3, 1e-9]\n", recipe)
    told, line = [], [3e-3, 2e-3, 4e-3, 5e-3, 1e-9]
    monkeypatch.setattr(study_module.Study, "_propose", lambda study: {"learning_rate": line.pop(0)})
    result = search(recipe, splits, tmp_path / "s", space=space, limits=Limits(trials=5), tell=told.append)
    *learned, hopeless = result.figures.trials
    assert [trial.state for trial in learned] == ["complete"] * 4
    assert hopeless.state == "pruned"
    shares = [event.share for event in told if isinstance(event, TrialEvaluated) and event.number == 4]
    assert 0.3 <= shares[-1] < 1


def test_processes_side_by_side_repeat_nothing_and_one_that_dies_fails_alone(tiny_base, splits, tmp_path):
    recipe = make_recipe(tiny_base)
    space = Space.parse("[space]\ndropout = [0.0, 0.1, 0.2]\nlayer_decay = [0.8, 1.0]\n", recipe)
    told = []

    def tell(event):
        if isinstance(event, TrialEvaluated) and not any(isinstance(earlier, TrialEvaluated) for earlier in told):
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
        told.append(event)

    result = search(recipe, splits, tmp_path / "s", space=space, limits=Limits(trials=20, jobs=2), tell=tell)
    tried = [tuple(trial.values.items()) for trial in result.figures.trials]
    assert len(tried) == len(set(tried)) == 6, "each combination once, and then it ends"
    first_end = next(index for index, event in enumerate(told) if isinstance(event, TrialEnded))
    assert sum(isinstance(event, TrialStarted) for event in told[:first_end]) == 2, "two at once"
    (dead,) = (trial for trial in result.figures.trials if trial.state == "failed")
    assert dead.error == "the process of the trial ended with code -9"
    assert {trial.state for trial in result.figures.trials} <= {"complete", "pruned", "failed"}
    assert multiprocessing.active_children() == []


def test_ctrl_c_leaves_a_report_and_a_search_to_go_on_with(tiny_base, splits, tmp_path, monkeypatch):
    monkeypatch.setattr(search_module, "train_trial", lambda *_: TrialResult("complete", 0.5, 1.0))
    recipe, folder = make_recipe(tiny_base), tmp_path / "s"
    space = Space.parse(RATES, recipe)

    def interrupt(event):
        if isinstance(event, TrialStarted) and event.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(recipe, splits, folder, space=space, tell=interrupt)
    states = [trial["state"] for trial in json.loads((folder / "search.json").read_text())["trials"]]
    assert states == ["complete", "complete", "running"]
    assert Recipe.load(folder / "recipe.toml").dropout in (0.0, 0.1, 0.2)
    result = search(recipe, splits, folder, space=space, limits=Limits(trials=4), resume=True)
    assert [trial.state for trial in result.figures.trials] == [
        "complete",
        "complete",
        "killed",
        "complete",
        "complete",
    ]


def test_a_trial_that_cannot_be_trained_fails_alone(tiny_base, splits, tmp_path):
    recipe = make_recipe(tiny_base)
    space = Space.parse("[space]\ntop_layers = [1, 2, 9]\n", recipe.changed({"way": "top"}))
    result = search(recipe.changed({"way": "top"}), splits, tmp_path / "s", space=space)
    states = {trial.values["top_layers"]: trial for trial in result.figures.trials}
    assert states[9].state == "failed"
    assert "layers" in states[9].error
    assert states[1].state == states[2].state == "complete"
    assert states[9].error in result.report.read_text(encoding="utf-8").replace("&#39;", "'")


def test_a_search_whose_trials_all_fail_is_given_up_with_the_reason(splits, tmp_path):
    recipe = make_recipe(tmp_path / "no-such-base")
    with pytest.raises(SettingsError, match=r"first 3 trials failed.*no-such-base"):
        search(recipe, splits, tmp_path / "s", space=Space.parse(RATES, recipe))


def test_what_does_not_tune_a_base_is_not_searched(tiny_base, splits, tmp_path):
    with pytest.raises(SettingsError, match="a search tunes the base"):
        search(make_recipe(tiny_base, model="auto"), splits, tmp_path / "s")


def test_minutes_end_it(tiny_base, splits, tmp_path, monkeypatch):
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr(search_module, "monotonic", lambda: next(clock))
    monkeypatch.setattr(search_module, "train_trial", lambda *_: TrialResult("complete", 0.5, 1.0))
    recipe = make_recipe(tiny_base)
    result = search(recipe, splits, tmp_path / "s", space=Space.parse(RATES, recipe), limits=Limits(minutes=2))
    assert 1 <= len(result.figures.trials) <= 3


def test_a_chinese_report(tiny_base, splits, tmp_path, monkeypatch):
    monkeypatch.setattr(search_module, "train_trial", lambda *_: TrialResult("complete", 0.5, 1.0))
    recipe = make_recipe(tiny_base)
    limits = Limits(trials=2)
    result = search(recipe, splits, tmp_path / "s", space=Space.parse(RATES, recipe), limits=limits, language="zh")
    page = result.report.read_text(encoding="utf-8")
    assert "<h2>搜索过程</h2>" in page
    assert "完成的试验太少" in page, "two equal trials tell no importance"


def test_the_study_is_a_plain_sqlite_file_whose_lock_goes_with_its_process(found):
    result, _ = found
    with sqlite3.connect(f"file:{result.recipe.parent / 'study.db'}?mode=ro", uri=True) as db:
        assert db.execute("select count(*) from trials").fetchone() == (TRIALS,)
    db.close()
