"""Bottleneck adapters: small networks after each attention and each feed-forward network."""

from torch import Tensor, nn
from transformers import PreTrainedModel

from fengkong.training.recipe import Recipe
from fengkong.training.ways.anatomy import attention_outputs, feed_forward_outputs
from fengkong.training.ways.way import Way, refused

__all__ = ["Adapters", "Bottleneck"]


class Bottleneck(nn.Module):
    """Down to a few units and up again, added to what came in. It starts as the identity."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, units)
        self.up = nn.Linear(units, width)
        nn.init.normal_(self.down.weight, std=0.02)
        for weights in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(weights)

    def forward(self, states: Tensor) -> Tensor:
        """float [batch, tokens, width] to the same."""
        added: Tensor = self.up(nn.functional.gelu(self.down(states)))
        return states + added


class Adapters(Way):
    """Houlsby et al. 2019: two bottlenecks a layer, each before the residual connection."""

    name = "adapter"
    rate = 10.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Put the bottlenecks in. Raises SettingsError where their places are not found."""
        for found in (attention_outputs(encoder), feed_forward_outputs(encoder)):
            if not found:
                raise refused(self, encoder, "does not show where adapters belong", "set way to 'lora'")
            for module in found.values():
                # Inside the map and called by a hook, so that the base's own weights keep their names.
                module.add_module("adapter", Bottleneck(encoder.config.hidden_size, recipe.bottleneck))
                module.register_forward_hook(_pass_through)

    def extent(self, recipe: Recipe) -> str:
        """How narrow."""
        return f"{recipe.bottleneck} units"


def _pass_through(module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
    through: Tensor = module.get_submodule("adapter")(output)
    return through
