"""What pre-training is asked to do, and the numbers that the loop goes by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from fengkong.domain.errors import SettingsError

__all__ = [
    "SIZES",
    "Plan",
    "Pretraining",
    "Size",
    "evaluation_steps",
    "evaluations_within",
    "make_plan",
    "rows_of_step",
]

Size = Literal["small", "medium"]
SIZES: Mapping[Size, Mapping[str, int]] = {
    "small": {"layers": 4, "hidden": 256, "heads": 4},
    "medium": {"layers": 6, "hidden": 384, "heads": 6},
}
VOCABULARY = 12_000
BATCH_TOKENS = {"cpu": 4096, "cuda": 32_768}
RATE_FROM_SCRATCH, RATE_GOING_ON = 5e-4, 1e-4
WARMUP_SHARE = 0.06
EVALUATIONS, EVALUATION_SHARE = 20, 0.1
FORWARD_SHARE = 1 / 3  # of the work of a step; the way back is the rest


@dataclass(frozen=True)
class Pretraining:
    """What is asked for.

    base: a name as `load_base` takes it; None for a BERT from nothing, of a size.
    vocabulary: tokens of a vocabulary learnt from the corpus; None keeps the base's. With a base, its layers and the
        rows of the tokens that both vocabularies hold are kept.
    One of minutes, steps and epochs says how long: about so many minutes by the pace of the first steps, on the machine
        as it is then.
    max_tokens: of a row, and the longest text that a model from nothing will read.
    batch_tokens: of a step; None for what suits the device.
    learning_rate: the highest; None for 5e-4 where the embedding is new, else 1e-4.
    """

    base: str | None = None
    size: Size = "small"
    vocabulary: int | None = None
    minutes: float | None = None
    steps: int | None = None
    epochs: int | None = None
    max_tokens: int = 128
    batch_tokens: int | None = None
    learning_rate: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises SettingsError for a number out of range, and unless one budget is given."""
        given = {name: getattr(self, name) for name in ("minutes", "steps", "epochs") if getattr(self, name)}
        if len(given) != 1:
            raise SettingsError(
                "how long to pre-train is said by one number",
                received=", ".join(given) or "none",
                cure="give minutes, steps or epochs",
            )
        least = {
            **dict.fromkeys(given, 0),
            "vocabulary": 100,
            "max_tokens": 16,
            "batch_tokens": self.max_tokens,
            "learning_rate": 0,
        }
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and not (value >= low and 0 < value < math.inf):
                raise SettingsError(
                    f"{name} is out of range", received=str(value), cure=f"give {low} or more" if low else "give more"
                )

    @property
    def new_vocabulary(self) -> int | None:
        """How many tokens to learn; None where the base's are kept."""
        return self.vocabulary or (VOCABULARY if self.base is None else None)


@dataclass(frozen=True)
class Plan:
    """All that the loop needs to know. rows: of a step. bf16: matrix products in bf16, weights in fp32."""

    steps: int
    rows: int
    learning_rate: float
    warmup_steps: int
    evaluate_every: int
    bf16: bool
    seed: int
    weight_decay: float = 0.01
    clip_norm: float = 1.0

    def rate(self, step: int) -> float:
        """The learning rate at a step (from 0): up to the highest, then down to zero in a straight line."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / (self.warmup_steps + 1)
        return self.learning_rate * (self.steps - step) / max(1, self.steps - self.warmup_steps)


def evaluation_steps(rows: int, held_out: int) -> float:
    """What measuring on so many held-out rows costs, in steps of so many rows."""
    return FORWARD_SHARE * held_out / rows


def evaluations_within(steps: float, evaluation: float) -> int:
    """How often to measure in so many steps: twenty times, or less where that would be over a tenth of the work."""
    return max(1, min(EVALUATIONS, int(EVALUATION_SHARE * steps / evaluation)))


def make_plan(asked: Pretraining, steps: int, *, rows: int, held_out: int, device: str) -> Plan:
    """The plan of so many steps of so many rows, measured on so many held out."""
    rate = asked.learning_rate or (RATE_FROM_SCRATCH if asked.new_vocabulary else RATE_GOING_ON)
    return Plan(
        steps=steps,
        rows=rows,
        learning_rate=rate,
        warmup_steps=round(WARMUP_SHARE * steps),
        evaluate_every=math.ceil(steps / evaluations_within(steps, evaluation_steps(rows, held_out))),
        bf16=_has_bf16(device),
        seed=asked.seed,
    )


def rows_of_step(asked: Pretraining, length: int, available: int, *, device: str) -> int:
    """How many rows make a step: as many as the budget of tokens holds, and no more than there are."""
    return min(available, max(1, (asked.batch_tokens or BATCH_TOKENS[device]) // length))


def _has_bf16(device: str) -> bool:
    if device == "cpu":
        return torch.cpu._is_avx512_bf16_supported()
    has: bool = torch.cuda.is_bf16_supported(including_emulation=False)
    return has
