"""Where pre-training stands: weights, the optimiser's moments, and the perplexities so far. It has no other memory.

What is hidden, and the order of rows, follow from the seed and the step alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import torch
from torch import Tensor, nn

from fengkong.training.pretraining.model import MaskedModel
from fengkong.training.pretraining.plan import Plan

__all__ = ["Facts", "PretrainingState", "start_pretraining"]


class Facts(TypedDict):
    """The part of a state that is no tensor, as JSON holds it. curve: pairs of step and loss on held-out documents.

    pieces: into how many each batch is cut, since memory ran out.
    """

    step: int
    pieces: int
    seconds: float
    curve: list[tuple[int, float]]


@dataclass
class PretrainingState:
    """One run of the loop, resumable after every event that the loop yields."""

    model: MaskedModel
    plan: Plan
    optimiser: torch.optim.Optimizer
    step: int = 0
    pieces: int = 1
    seconds: float = 0.0
    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """All weights, by name; the tied ones once."""
        return dict(self.model.named_parameters())

    @property
    def over(self) -> bool:
        """Whether all steps are done."""
        return self.step >= self.plan.steps

    def tensors(self) -> dict[str, Tensor]:
        """All that `restore` needs, by name."""
        weights = self.weights
        moments = {
            f"optimiser.{key}/{name}": value
            for name, w in weights.items()
            for key, value in self.optimiser.state.get(w, {}).items()
        }
        return {**{f"weights/{name}": w.detach() for name, w in weights.items()}, **moments}

    def facts(self) -> Facts:
        """The counters that belong to `tensors`."""
        return Facts(step=self.step, pieces=self.pieces, seconds=self.seconds, curve=self.curve)

    def restore(self, tensors: Mapping[str, Tensor], facts: Facts) -> None:
        """Take over a saved state of a run with the same plan, base and corpus."""
        weights = self.weights
        for key, value in tensors.items():
            kind, name = key.split("/", 1)
            if kind == "weights":
                with torch.no_grad():
                    weights[name].copy_(value)
            else:
                self.optimiser.state[weights[name]][kind.removeprefix("optimiser.")] = value.to(weights[name].device)
        self.step, self.pieces, self.seconds = facts["step"], facts["pieces"], facts["seconds"]
        self.curve = [(step, loss) for step, loss in facts["curve"]]


def start_pretraining(model: MaskedModel, plan: Plan) -> PretrainingState:
    """The state before the first step. AdamW; biases, norms and embedding tables bear no decay."""
    groups = [
        {"params": [w for name, w in model.named_parameters() if (w.ndim < 2 or "embedding" in name) is bare], **decay}
        for bare, decay in ((True, {"weight_decay": 0.0}), (False, {"weight_decay": plan.weight_decay}))
    ]
    # Moments that forget faster than AdamW's own: gradients change fast under hidden words (Liu et al. 2019).
    optimiser = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    return PretrainingState(model, plan, optimiser)
