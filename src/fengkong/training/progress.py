"""What the training loop tells as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Evaluated", "Event", "Finished", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step is done.

    step counts from 1 to `steps`; epoch from 1. loss: of this batch, in nats. texts_per_second: over the last steps,
    evaluations left out. seconds_left: an estimate, evaluations included. pieces: into how many each batch is cut,
    since memory ran out; 1 where it didn't.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    learning_rate: float
    texts_per_second: float
    seconds_left: float
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The dev split was measured after a step.

    figures: macro_f1, accuracy, loss, and auc where there are two labels. best: none before was better.
    """

    step: int
    figures: Mapping[str, float]
    best: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """Training is over and the network holds the best state.

    early: it ran out of patience before all steps were done. seconds: spent on training steps, evaluations left out.
    """

    early: bool
    step: int
    best_step: int
    best_figures: Mapping[str, float]
    seconds: float


Event = Step | Evaluated | Finished
