"""AdaLoRA's budget: which ranks are kept, by how much each matters to the loss (Zhang et al. 2023).

peft's allocator does the sums. It must hear of every step while the gradients are still there, and know the number of
steps; the penalty that keeps the factors orthogonal must join the loss. Where any of this is left out, AdaLoRA trains
as if all were well and never moves a rank.
"""

from collections.abc import Iterator, Mapping
from typing import Self

import torch
from peft import AdaLoraConfig
from peft.tuners.adalora import SVDLinear
from peft.tuners.adalora.layer import RankAllocator
from torch import Tensor, nn

__all__ = ["RankBudget", "ranks_left"]

ADAPTER = "default"
"""peft's name for the one set of factors."""
UNTOUCHED, SETTLED = 0.1, 0.3
"""Shares of the steps before the first rank is cut, and after the last one."""
ALLOCATIONS = 100
"""How often ranks are moved, at most."""
ORTHOGONALITY = 0.1
"""Weight of the penalty."""
MEMORIES = ("ipt", "exp_avg_ipt", "exp_avg_unc")
"""What the allocator remembers of each factor: its sensitivity, and that and its uncertainty smoothed."""


class RankBudget:
    """The ranks of one network's AdaLoRA factors over a run of so many steps.

    kept: which singular values of each map are left, bool [first rank], once that is settled.
    """

    def __init__(self, network: nn.Module, *, rank: int, steps: int) -> None:
        """rank: how many are left in each map on average."""
        self._network = network
        config = AdaLoraConfig(
            target_r=rank,
            total_step=steps,
            tinit=int(UNTOUCHED * steps),
            tfinal=int(SETTLED * steps),
            deltaT=max(1, steps // ALLOCATIONS),
        )
        self._settled_at = steps - config.tfinal
        self._allocator = RankAllocator(network, config, ADAPTER)  # type: ignore[no-untyped-call]  # peft leaves it unannotated
        self.kept: dict[str, Tensor] = {}

    @classmethod
    def of(cls, network: nn.Module, *, rank: int, steps: int) -> Self | None:
        """The budget of a network that is tuned by AdaLoRA; None for any other."""
        if any(isinstance(module, SVDLinear) for module in network.modules()):
            return cls(network, rank=rank, steps=steps)
        return None

    @property
    def ranks(self) -> dict[str, int]:
        """Rank now in use of each map, by its name in the network."""
        return ranks_left(self._network)

    def penalty(self) -> Tensor:
        """To be added to the loss: how far the factors are from orthogonal."""
        products = [a @ a.T for _, a in self._factors("lora_A")] + [b.T @ b for _, b in self._factors("lora_B")]
        apart = [torch.linalg.matrix_norm(found - torch.eye(len(found), device=found.device)) for found in products]
        return ORTHOGONALITY * torch.stack(apart).mean()

    def after_step(self, step: int) -> None:
        """Move ranks after an optimiser step (counted from 1), with the gradients of that step still in place."""
        if step < self._settled_at or (step == self._settled_at > 1):
            last = step == self._settled_at
            _, kept = self._allocator.update_and_allocate(  # type: ignore[no-untyped-call]
                self._network, step, force_mask=last
            )
            if last:
                self.kept = {name: torch.tensor(places) for name, places in kept.items()}
        self.cut(dict(self._factors("lora_E")))

    def cut(self, weights: Mapping[str, Tensor]) -> None:
        """Set singular values that are not kept to zero, among weights (or averages of them) by name."""
        with torch.no_grad():
            for name, kept in self.kept.items():
                weights[name][~kept] = 0

    def tensors(self) -> dict[str, Tensor]:
        """What `restore` needs, as "what/name"."""
        memories = {
            f"{memory}/{name}": found for memory in MEMORIES for name, found in vars(self._allocator)[memory].items()
        }
        return memories | {f"kept/{name}": kept for name, kept in self.kept.items()}

    def restore(self, what: str, name: str, value: Tensor) -> None:
        """Take over one of the saved tensors."""
        if what == "kept":
            self.kept[name] = value
        else:
            vars(self._allocator)[what][name] = value

    def _factors(self, kind: str) -> Iterator[tuple[str, nn.Parameter]]:
        return _factors(self._network, kind)


def ranks_left(network: nn.Module) -> dict[str, int]:
    """The rank that AdaLoRA has in each matrix, by its name in the network; none where it is tuned in another way."""
    return {name.partition(".lora_E.")[0]: int(values.count_nonzero()) for name, values in _factors(network, "lora_E")}


def _factors(network: nn.Module, kind: str) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, weights) for name, weights in network.named_parameters() if f".{kind}." in name)
