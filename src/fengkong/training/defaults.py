"""From the recipe and the size of the data to concrete numbers, each with the reason why, for the report."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from fengkong.training.encoding import Encoded, plan_batches
from fengkong.training.recipe import AverageName, OptimiserName, Recipe, ScheduleName
from fengkong.training.ways.registry import WAYS
from fengkong.training.ways.way import Trained

__all__ = ["Choice", "Plan", "choose_defaults"]

TEXTS_IN_BATCH = 16
TOKENS_IN_BATCH = (256, 1024, 4096)  # least, usual, most
STEPS_AN_EPOCH = 25
STEPS_A_LABEL = 10
MOST_EPOCHS = 40
EVALUATIONS = (2, 8)
EVALUATION_SHARE = 0.1
FORWARD_SHARE = 1 / 3  # of the work of a training step; the backward pass is the rest
BASE_RATES: Mapping[OptimiserName, float] = {"adamw": 2e-4, "sgd": 5e-2, "adafactor": 4e-3}
BASE_WIDTH = 384
FIELD_RATE = 1e-3


@dataclass(frozen=True)
class Choice:
    """One number that was chosen: what the recipe calls it, its value, and why."""

    name: str
    value: str
    why: str


@dataclass(frozen=True)
class Plan:
    """All that the loop needs to know; nothing in it is "auto".

    trained_parameters: how many learn. rank: what AdaLoRA leaves of each matrix on average.
    """

    way: str
    trained_parameters: int
    rank: int
    steps: int
    epochs: int
    batch_tokens: int
    accumulation: int
    optimiser: OptimiserName
    learning_rate: float
    field_learning_rate: float
    warmup_steps: int
    schedule: ScheduleName
    weight_decay: float
    layer_decay: float
    clip_norm: float
    averaging: float
    average: AverageName
    metric: str
    patience: int
    evaluate_every: int
    bf16: bool
    threads: int | None
    seed: int
    choices: tuple[Choice, ...] = ()


def choose_defaults(
    recipe: Recipe,
    train: Encoded,
    dev: Encoded,
    *,
    labels: int,
    hidden: int,
    metric: Choice,
    trained: Trained,
    device: str = "cpu",
) -> Plan:
    """Settle what the recipe leaves to "auto" by the texts, the number of labels, the encoder's width, and the way.

    metric: what the kind of task takes where the recipe names none.
    """
    batch_tokens, batch_why = _batch_tokens(recipe, train)
    epoch_steps = math.ceil(len(plan_batches(train.lengths, batch_tokens)) / recipe.accumulation)
    epochs, epochs_why = _epochs(recipe, epoch_steps, labels)
    steps = epochs * epoch_steps
    rate, rate_why = _learning_rate(recipe, hidden)
    if recipe.metric != "auto":
        metric = Choice("metric", recipe.metric, GIVEN)
    bf16, bf16_why = _bf16(recipe, device)
    return Plan(
        way=recipe.way,
        trained_parameters=trained.parameters,
        rank=recipe.rank,
        steps=steps,
        epochs=epochs,
        batch_tokens=batch_tokens,
        accumulation=recipe.accumulation,
        optimiser=recipe.optimiser,
        learning_rate=rate,
        field_learning_rate=FIELD_RATE,
        warmup_steps=round(recipe.warmup * steps),
        schedule=recipe.schedule,
        weight_decay=recipe.weight_decay,
        layer_decay=recipe.layer_decay if WAYS[recipe.way].tunes_base else 1.0,
        clip_norm=recipe.clip_norm,
        averaging=recipe.averaging,
        average=recipe.average,
        metric=metric.value,
        patience=recipe.patience,
        evaluate_every=math.ceil(steps / _evaluations(epochs, train, dev)),
        bf16=bf16,
        threads=None if recipe.threads == "auto" else recipe.threads,
        seed=recipe.seed,
        choices=(
            Choice("way", recipe.way, trained.sentence),
            Choice("batch_tokens", f"{batch_tokens:,}", batch_why),
            Choice("epochs", f"{epochs} ({steps:,} steps)", epochs_why),
            Choice("learning_rate", f"{rate:.3g}", rate_why),
            metric,
            Choice("precision", "bf16" if bf16 else "fp32", bf16_why),
        ),
    )


GIVEN = "set in the recipe"


def _batch_tokens(recipe: Recipe, train: Encoded) -> tuple[int, str]:
    if recipe.batch_tokens != "auto":
        return recipe.batch_tokens, GIVEN
    least, usual, most = TOKENS_IN_BATCH
    total, mean = int(train.lengths.sum()), float(train.lengths.mean())
    if total < usual * STEPS_AN_EPOCH:
        tokens = min(usual, max(least, total // STEPS_AN_EPOCH))
        return tokens, f"the set is small ({total:,} tokens): small batches leave more steps to learn in"
    tokens = int(min(most, max(usual, TEXTS_IN_BATCH * mean)))
    if tokens > usual:
        return (
            tokens,
            f"texts are long ({mean:.0f} tokens on average): about {tokens / mean:.0f} of them keep a step steady",
        )
    return tokens, "larger batches are hardly faster on a CPU and leave fewer steps to learn in"


def _epochs(recipe: Recipe, epoch_steps: int, labels: int) -> tuple[int, str]:
    if recipe.epochs != "auto":
        return recipe.epochs, GIVEN
    wanted = recipe.min_steps + (STEPS_A_LABEL * labels if labels > 10 else 0)
    epochs = min(MOST_EPOCHS, max(1, math.ceil(wanted / epoch_steps)))
    if epochs == MOST_EPOCHS:
        return epochs, f"one pass is {epoch_steps} steps only; more than {MOST_EPOCHS} passes would learn by heart"
    if epochs == 1:
        return epochs, f"one pass is {epoch_steps:,} steps, enough for {labels} labels"
    return (
        epochs,
        f"one pass is {epoch_steps:,} steps; below {wanted:,} steps a new head on {labels} labels stays under-trained",
    )


def _evaluations(epochs: int, train: Encoded, dev: Encoded) -> int:
    """As many as take about a tenth of the time, within bounds."""
    least, most = EVALUATIONS
    work = epochs * len(train.tokens) / (FORWARD_SHARE * len(dev.tokens))
    return min(most, max(least, round(EVALUATION_SHARE * work)))


def _learning_rate(recipe: Recipe, hidden: int) -> tuple[float, str]:
    if recipe.learning_rate != "auto":
        return recipe.learning_rate, GIVEN
    usual, times = BASE_RATES[recipe.optimiser], WAYS[recipe.way].rate
    more = f"; way = {recipe.way!r} takes {times:g} times that" if times != 1 else ""
    if recipe.optimiser == "adafactor":
        return usual * times, f"a share of the size of each matrix at a step{more}"
    return usual * times * BASE_WIDTH / hidden, (
        f"an encoder {hidden} wide: {usual:g} at {BASE_WIDTH}, less the wider it is; "
        f"the usual 2e-5 under-trains small encoders on small sets{more}"
    )


def _bf16(recipe: Recipe, device: str) -> tuple[bool, str]:
    if recipe.precision != "auto":
        return recipe.precision == "bf16", GIVEN
    if device == "cpu":
        has = torch.cpu._is_avx512_bf16_supported()
        return has, "the processor multiplies bf16 natively" if has else "the processor has no bf16 arithmetic"
    has = torch.cuda.is_bf16_supported(including_emulation=False)
    return has, "the GPU multiplies bf16 natively" if has else "the GPU has no bf16 arithmetic"
