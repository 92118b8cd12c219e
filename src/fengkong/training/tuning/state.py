"""Where a training run stands: the weights that learn, the optimiser's moments, their average, the best so far.

Randomness needs no place here: dropout and the order of texts follow from the seed and the step number alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypedDict

import torch
from torch import Tensor, nn

from fengkong.training.defaults import Plan
from fengkong.training.encoding import Encoded
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding, expand_embedding
from fengkong.training.tasks.kind import LOWER_IS_BETTER, Kind
from fengkong.training.tuning.optimiser import make_optimiser
from fengkong.training.ways.rank_budget import RankBudget

__all__ = ["Facts", "TrainingState", "start_training"]

AVERAGE_EVERY = 8


class Facts(TypedDict):
    """The part of a state that is no tensor, as JSON holds it."""

    step: int
    seconds: float
    averaged: int
    stale: int
    pieces: int
    best_step: int
    best_figures: dict[str, float]


@dataclass
class TrainingState:
    """One run of the loop, resumable after every event that the loop yields. Made by `start_training`."""

    network: TextClassifier
    kind: Kind
    plan: Plan
    padding: int
    optimiser: torch.optim.Optimizer
    ranks: RankBudget | None = None
    step: int = 0
    pieces: int = 1
    seconds: float = 0.0
    averaged: int = 0
    average: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    best_step: int = 0
    best_figures: dict[str, float] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """The weights of the network that learn, by name."""
        return {name: w for name, w in self.network.named_parameters() if w.requires_grad}

    @property
    def over(self) -> bool:
        """Whether all steps are done, or patience has run out."""
        return self.step >= self.plan.steps or 0 < self.plan.patience <= self.stale

    def take_average(self) -> None:
        """Move the average towards the weights, every few steps (each costs a pass over all weights).

        "ema" looks back over `averaging` of all steps; in the beginning over less, so that the first weights fade
        (Polyak & Juditsky 1992; decay ramp as in Tarvainen & Valpola 2017). "tail" is the plain mean over that share at
        the end, and nothing before (checkpoint averaging as in Izmailov et al. 2018).
        """
        plan = self.plan
        horizon = plan.averaging * plan.steps
        if horizon < 1 or (plan.average == "tail" and self.step <= plan.steps - horizon):
            return
        every = max(1, min(AVERAGE_EVERY, int(horizon / 4)))
        weights = {name: w.detach() for name, w in self.weights.items()}
        if not self.average:
            self.average = {name: w.clone() for name, w in weights.items()}
        elif self.step % every == 0:
            self.averaged += 1
            ramp = (1 + self.averaged) / (10 + self.averaged)
            keep = min(1 - every / horizon, ramp) if plan.average == "ema" else self.averaged / (1 + self.averaged)
            torch._foreach_lerp_(list(self.average.values()), [weights[name] for name in self.average], 1 - keep)
        if self.ranks is not None:
            self.ranks.cut(self.average)

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """The network with the average in place of its weights, inside the block."""
        weights = self.weights
        self._exchange(weights)
        try:
            yield
        finally:
            self._exchange(weights)

    def _exchange(self, weights: Mapping[str, nn.Parameter]) -> None:
        for name, average in self.average.items():
            weights[name].data, self.average[name] = average, weights[name].data

    def note(self, figures: Mapping[str, float]) -> bool:
        """Keep the weights now in the network if their dev figures beat the best so far; say whether they do.

        Of two equal figures the one with the lower loss is better: on easy or small dev splits many are equal.
        """
        better = not self.best_figures or self._merit(figures) > self._merit(self.best_figures)
        if better:
            self.best_step, self.best_figures, self.stale = self.step, dict(figures), 0
            self.best = {name: w.detach().clone() for name, w in self.weights.items()}
        else:
            self.stale += 1
        return better

    def _merit(self, figures: Mapping[str, float]) -> tuple[float, float]:
        figure = figures[self.plan.metric]
        return (-figure if self.plan.metric in LOWER_IS_BETTER else figure), -figures["loss"]

    def settle(self) -> None:
        """Give the network the best weights so far (those it has, where none was measured) and its full embedding."""
        with torch.no_grad():
            for name, w in self.weights.items():
                if name in self.best:
                    w.copy_(self.best[name])
        expand_embedding(self.network)

    def tensors(self) -> dict[str, Tensor]:
        """All that `restore` needs, by name."""
        weights = self.weights
        moments = {
            f"optimiser.{key}/{name}": value
            for name, w in weights.items()
            for key, value in self.optimiser.state.get(w, {}).items()
        }
        return {
            **{f"weights/{name}": w.detach() for name, w in weights.items()},
            **{f"average/{name}": value for name, value in self.average.items()},
            **{f"best/{name}": value for name, value in self.best.items()},
            **moments,
            **({f"ranks.{name}": value for name, value in self.ranks.tensors().items()} if self.ranks else {}),
        }

    def facts(self) -> Facts:
        """The counters and figures that belong to `tensors`."""
        return Facts(
            step=self.step,
            seconds=self.seconds,
            averaged=self.averaged,
            stale=self.stale,
            pieces=self.pieces,
            best_step=self.best_step,
            best_figures=self.best_figures,
        )

    def restore(self, tensors: Mapping[str, Tensor], facts: Facts) -> None:
        """Take over a saved state of a run with the same plan and data."""
        weights = self.weights
        device = next(iter(weights.values())).device
        for key, value in tensors.items():
            kind, name = key.split("/", 1)
            match kind:
                case "weights":
                    with torch.no_grad():
                        weights[name].copy_(value)
                case "average":
                    self.average[name] = value.to(device)
                case "best":
                    self.best[name] = value.to(device)
                case _ if self.ranks is not None and kind.startswith("ranks."):
                    self.ranks.restore(kind.removeprefix("ranks."), name, value.to(device))
                case _:
                    slot = kind.removeprefix("optimiser.")
                    self.optimiser.state[weights[name]][slot] = value.to(device)
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.averaged, self.stale, self.pieces = facts["averaged"], facts["stale"], facts["pieces"]
        self.best_step, self.best_figures = facts["best_step"], dict(facts["best_figures"])


def start_training(
    network: TextClassifier, kind: Kind, plan: Plan, train: Encoded, dev: Encoded, *, padding: int
) -> TrainingState:
    """The state before the first step. A word-embedding table that learns is compact until `settle` is called."""
    if all(weights.requires_grad for weights in network.encoder.get_input_embeddings().parameters()):
        compact_embedding(network, train.tokens, dev.tokens, padding=padding)
    ranks = RankBudget.of(network, rank=plan.rank, steps=plan.steps)
    return TrainingState(network, kind, plan, padding, make_optimiser(network, plan), ranks)
