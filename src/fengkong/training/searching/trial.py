"""One trial of a search: a recipe is tuned and judged on dev, and nothing else is made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import FengkongError
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.training.preparation import prepare
from fengkong.training.progress import Evaluated, Finished
from fengkong.training.recipe import Recipe
from fengkong.training.searching.space import Scalar
from fengkong.training.tuning.loop import fine_tune

__all__ = ["Judge", "SearchEvent", "TrialEnded", "TrialEvaluated", "TrialResult", "TrialStarted", "train_trial"]

TrialState = Literal["complete", "pruned", "failed"]
Judge = Callable[[float, float], bool]
"""Hears the share of the steps that are done and the dev figure; answers whether to go on."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended. value: its best dev figure, None where it has none. error: why it failed, as a sentence."""

    state: TrialState
    value: float | None
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A trial begins. values: what it takes in place of the recipe's."""

    number: int
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class TrialEvaluated:
    """A trial was measured on dev after a share of its steps, in [0, 1]."""

    number: int
    share: float
    value: float


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial is over. best: none before was better."""

    number: int
    result: TrialResult
    best: bool


SearchEvent = TrialStarted | TrialEvaluated | TrialEnded


def train_trial(recipe: Recipe, splits: Splits, metric: str, judge: Judge) -> TrialResult:
    """Tune as the recipe says, for as long as `judge` lets it go on after each evaluation.

    What can't be trained (a way that the base can't take, a loss that is no longer a number) ends as "failed": a
    search goes on without it.
    """
    began = perf_counter()
    value = None
    try:
        fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train], report=lambda _: None))
        prepared = prepare(recipe, splits, fields=fields)
        training = fine_tune(prepared.start(), prepared.train, prepared.dev)
        for event in training:
            if isinstance(event, Evaluated):
                value = event.figures[metric] if event.best or value is None else value
                if not judge(event.step / prepared.plan.steps, event.figures[metric]):
                    training.close()
                    return TrialResult("pruned", value, perf_counter() - began)
            elif isinstance(event, Finished):
                value = event.best_figures[metric]
    except FengkongError as error:
        return TrialResult("failed", None, perf_counter() - began, error.sentence)
    return TrialResult("complete", value, perf_counter() - began)
