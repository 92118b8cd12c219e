"""Each tracker keeps what it was told, read back from its own store; none of them can harm a training."""

import json
import shutil
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from fengkong.domain.errors import SettingsError
from fengkong.training.measuring.bootstrap import Estimate
from fengkong.training.measuring.figures import Figures
from fengkong.training.progress import Evaluated, Step
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.measurement import TaskFigures, TaskMeasurement
from fengkong.training.tracking.choosing import choose_trackers
from fengkong.training.tracking.tracker import TrackedRun, figures_on_test

STEPS = 4
FACTS = {"train": 120, "dev": 40, "test": 40, "language": "zh"}


@dataclass(frozen=True)
class Kept:
    """What a store holds of the one run: series by name as (step, value), the recipe's rank, its end."""

    series: dict[str, list[tuple[int, float]]]
    rank: str
    end: str
    files: list[str]


def read_tensorboard(folder: Path) -> Kept:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / "tb" / "risk-0001"))
    found.Reload()
    series = {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    text = found.Tensors("recipe/text_summary")[0].tensor_proto.string_val[0].decode()
    rank = next(line.split("= ")[1] for line in text.splitlines() if line.strip().startswith("rank ="))
    return Kept(series, rank, "", [])


def read_mlflow(folder: Path) -> Kept:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{folder}/runs.db")
        (run,) = client.search_runs([client.get_experiment_by_name("fengkong").experiment_id])
        series = {
            name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }
        files = [file.path for file in client.list_artifacts(run.info.run_id)]
    assert run.info.run_name == "risk-0001"
    return Kept(series, run.data.params["rank"], run.info.status, files)


def read_wandb(folder: Path) -> Kept:
    import wandb
    from wandb.proto import wandb_internal_pb2

    wandb.teardown()  # its own process writes the file, and is done only when it has ended
    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    series: dict[str, list[tuple[int, float]]] = {}
    rank, end, files = "", "", []
    for payload in log_records(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(payload)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            assert record.run.display_name == "risk-0001"
            assert (record.run.host, record.run.git.remote_url) == ("withheld", "")
            rank = next((item.value_json for item in record.run.config.update if item.key == "rank"), rank)
        elif kind == "history":
            values = {
                "/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item
            }
            for name, value in values.items():
                series.setdefault(name, []).append((record.history.step.num, value))
        elif kind == "summary":
            for item in record.summary.update:
                name = "/".join(item.nested_key) or item.key
                if name.startswith("test/"):
                    series[name] = [(0, json.loads(item.value_json))]
        elif kind == "exit":
            end = "FINISHED" if record.exit.exit_code == 0 else "KILLED"
        elif kind == "files":
            files += [file.path for file in record.files.files]
    return Kept(series, rank, end, files)


def log_records(data: bytes) -> Iterator[bytes]:
    """The records of LevelDB's log format, in which wandb writes: blocks of 32 KiB, each chunk with a 7-byte head."""
    at, whole = 7, b""
    while at + 7 <= len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        if kind == 0:
            return
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield whole
            whole = b""


STORES: dict[str, tuple[str, Callable[[Path], Kept]]] = {
    "tensorboard": ("tensorboard:{0}/tb", read_tensorboard),
    "mlflow": ("mlflow:sqlite:///{0}/runs.db", read_mlflow),
    "wandb": ("wandb:risk", read_wandb),
}


@pytest.fixture(scope="module")
def mlflow_store(tmp_path_factory) -> Path:
    """An empty store: making one takes MLflow seconds, so it is made once and copied."""
    path = tmp_path_factory.mktemp("mlflow") / "runs.db"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(params=STORES)
def store(request, tmp_path, monkeypatch):
    if request.param == "mlflow":
        shutil.copy(request.getfixturevalue("mlflow_store"), tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    place, read = STORES[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the three import is their own business
        (tracker,) = choose_trackers([place.format(tmp_path)])
    yield SimpleNamespace(kind=request.param, tracker=tracker, read=lambda: read(tmp_path))
    if request.param == "wandb":
        sys.modules["wandb"].teardown()


def measured() -> TaskMeasurement:
    figures = Figures(40, {"rmse": Estimate(0.25, 0.2, 0.3), "r2": Estimate(None, None, None)})
    return TaskMeasurement("regression", (), "rmse", 0, 0, (TaskFigures("tuned", figures, figures),), (), run=None)


def a_run(tracker, warn=pytest.fail) -> TrackedRun:
    return TrackedRun([tracker], "risk-0001", FACTS, Recipe(rank=16).model_dump(), warn=warn)


def train(run: TrackedRun) -> None:
    for step in range(1, STEPS + 1):
        if step % 2 == 0:
            run.hear(Evaluated(step, {"rmse": 1 / step, "loss": 2 / step}, best=True))
        run.hear(Step(step, STEPS, 1, 1 / step, 1e-3, 50.0, 1.0))


def test_a_run_is_kept_with_its_curves_recipe_and_end(store, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("rank = 16\n")
    with a_run(store.tracker) as run:
        train(run)
        run.finish(figures_on_test(measured()), [recipe])
    kept = store.read()
    assert kept.series["train/loss"] == [(step, pytest.approx(1 / step)) for step in range(1, STEPS + 1)]
    assert kept.series["dev/rmse"] == [(2, 0.5), (4, 0.25)]
    assert [value for _, value in kept.series["test/rmse"]] == [0.25]
    assert "test/r2" not in kept.series, "a figure that does not exist is no number"
    assert kept.rank == "16"
    if store.kind != "tensorboard":
        assert kept.end == "FINISHED"
        assert kept.files == ["recipe.toml"]


def test_a_run_that_breaks_off_is_closed_as_such_with_what_it_had(store):
    with suppress(KeyboardInterrupt), a_run(store.tracker) as run:
        train(run)
        raise KeyboardInterrupt
    kept = store.read()
    assert len(kept.series["train/loss"]) == STEPS
    if store.kind != "tensorboard":
        assert kept.end == "KILLED"


class Broken:
    """A tracker whose store goes away after the start."""

    name = "broken"

    def __init__(self) -> None:
        self.calls = 0

    def start(self, *_) -> None:
        self.calls += 1

    def log(self, *_) -> None:
        self.calls += 1
        raise ConnectionError("the store is gone")

    def finish(self, *_) -> None:
        self.calls += 1

    abandon = finish


def test_a_tracker_that_fails_warns_once_and_the_rest_goes_on(tmp_path):
    warned, broken = [], Broken()
    with TrackedRun([broken], "r", FACTS, {}, warn=warned.append) as run:
        train(run)
        run.finish({}, [])
    assert len(warned) == 1
    assert "broken failed" in warned[0]
    assert "ConnectionError" in warned[0]
    assert broken.calls == 2, "start, the first log, and nothing after it failed"


def test_long_runs_are_thinned_and_end_with_their_last_step():
    told = []
    tracker = SimpleNamespace(start=lambda *_: None, log=lambda step, _: told.append(step), abandon=lambda: None)
    with TrackedRun([tracker], "r", FACTS, {}, warn=pytest.fail) as run:
        for step in range(1, 5001):
            run.hear(Step(step, 5000, 1, 0.5, 1e-3, 50.0, 1.0))
    assert len(told) == 500
    assert told[-1] == 5000


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("tensorbord:logs", r"no such tracker.*'tensorbord'.*did you mean 'tensorboard'"),
        ("wandb:", r"place is missing.*wandb: and a project"),
        ("wandb", r"place is missing"),
        ("mlflow:mlruns", r"no runs to a plain folder.*mlflow:sqlite:///runs.db"),
    ],
)
def test_a_tracker_that_cannot_be_is_refused_before_training(named, told):
    with pytest.raises(SettingsError, match=told):
        choose_trackers([named])


@pytest.mark.parametrize("kind", STORES)
def test_a_missing_package_is_told_with_its_cure(kind, monkeypatch):
    loaded = (kind, "torch.utils.tensorboard", f"fengkong.training.tracking.{kind}")
    for name in [name for name in sys.modules if any(name == it or name.startswith(f"{it}.") for it in loaded)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(SettingsError, match=rf"tracking by {kind}.*pip install 'fengkong\[track\]'"):
        choose_trackers([f"{kind}:sqlite:///x"])
