"""What a way of tuning is, and how much it trains."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import nn
from transformers import PreTrainedModel

from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe

__all__ = ["Trained", "Way", "count_trained", "refused"]


class Way(ABC):
    """One way of tuning: it marks the weights of a frozen encoder that learn, or adds some that do.

    The heads on the encoder always learn and are no business of a way.
    rate: its learning rate, as a multiple of that of full tuning.
    tunes_base: whether weights of the base itself learn, so that lower layers learn slower (`layer_decay`).
    """

    name: ClassVar[str]
    rate: ClassVar[float] = 1.0
    tunes_base: ClassVar[bool] = False

    @abstractmethod
    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Change the encoder, whose weights are all frozen, in place. Random starts come from torch's generator.

        Raises SettingsError where this kind of base can't be tuned so.
        """

    def extent(self, recipe: Recipe) -> str:  # noqa: ARG002 - a way may have no number of its own
        """Its number, in words ("rank 8"); "" where it has none."""
        return ""

    def places(self, recipe: Recipe) -> int:  # noqa: ARG002
        """How many of the tokens that the encoder can read it takes for itself."""
        return 0


@dataclass(frozen=True)
class Trained:
    """How much is trained: parameters that learn, and all that there are, heads included."""

    way: str
    extent: str
    parameters: int
    total: int

    @property
    def sentence(self) -> str:
        """Such as "rank 8: 147,456 of 22.7M parameters trained (0.6%)"."""
        extent = f"{self.extent}: " if self.extent else ""
        share = self.parameters / self.total
        return f"{extent}{self.parameters:,} of {_rounded(self.total)} parameters trained ({_percent(share)})"


def count_trained(network: nn.Module, way: Way, recipe: Recipe) -> Trained:
    """Count what learns in a network whose encoder the way was applied to."""
    sizes = [(weights.numel(), weights.requires_grad) for weights in network.parameters()]
    return Trained(
        way.name, way.extent(recipe), sum(size for size, learns in sizes if learns), sum(size for size, _ in sizes)
    )


def refused(way: Way, encoder: PreTrainedModel, why: str, cure: str) -> SettingsError:
    """The error for a base that can't be tuned so. why: what its kind of model lacks, as "has no biases"."""
    kind = encoder.config.model_type
    return SettingsError(f"a base of the kind {kind!r} {why}", where="way", received=repr(way.name), cure=cure)


def _rounded(count: int) -> str:
    return f"{count / 1e6:,.1f}M" if count >= 1e6 else f"{count:,}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.3%}"
