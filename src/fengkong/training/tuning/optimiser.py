"""The optimiser with one rate a depth, and the rate's way over the steps."""

import math
import re
from collections import defaultdict

import torch
from torch import nn

from fengkong.training.defaults import Plan
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import CompactEmbedding

__all__ = ["make_optimiser", "rate_share", "set_rate"]

LAYER = re.compile(r"\.(?:layer|layers|h|block|blocks)\.(\d+)\.")


MOMENTUM = 0.9
TRANSITION_RATE = 1e-2
"""Scores of one tag after another start from nothing and are few; at a head's rate they hardly move in an epoch."""


def make_optimiser(network: TextClassifier, plan: Plan) -> torch.optim.Optimizer:
    """The plan's optimiser over all weights that learn, grouped by depth.

    AdamW (Loshchilov & Hutter 2019), SGD with momentum (Sutskever et al. 2013), or Adafactor (Shazeer & Stern 2018),
    whose rate is a share of the size of each matrix.

    The head learns at the plan's rate and each layer below at `layer_decay` times the rate above it (Howard & Ruder
    2018; Clark et al. 2020); the field head's small network and a tagger's transitions have their own
    rate. Biases, norms and embedding tables bear no decay.
    """
    layers = 1 + max(
        (layer for name, _ in network.named_parameters() if (layer := _layer_of(name)) is not None), default=-1
    )
    tables = _tables(network)
    found: dict[tuple[float, float], list[nn.Parameter]] = defaultdict(list)
    for name, weights in network.named_parameters():
        if weights.requires_grad:
            decay = 0.0 if weights.ndim < 2 or name in tables else plan.weight_decay
            found[_rate_of(name, layers, plan, in_table=name in tables), decay].append(weights)
    groups = [
        {"params": params, "lr": rate, "top": rate, "weight_decay": decay} for (rate, decay), params in found.items()
    ]
    match plan.optimiser:
        case "adamw":
            # Fused is one pass over weights and moments; this step waits for memory.
            return torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-6, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, momentum=MOMENTUM)
        case "adafactor":
            return torch.optim.Adafactor(groups)


def rate_share(step: int, plan: Plan) -> float:
    """The share of the highest rate, in (0, 1], at a step (from 0): warm-up, then to zero or constant."""
    if step < plan.warmup_steps:
        return (step + 1) / (plan.warmup_steps + 1)
    done = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    match plan.schedule:
        case "linear":
            return 1 - done
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        case "constant":
            return 1.0


def set_rate(optimiser: torch.optim.Optimizer, share: float) -> None:
    """Set every group to its highest rate times `share`."""
    for group in optimiser.param_groups:
        group["lr"] = group["top"] * share


def _tables(network: TextClassifier) -> set[str]:
    """The names of embedding tables, which are called otherwise in every kind of base (embeddings, wte, shared)."""
    return {
        f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Embedding | CompactEmbedding)
    }


def _layer_of(name: str) -> int | None:
    found = LAYER.search(name)
    return int(found[1]) if found else None


def _rate_of(name: str, layers: int, plan: Plan, *, in_table: bool) -> float:
    if name.startswith("field_head.deep"):
        return plan.field_learning_rate
    if name.startswith("transitions"):
        return TRANSITION_RATE
    if not name.startswith("encoder."):
        return plan.learning_rate
    layer = _layer_of(name)
    if layer is None:  # what stands before the first layer (embeddings) or after the last (a closing norm)
        layer = -1 if in_table or "embed" in name else layers - 1
    return plan.learning_rate * plan.layer_decay ** (layers - layer)
