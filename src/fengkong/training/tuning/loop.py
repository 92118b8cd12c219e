"""The training loop: a generator of events. Saving, logging and drawing are its owner's business."""

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import torch
from torch import nn

from fengkong.domain.errors import FacilityError
from fengkong.training.encoding import Encoded, Int64s, collate, shuffled_batches
from fengkong.training.progress import Evaluated, Event, Finished, Step
from fengkong.training.tuning.memory import ran_out
from fengkong.training.tuning.optimiser import rate_share, set_rate
from fengkong.training.tuning.predict import autocast, logits_of, predict_logits, read_once
from fengkong.training.tuning.state import TrainingState

__all__ = ["dev_figures", "fine_tune"]

PACE_STEPS = 50


def fine_tune(state: TrainingState, train: Encoded, dev: Encoded) -> Generator[Event]:
    """Go on from `state` to the end of its plan, telling each step and each evaluation.

    The state is whole whenever an event is yielded, and may be saved then. An evaluation is told before its step, so
    that a Step is the last word on it. When the generator ends, is closed or fails, the network holds the best weights
    so far and its full embedding, in evaluation mode.
    Where memory runs out, batches are cut in pieces whose gradients add up to the same step.
    Raises FacilityError when the loss is no longer a number, or when memory doesn't hold a single text.
    """
    plan, pace = state.plan, _Pace(state)
    with _threads(plan.threads), _settled(state):
        train, dev = (read_once(state.network, texts, padding=state.padding, bf16=plan.bf16) for texts in (train, dev))
        if state.step == 0 and state.network.field_head is not None:
            yield _evaluate(state, dev)  # the fields alone: tuning must beat them to be kept
        for epoch, batches in _remaining_steps(state, train):
            if state.over:
                break
            rate = plan.learning_rate * rate_share(state.step, plan)
            with pace.step(sum(map(len, batches))):
                loss = _learn(state, train, batches)
            if state.step % plan.evaluate_every == 0 or state.step == plan.steps:
                with pace.evaluation():
                    evaluated = _evaluate(state, dev)
                yield evaluated
            yield Step(
                state.step, plan.steps, epoch + 1, loss, rate, pace.texts_per_second, pace.seconds_left, state.pieces
            )
    yield Finished(state.step < plan.steps, state.step, state.best_step, state.best_figures, state.seconds)


def dev_figures(state: TrainingState, dev: Encoded) -> dict[str, float]:
    """Measure the network as it stands, by the figures of its kind of task."""
    logits = predict_logits(state.network, dev, padding=state.padding, bf16=state.plan.bf16)
    return dict(state.kind.dev_figures(logits, dev.targets))


def _remaining_steps(state: TrainingState, train: Encoded) -> Iterator[tuple[int, list[Int64s]]]:
    """Number of the pass (from 0), and the batches, of every step from the state's on."""
    plan, many = state.plan, state.plan.accumulation
    begun, place = divmod(state.step, plan.steps // plan.epochs)
    for epoch in range(begun, plan.epochs):
        batches = shuffled_batches(train.lengths, plan.batch_tokens, seed=plan.seed, epoch=epoch)
        for first in range(place * many, len(batches), many):
            yield epoch, batches[first : first + many]
        place = 0


def _learn(state: TrainingState, train: Encoded, batches: Sequence[Int64s]) -> float:
    """One optimiser step on the batches together; answers their mean loss."""
    network, plan = state.network, state.plan
    texts = sum(map(len, batches))
    with _randomness(plan.seed, state.step, next(network.parameters()).device):
        value = _add_gradients(state, train, batches, texts)
    if state.ranks is not None:
        state.ranks.penalty().backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
    length = nn.utils.clip_grad_norm_(network.parameters(), plan.clip_norm or math.inf)
    _check_finite("gradient", float(length), state)
    set_rate(state.optimiser, rate_share(state.step, plan))
    state.optimiser.step()
    state.step += 1
    if state.ranks is not None:
        state.ranks.after_step(state.step)
    state.optimiser.zero_grad()
    state.take_average()
    return value


def _add_gradients(state: TrainingState, train: Encoded, batches: Sequence[Int64s], texts: int) -> float:
    """The gradients of the batches of a step, and their mean loss; begun anew in smaller pieces where memory runs out.

    Raises FacilityError where a single text is too much.
    """
    while True:
        pieces = [piece for batch in batches for piece in np.array_split(batch, min(state.pieces, len(batch)))]
        try:
            return sum(_add_gradient(state, train, piece, len(piece) / texts) for piece in pieces)
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            if max(map(len, pieces)) == 1:
                raise FacilityError(
                    "memory doesn't hold a single text of the batch",
                    where=f"step {state.step + 1}",
                    received=f"{int(train.lengths[np.concatenate(pieces)].max())} tokens",
                    cure="lower max_tokens, set gradient_checkpointing, or take a smaller base",
                ) from error
        state.optimiser.zero_grad()
        state.pieces *= 2


def _add_gradient(state: TrainingState, train: Encoded, texts: Int64s, share: float) -> float:
    """Add the gradient of one batch's loss to those already there, by its share in the step; answers that much loss."""
    device = next(state.network.parameters()).device
    batch = collate(train, texts, padding=state.padding)
    targets = torch.from_numpy(batch.targets).to(device)
    with autocast(device, state.plan.bf16):
        loss = share * state.kind.loss(logits_of(state.network, batch), targets)
    value = float(loss.detach())
    _check_finite("loss", value, state)
    loss.backward()  # type: ignore[no-untyped-call]
    return value


def _check_finite(what: str, value: float, state: TrainingState) -> None:
    """Raises FacilityError before a step that would spoil the weights."""
    if not math.isfinite(value):
        raise FacilityError(
            f"the {what} is no longer a number, so training was stopped with the best state so far",
            where=f"step {state.step + 1}",
            received=str(value),
            cure="lower learning_rate, or set precision to 'fp32' in the recipe",
        )


def _evaluate(state: TrainingState, dev: Encoded) -> Evaluated:
    with state.averaged_weights():
        figures = dev_figures(state, dev)
        best = state.note(figures)
    return Evaluated(state.step, figures, best)


class _Pace:
    """How fast it goes and how long it still takes."""

    def __init__(self, state: TrainingState) -> None:
        self._state = state
        self._steps: deque[tuple[int, float]] = deque(maxlen=PACE_STEPS)
        self._evaluation_seconds = 0.0

    @contextmanager
    def step(self, texts: int) -> Iterator[None]:
        began = perf_counter()
        yield
        seconds = perf_counter() - began
        self._steps.append((texts, seconds))
        self._state.seconds += seconds

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        began = perf_counter()
        yield
        self._evaluation_seconds = perf_counter() - began

    @property
    def texts_per_second(self) -> float:
        return sum(texts for texts, _ in self._steps) / sum(seconds for _, seconds in self._steps)

    @property
    def seconds_left(self) -> float:
        plan = self._state.plan
        steps = plan.steps - self._state.step
        a_step = sum(seconds for _, seconds in self._steps) / len(self._steps)
        evaluations = math.ceil(steps / plan.evaluate_every)
        return steps * a_step + evaluations * self._evaluation_seconds


@contextmanager
def _settled(state: TrainingState) -> Iterator[None]:
    state.network.train()
    try:
        yield
    finally:
        state.network.eval()
        state.settle()


@contextmanager
def _threads(wanted: int | None) -> Iterator[None]:
    """torch's thread count inside the block; the caller's own outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _randomness(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """torch's random numbers (dropout) follow from seed and step alone; the caller's stream is left untouched.

    A resumed run needs no saved generator, and whatever its owner draws between two events changes nothing.
    """
    with torch.random.fork_rng(devices=[] if device.type == "cpu" else [device]):
        torch.manual_seed((seed << 32) + step)
        yield
