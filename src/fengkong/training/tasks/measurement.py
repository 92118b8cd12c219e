"""A run's figures where the answer is several labels or a number: the tuned model beside its floors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fengkong.scoring.manifest import Head
from fengkong.training.measuring.answers import Answers, answer_figures
from fengkong.training.measuring.bootstrap import RESAMPLES
from fengkong.training.measuring.cutoffs import choose_cutoffs
from fengkong.training.measuring.entity_metrics import Spans
from fengkong.training.measuring.figures import Figures
from fengkong.training.measuring.floors import Floor
from fengkong.training.measuring.gazetteer import EntityFloor
from fengkong.training.measuring.measurement import RunFacts
from fengkong.training.tasks.targets import Targets

__all__ = ["TaskFigures", "TaskMeasurement", "measure_task"]


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """One model ("tuned", or a floor's name) on both sets."""

    name: str
    dev: Figures
    test: Figures


@dataclass(frozen=True, slots=True)
class TaskMeasurement:
    """All figures of one run. models: the tuned one first, then the floors. `domain.plain` makes it JSON.

    metric: the figure that counts most. cutoffs: of several labels, the probability from which each is given.
    """

    task: str
    labels: tuple[str, ...]
    metric: str
    seed: int
    resamples: int
    models: tuple[TaskFigures, ...]
    cutoffs: tuple[float, ...]
    run: RunFacts

    @property
    def tuned(self) -> TaskFigures:
        """The fine-tuned model's figures."""
        return self.models[0]


def measure_task(
    head: Head,
    answers: Mapping[str, Answers],
    targets: Mapping[str, Targets | Spans],
    floors: Sequence[Floor | EntityFloor],
    run: RunFacts,
    *,
    metric: str,
    seed: int = 0,
) -> TaskMeasurement:
    """Measure a sealed head beside its floors.

    answers: of the head, (n, labels) for "dev" and for "test", or the entities of each text; targets: what is true, as
    the kind of task has it.
    The cutoffs of the floors are chosen on dev, as those of the head were.
    """

    def figures(name: str, found: Mapping[str, Answers], cutoffs: tuple[float, ...]) -> TaskFigures:
        used = head.model_copy(update={"cutoffs": cutoffs})
        dev, test = (answer_figures(used, found[part], targets[part], seed=seed) for part in ("dev", "test"))
        return TaskFigures(name, dev, test)

    models = [figures("tuned", answers, head.cutoffs)]
    for floor in floors:
        if isinstance(floor, EntityFloor):
            models.append(figures(floor.name, floor.entities, ()))
            continue
        several = head.task == "multilabel"
        cutoffs = choose_cutoffs(floor.probabilities["dev"], np.asarray(targets["dev"])) if several else ()
        models.append(figures(floor.name, floor.probabilities, cutoffs))
    return TaskMeasurement(head.task, head.labels, metric, seed, RESAMPLES, tuple(models), head.cutoffs, run)
