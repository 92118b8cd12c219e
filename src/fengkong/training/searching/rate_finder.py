"""The learning-rate finder: one short run in which the rate rises from step to step, until the loss runs away.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3; the rise by equal factors, the
smoothing and the end are those of Howard & Gugger 2020, "fastai: a layered API for deep learning".
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from statistics import mean, stdev

from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.defaults import Plan
from fengkong.training.networks.embedding import expand_embedding
from fengkong.training.preparation import Prepared
from fengkong.training.progress import Step
from fengkong.training.reporting.search_report import RateFigures
from fengkong.training.tuning.loop import fine_tune
from fengkong.training.tuning.state import TrainingState, start_training

__all__ = ["find_rate"]

LOWEST, HIGHEST = 1e-7, 1.0
STEPS = 120
SMOOTHING = 0.9  # of an exponential mean with its bias corrected; about ten steps
RUN_AWAY = 4.0  # times the lowest smoothed loss
BEYOND_CHANCE = 3.0  # standard errors that the smoothed loss must fall
RULE = "a tenth of the rate at which the smoothed loss is lowest"


def find_rate(
    prepared: Prepared, *, steps: int = STEPS, name: str = "risk", tell: Callable[[int], None] = lambda _: None
) -> RateFigures:
    """Sweep the rate from 1e-7 to 1 in at most so many steps on train, and suggest one for the recipe.

    Prepare it without fields: they start from their best, and the loss would show little of what the text teaches.
    The rate is the head's; the layers below learn at their shares of it, by `layer_decay`. The network is given back
    with the weights that it had. tell: hears how many steps are done.
    Raises SettingsError for fewer than 10 steps.
    """
    if steps < 10:
        raise SettingsError("a sweep takes 10 steps or more", where="steps", received=str(steps), cure="ask for more")
    network = prepared.network
    expand_embedding(network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        points = list(_sweep(prepared, steps, tell))
    finally:
        expand_embedding(network)
        network.load_state_dict(before)
        network.zero_grad()
        network.eval()
    diverged = len(points) < steps
    return RateFigures(name, datetime.now(UTC), tuple(points), _suggest(points), diverged, RULE)


def _sweep(prepared: Prepared, steps: int, tell: Callable[[int], None]) -> Iterator[tuple[float, float, float]]:
    """(rate, loss, smoothed loss) of each step, until the loss is out of hand."""
    plan = _plan(prepared.plan, steps, len(prepared.train.lengths))
    state = start_training(
        prepared.network, prepared.kind, plan, prepared.train, prepared.dev, padding=prepared.base.padding
    )
    factor = (HIGHEST / LOWEST) ** (1 / (steps - 1))
    _raise_rates(state, LOWEST / plan.learning_rate)
    average, lowest = 0.0, math.inf
    training = fine_tune(state, prepared.train, prepared.dev)
    try:
        for event in training:
            if not isinstance(event, Step):
                continue
            tell(event.step)
            average = SMOOTHING * average + (1 - SMOOTHING) * event.loss
            smoothed = average / (1 - SMOOTHING**event.step)
            yield LOWEST * factor ** (event.step - 1), event.loss, smoothed
            lowest = min(lowest, smoothed)
            if event.step == steps or smoothed > RUN_AWAY * lowest:
                break
            _raise_rates(state, factor)
    except FacilityError:  # the loss is no number any more: the sweep has found its end
        return
    finally:
        training.close()


def _plan(plan: Plan, steps: int, texts: int) -> Plan:
    """The plan without all that would move the rate or end the run: the sweep does both itself."""
    return replace(
        plan,
        epochs=steps,  # of a step or more each
        steps=steps * texts,
        warmup_steps=0,
        schedule="constant",
        averaging=0.0,
        patience=0,
        evaluate_every=steps * texts,
    )


def _raise_rates(state: TrainingState, factor: float) -> None:
    for group in state.optimiser.param_groups:
        group["top"] *= factor


def _suggest(points: list[tuple[float, float, float]]) -> float | None:
    """A tenth of the rate of the lowest smoothed loss; None where it is not below what chance does to it.

    The first quarter of the rates is too low to learn at, and so shows how much the loss differs from batch to batch.
    """
    still = len(points) // 4
    if still < 2:
        return None
    losses = [loss for _, loss, _ in points[:still]]
    # The variance of an exponential mean of independent values is (1 - b) / (1 + b) times theirs.
    error = stdev(losses) * math.sqrt((1 - SMOOTHING) / (1 + SMOOTHING))
    rate, _, lowest = min(points[still:], key=lambda point: point[2])
    return rate / 10 if lowest < mean(losses) - BEYOND_CHANCE * error else None
