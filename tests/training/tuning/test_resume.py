"""Killed or interrupted runs: resumed, they end where an uninterrupted run ends."""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.progress import Finished, Step
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.checkpoint import checkpointed, load_checkpoint, save_checkpoint
from fengkong.training.tuning.loop import dev_figures, fine_tune

RUN = "the tiny splits"
KILLED = """
import os, signal, sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import torch
torch.set_num_threads(1)
spec = spec_from_file_location("makers", sys.argv[1])
makers = module_from_spec(spec)
spec.loader.exec_module(makers)
from fengkong.corpus.splitting import Splits
from fengkong.training.tuning.checkpoint import checkpointed
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
splits = Splits(makers.make_examples(120, seed=1), makers.make_examples(40, seed=2), [])
prepared = prepare(Recipe.parse(Path(sys.argv[2]).read_text()), splits)
state = prepared.start()
events = fine_tune(state, prepared.train, prepared.dev)
for event in checkpointed(events, state, Path(sys.argv[3]), run=sys.argv[4], every=0):
    if isinstance(event, Step) and event.step == int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def recipe(tiny_base):
    return Recipe.from_values(
        {
            "base": str(tiny_base),
            "epochs": 3,
            "learning_rate": 3e-3,
            "batch_tokens": 256,
            "precision": "fp32",
            "averaging": 0.5,
        }
    )


@pytest.fixture
def prepared(recipe, tiny_splits):
    return prepare(recipe, tiny_splits)


def weights(prepared: Prepared) -> dict[str, torch.Tensor]:
    return {name: w.detach().clone() for name, w in prepared.network.named_parameters()}


def whole_run(recipe, splits):
    prepared = prepare(recipe, splits)
    events = list(fine_tune(prepared.start(), prepared.train, prepared.dev))
    return weights(prepared), events


def same(events):
    """What must agree between two runs: all but the clock."""
    return [
        (event.step, event.loss, event.learning_rate) if isinstance(event, Step) else (event.step, dict(event.figures))
        for event in events
        if not isinstance(event, Finished)
    ]


def test_a_killed_run_resumes_to_the_same_model(recipe, tiny_splits, tmp_path):
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    path = tmp_path / "checkpoint.safetensors"
    makers = Path(__file__).parents[1] / "conftest.py"
    killed_at = 8
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED, makers, tmp_path / "recipe.toml", path, RUN, str(killed_at)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()

    prepared = prepare(recipe, tiny_splits)
    state = prepared.start()
    load_checkpoint(state, path, run=RUN)
    assert state.step == killed_at
    events = list(fine_tune(state, prepared.train, prepared.dev))

    expected, all_events = whole_run(recipe, tiny_splits)
    assert same(events) == same(all_events)[-len(same(events)) :]
    assert events[-1].best_figures == all_events[-1].best_figures
    for name, w in weights(prepared).items():
        torch.testing.assert_close(w, expected[name], rtol=0, atol=0)


@pytest.mark.parametrize("stop", [1, 5, 6, 14])
def test_resuming_at_any_step_tells_the_same_story(recipe, tiny_splits, tmp_path, stop):
    prepared = prepare(recipe, tiny_splits)
    state = prepared.start()
    told = []
    events = fine_tune(state, prepared.train, prepared.dev)
    for event in events:
        told.append(event)
        if isinstance(event, Step) and event.step == stop:
            save_checkpoint(state, tmp_path / "c", run=RUN)
            break
    events.close()

    again = prepare(recipe, tiny_splits)
    state = again.start()
    load_checkpoint(state, tmp_path / "c", run=RUN)
    told += fine_tune(state, again.train, again.dev)
    expected, all_events = whole_run(recipe, tiny_splits)
    steps = [event for event in told if isinstance(event, Step)]
    assert same(steps) == same([event for event in all_events if isinstance(event, Step)])
    assert told[-1].best_figures == all_events[-1].best_figures
    assert all(w.equal(expected[name]) for name, w in weights(again).items())


def test_the_best_state_before_the_break_is_still_the_best_after(recipe, tiny_splits, tmp_path):
    other = {"good": "bad", "bad": "good"}
    wrong = [replace(ex, label=other[ex.label]) for ex in tiny_splits.dev]  # the more it learns, the worse it gets
    splits = Splits(tiny_splits.train, wrong, [])
    worse = recipe.changed({"metric": "loss", "patience": 0})
    prepared = prepare(worse, splits)
    state = prepared.start()
    events = fine_tune(state, prepared.train, prepared.dev)
    while state.step < prepared.plan.steps - 1:
        next(events)
    save_checkpoint(state, tmp_path / "c", run=RUN)
    events.close()

    again = prepare(worse, splits)
    state = again.start()
    load_checkpoint(state, tmp_path / "c", run=RUN)
    *_, finished = fine_tune(state, again.train, again.dev)
    assert finished.best_step < again.plan.steps - 1
    assert dev_figures(state, again.dev) == dict(finished.best_figures)


def test_ctrl_c_saves_a_whole_state_and_then_raises(prepared, tmp_path):
    path = tmp_path / "c"
    state = prepared.start()
    handler = signal.getsignal(signal.SIGINT)
    events = checkpointed(fine_tune(state, prepared.train, prepared.dev), state, path, run=RUN)
    seen = [next(events).step, next(events).step]
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        next(events)
    assert signal.getsignal(signal.SIGINT) is handler
    resumed = prepared.start()
    load_checkpoint(resumed, path, run=RUN)
    assert resumed.step == seen[-1] + 1


def test_saves_come_at_the_interval(prepared, tmp_path):
    clock = iter(range(0, 10_000, 25))
    state = prepared.start()
    saved_at = []
    path = tmp_path / "c"
    for event in checkpointed(
        fine_tune(state, prepared.train, prepared.dev), state, path, run=RUN, every=60, clock=lambda: float(next(clock))
    ):
        if path.exists():
            saved_at.append(event.step)
            path.unlink()
    assert len(saved_at) >= 3
    assert saved_at[0] > 1


def test_a_full_disk_keeps_the_checkpoint_before(prepared, tmp_path):
    path = tmp_path / "c"
    state = prepared.start()
    save_checkpoint(state, path, run=RUN)
    before = path.read_bytes()
    events = fine_tune(state, prepared.train, prepared.dev)
    next(events)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        with pytest.raises(FacilityError, match=r"could not be saved; the one before it is kept.*disk space"):
            save_checkpoint(state, path, run=RUN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    events.close()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_before_the_new_file_is_in_place_keeps_the_old_one(prepared, tmp_path, monkeypatch):
    path = tmp_path / "c"
    state = prepared.start()
    save_checkpoint(state, path, run=RUN)
    before = path.read_bytes()
    events = fine_tune(state, prepared.train, prepared.dev)
    next(events)

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FacilityError, match="the one before it is kept"):
        save_checkpoint(state, path, run=RUN)
    events.close()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_of_another_run_is_refused(recipe, prepared, tiny_splits, tmp_path):
    path = tmp_path / "c"
    save_checkpoint(prepared.start(), path, run=RUN)
    with pytest.raises(SettingsError, match="another run"):
        load_checkpoint(prepared.start(), path, run="other data")
    changed = prepare(recipe.changed({"learning_rate": 1e-3}), tiny_splits)
    with pytest.raises(SettingsError, match="another run"):
        load_checkpoint(changed.start(), path, run=RUN)
    other_threads = prepare(recipe.changed({"threads": 1}), tiny_splits)
    load_checkpoint(other_threads.start(), path, run=RUN)


def test_missing_cut_and_foreign_checkpoints_are_refused(prepared, tmp_path):
    path = tmp_path / "c"
    with pytest.raises(SettingsError, match="no checkpoint"):
        load_checkpoint(prepared.start(), path, run=RUN)
    save_checkpoint(prepared.start(), path, run=RUN)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(SettingsError, match="can't be read"):
        load_checkpoint(prepared.start(), path, run=RUN)
    path.write_bytes(b"\x80\x04pickle")
    with pytest.raises(SettingsError, match="can't be read"):
        load_checkpoint(prepared.start(), path, run=RUN)
