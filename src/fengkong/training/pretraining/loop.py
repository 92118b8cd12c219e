"""The loop of masked-language modelling: a generator of events, as that of fine-tuning."""

import math
from collections import deque
from collections.abc import Generator, Iterator
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
    Raises FacilityError when the loss is no longer a number, or the memory of the device is full.
    """
    plan = state.plan
    recent: deque[float] = deque(maxlen=PACE_STEPS)
    evaluating = 0.0
    with _settled(state), _memory_watched():
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
                yield _evaluate(state, held_out, masker)
                evaluating = perf_counter() - began
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
                tokens_per_second=plan.rows * train.length / pace,
            )


def learn_masked(state: PretrainingState, train: Packed, masker: Masker) -> float:
    """One optimiser step on the rows that are next; answers their loss."""
    plan = state.plan
    masked = masker.mask(train, _rows_at(state.step, train, plan.rows, plan.seed), seed=[plan.seed, state.step])
    loss = _loss(state, masked)
    _check_finite("loss", float(loss.detach()), state)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
    length = nn.utils.clip_grad_norm_(state.model.parameters(), plan.clip_norm)
    _check_finite("gradient", float(length), state)
    for group in state.optimiser.param_groups:
        group["lr"] = plan.rate(state.step)
    state.optimiser.step()
    state.optimiser.zero_grad()
    state.step += 1
    return float(loss.detach())


def _rows_at(step: int, train: Packed, many: int, seed: int) -> Int64s:
    """The rows of a step: passes follow one another without a gap, each in an order of its own."""
    places = np.arange(step * many, (step + 1) * many)
    passes, within = np.divmod(places, len(train))
    return np.concatenate(
        [row_order(len(train), int(number), seed=seed)[within[passes == number]] for number in np.unique(passes)]
    )


def _loss(state: PretrainingState, masked: Masked) -> torch.Tensor:
    device = next(state.model.parameters()).device
    ids, hidden, targets = (
        torch.from_numpy(part).to(device) for part in (masked.input_ids, masked.hidden, masked.targets)
    )
    with autocast(device, state.plan.bf16):
        logits = state.model(ids, hidden)
    return cross_entropy(logits.float(), targets)


def _evaluate(state: PretrainingState, held_out: Packed, masker: Masker) -> Evaluated:
    """The loss over all tokens hidden in the held-out rows, and the best so far or not."""
    total, hidden = 0.0, 0
    many = max(1, EVALUATION_TOKENS // held_out.length)
    state.model.eval()
    with torch.inference_mode():
        for start in range(0, len(held_out), many):
            rows = np.arange(start, min(start + many, len(held_out)))
            masked = masker.mask(held_out, rows, seed=[HELD_OUT_SEED, start])
            total += float(_loss(state, masked)) * len(masked.targets)
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


@contextmanager
def _memory_watched() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise FacilityError(
            "the memory of the GPU is full", cure="give fewer tokens a step by --batch-tokens, or shorter rows"
        ) from error
