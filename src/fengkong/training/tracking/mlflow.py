"""Runs in an MLflow store, through its client alone: nothing global is set, and no active run is touched."""

import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault(
    "MLFLOW_DISABLE_TELEMETRY", "true"
)  # before its import: how fengkong is used is nobody's business

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from fengkong.training.tracking.tracker import Facts

__all__ = ["MLflow"]

EXPERIMENT = "fengkong"
LONGEST = 500  # characters of a parameter that every server takes


class MLflow:
    """Writes to the store at `uri`: sqlite:///FILE, or a server's address."""

    name = "mlflow"

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client: MlflowClient | None = None
        self._run = ""

    def start(self, run: str, facts: Facts, recipe: Mapping[str, object]) -> None:
        """Open a run in the experiment "fengkong", with the recipe as its parameters."""
        with _without_its_warnings():
            self._client = MlflowClient(tracking_uri=self._uri)
            found = self._client.get_experiment_by_name(EXPERIMENT)
            experiment = found.experiment_id if found else self._client.create_experiment(EXPERIMENT, self._files())
            self._run = self._client.create_run(experiment, run_name=run).info.run_id
            values = {**recipe, **facts}
            params = [Param(key, str(value)[:LONGEST]) for key, value in values.items()]
            self._client.log_batch(self._run, params=params)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Write metrics."""
        if self._client is not None:
            now = int(time.time() * 1000)
            metrics = [Metric(key, value, now, step) for key, value in figures.items()]
            with _without_its_warnings():
                self._client.log_batch(self._run, metrics=metrics)

    def finish(self, figures: Mapping[str, float], files: Sequence[Path]) -> None:
        """Write the figures on test and the files, and end the run."""
        self.log(0, figures)
        if self._client is not None:
            with _without_its_warnings():
                for path in files:
                    self._client.log_artifact(self._run, str(path))
                self._client.set_terminated(self._run)

    def abandon(self) -> None:
        """End the run as one that was broken off."""
        if self._client is not None and self._run:
            with _without_its_warnings():
                self._client.set_terminated(self._run, status="KILLED")

    def _files(self) -> str | None:
        """Where a store that is one file keeps the runs' files: beside it, not wherever the process stands."""
        if not self._uri.startswith("sqlite:///"):
            return None
        store = Path(self._uri.removeprefix("sqlite:///")).resolve()
        return store.with_name(f"{store.stem}-files").as_uri()


@contextmanager
def _without_its_warnings() -> Iterator[None]:
    """Its own use of old parts of SQLAlchemy is not for our users to see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
