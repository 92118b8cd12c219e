"""The loop of masked-language modelling: a generator of events, as that of fine-tuning."""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fengkong.domain.errors import FacilityError
from fengkong.training.encoding import Int64s
from fengkong.training.pretraining.masking import Masked, Masker
from fengkong.training.pretraining.packing import Packed, row_order
from fengkong.training.pretraining.state import PretrainingState
from fengkong.training.progress import Evaluated, Event, Step
from fengkong.training.tuning.memory import ran_out
from fengkong.training.tuning.predict import autocast

__all__ = ["PretrainingStep", "learn_masked", "pretrain_masked"]

PACE_STEPS = 50
EVALUATION_TOKENS = 4096
HELD_OUT_SEED = 2**31
"""Held-out documents are masked alike at every evaluation, so that perplexities can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingStep(Step):
    """A step, whose texts are rows. tokens_per_second: read over the last steps, evaluations left out."""

    tokens_per_second: float


def pretrain_masked(state: PretrainingState, train: Packed, held_out: Packed, masker: Masker) -> Generator[Event]:
    """Go on from `state` to the end of its plan, telling each step and each evaluation (loss in nats and perplexity).

    The state is whole whenever an event is yielded. An evaluation is told before its step; one more before the first.
    Where memory runs out, batches are cut in pieces whose gradients add up to the same step.
    Raises FacilityError when the loss is no longer a number.
    """
    plan = state.plan
    recent: deque[float] = deque(maxlen=PACE_STEPS)
    evaluating = 0.0
    with _settled(state):
        if state.step == 0:
            yield _evaluate(state, held_out, masker)
        while not state.over:
            began = perf_counter()
            rate = plan.rate(state.step)
            loss = learn_masked(state, train, masker)
            recent.append(perf_counter() - began)
            state.seconds += recent[-1]
            if state.step % plan.evaluate_every == 0 or state.over:
                began = perf_counter()
                evaluated = _evaluate(state, held_out, masker)
                evaluating = perf_counter() - began
                yield evaluated
            pace = sum(recent) / len(recent)
            left = plan.steps - state.step
            yield PretrainingStep(
                step=state.step,
                steps=plan.steps,
                epoch=1 + (state.step * plan.rows - 1) // len(train),
                loss=loss,
                learning_rate=rate,
                texts_per_second=plan.rows / pace,
                seconds_left=left * pace + math.ceil(left / plan.evaluate_every) * evaluating,
                pieces=state.pieces,
                tokens_per_second=plan.rows * train.length / pace,
            )


def learn_masked(state: PretrainingState, train: Packed, masker: Masker) -> float:
    """One optimiser step on the rows that are next; answers their loss."""
    plan = state.plan
    masked = masker.mask(train, _rows_at(state.step, train, plan.rows, plan.seed), seed=[plan.seed, state.step])
    loss = _add_gradients(state, masked)
    length = nn.utils.clip_grad_norm_(state.model.parameters(), plan.clip_norm)
    _check_finite("gradient", float(length), state)
    for group in state.optimiser.param_groups:
        group["lr"] = plan.rate(state.step)
    state.optimiser.step()
    state.optimiser.zero_grad()
    state.step += 1
    return loss


def _rows_at(step: int, train: Packed, many: int, seed: int) -> Int64s:
    """The rows of a step: passes follow one another without a gap, each in an order of its own."""
    places = np.arange(step * many, (step + 1) * many)
    passes, within = np.divmod(places, len(train))
    return np.concatenate(
        [row_order(len(train), int(number), seed=seed)[within[passes == number]] for number in np.unique(passes)]
    )


def _add_gradients(state: PretrainingState, masked: Masked) -> float:
    """The gradients of a step, and its loss; what memory allowed is kept for the next. Raises as `_in_pieces` does."""

    def add_all(pieces: Sequence[Masked]) -> float:
        state.optimiser.zero_grad()
        return sum(_add_gradient(state, piece, len(masked.targets)) for piece in pieces)

    loss, state.pieces = _in_pieces(masked, state.pieces, add_all, f"step {state.step + 1}")
    return loss


def _in_pieces(
    masked: Masked, pieces: int, of_all: Callable[[Sequence[Masked]], float], where: str
) -> tuple[float, int]:
    """What comes of all pieces of some rows, and how many they were; begun anew in twice as many where memory runs out.

    Raises FacilityError where a single row is too much.
    """
    while True:
        try:
            return of_all(masked.cut(pieces)), pieces
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            if pieces >= len(masked.hidden):
                raise FacilityError(
                    "memory doesn't hold a single row",
                    where=where,
                    received=f"{masked.hidden.shape[1]} tokens",
                    cure="lower max_tokens, or take a smaller base",
                ) from error
        pieces *= 2


def _add_gradient(state: PretrainingState, masked: Masked, hidden: int) -> float:
    """Add the gradient of a piece by its share in all hidden tokens of the step; answers that much loss."""
    loss = _loss(state, masked) * (len(masked.targets) / hidden)
    value = float(loss.detach())
    _check_finite("loss", value, state)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
    return value


def _loss(state: PretrainingState, masked: Masked) -> torch.Tensor:
    device = next(state.model.parameters()).device
    ids, hidden, targets = (
        torch.from_numpy(part).to(device) for part in (masked.input_ids, masked.hidden, masked.targets)
    )
    with autocast(device, state.plan.bf16):
        logits = state.model(ids, hidden)
    return cross_entropy(logits.float(), targets)


def _evaluate(state: PretrainingState, held_out: Packed, masker: Masker) -> Evaluated:
    """The loss over all tokens hidden in the held-out rows, and the best so far or not.

    Rows are masked alike whatever memory there is, and read in smaller pieces where it runs out.
    Raises FacilityError where a single row is too much.
    """
    total, hidden, pieces = 0.0, 0, 1

    def loss_of_all(parts: Sequence[Masked]) -> float:
        return sum(float(_loss(state, part)) * len(part.targets) for part in parts)

    many = max(1, EVALUATION_TOKENS // held_out.length)
    state.model.eval()
    with torch.inference_mode():
        for start in range(0, len(held_out), many):
            rows = np.arange(start, min(start + many, len(held_out)))
            masked = masker.mask(held_out, rows, seed=[HELD_OUT_SEED, start])
            found, pieces = _in_pieces(masked, pieces, loss_of_all, f"measuring after step {state.step}")
            total += found
            hidden += len(masked.targets)
    state.model.train()
    loss = total / hidden
    best = all(loss < before for _, before in state.curve)
    state.curve.append((state.step, loss))
    return Evaluated(state.step, {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}, best)


def _check_finite(what: str, value: float, state: PretrainingState) -> None:
    """Raises FacilityError before a step that would spoil the weights."""
    if not math.isfinite(value):
        raise FacilityError(
            f"the {what} is no longer a number, so pre-training was stopped",
            where=f"step {state.step + 1}",
            received=str(value),
            cure="lower the learning rate and begin again",
        )


@contextmanager
def _settled(state: PretrainingState) -> Iterator[None]:
    state.model.train()
    try:
        yield
    finally:
        state.model.eval()
