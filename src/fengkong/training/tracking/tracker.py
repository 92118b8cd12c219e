"""What an experiment tracker is, and how a run is told to several of them.

Told are figures, the recipe and counts of examples; never a text, a finding, a document's id or where the data came
from: a tracker's store is often read by more people than the data may be.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from fengkong.training.measuring.measurement import Measurement
from fengkong.training.progress import Evaluated, Step
from fengkong.training.tasks.measurement import TaskMeasurement

__all__ = ["Facts", "TrackedRun", "Tracker", "figures_on_test"]

Facts = Mapping[str, str | int]
POINTS = 500  # of the training loss at most; trackers write each one by itself


class Tracker(Protocol):
    """One place where runs are kept. Its calls may fail; `TrackedRun` sees to it that this harms no training."""

    @property
    def name(self) -> str:
        """What a warning calls it."""

    def start(self, run: str, facts: Facts, recipe: Mapping[str, object]) -> None:
        """A run begins, under this name."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures after a step, named as "train/loss" or "dev/auc". Steps never fall."""

    def finish(self, figures: Mapping[str, float], files: Sequence[Path]) -> None:
        """The run is complete, with its last figures, such as "test/auc", and these files."""

    def abandon(self) -> None:
        """The run was broken off."""


class TrackedRun:
    """Tells one run to its trackers: enter it, pass `hear` as a listener, and `finish` with its last figures.

    Any run has this one form: a training, several questions together, a pre-training.
    recipe: what was asked for, by name.

    A tracker that fails is left out from then on, and `warn` hears of it in one sentence; the training goes on.
    """

    def __init__(
        self,
        trackers: Sequence[Tracker],
        run: str,
        facts: Facts,
        recipe: Mapping[str, object],
        *,
        warn: Callable[[str], None],
    ) -> None:
        self._trackers, self._run, self._facts, self._recipe = list(trackers), run, facts, recipe
        self._warn = warn
        self._finished = False

    def hear(self, event: object) -> None:
        """Pass on steps (not more than some hundreds of them) and evaluations; what else happens is not told."""
        match event:
            case Step():
                if event.step % max(1, event.steps // POINTS) == 0 or event.step == event.steps:
                    figures = {
                        "train/loss": event.loss,
                        "train/learning_rate": event.learning_rate,
                        "train/texts_per_second": event.texts_per_second,
                    }
                    self._tell(lambda tracker: tracker.log(event.step, figures))
            case Evaluated():
                measured = {f"dev/{name}": value for name, value in event.figures.items()}
                self._tell(lambda tracker: tracker.log(event.step, measured))

    def finish(self, figures: Mapping[str, float], files: Sequence[Path] = ()) -> None:
        """The run is complete, with these figures."""
        self._finished = True
        self._tell(lambda tracker: tracker.finish(figures, files))

    def __enter__(self) -> Self:
        self._tell(lambda tracker: tracker.start(self._run, self._facts, self._recipe))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self._tell(lambda tracker: tracker.abandon())

    def _tell(self, call: Callable[[Tracker], None]) -> None:
        for tracker in list(self._trackers):
            try:
                call(tracker)
            except Exception as error:  # noqa: BLE001 - three foreign libraries, and no fault of theirs is worth a model
                self._trackers.remove(tracker)
                self._warn(f"{tracker.name} failed and hears no more of this run: {type(error).__name__}: {error}")


def figures_on_test(measurement: Measurement | TaskMeasurement) -> dict[str, float]:
    """The chief figures of a sealed model on test, as "test/auc"."""
    if isinstance(measurement, TaskMeasurement):
        found = dict(measurement.tuned.test.figures)
    else:
        test = measurement.tuned.test
        found = {"accuracy": test.accuracy, "macro_f1": test.macro_f1, "log_loss": test.log_loss, "brier": test.brier}
        if test.binary is not None:
            found |= {"auc": test.binary.auc, "pr_auc": test.binary.pr_auc, "ks": test.binary.ks}
    return {f"test/{name}": figure.value for name, figure in found.items() if figure.value is not None}
