"""Ways that add to or scale the linear maps of a base, by peft's layers, and are folded into them for export."""

import torch
from peft import AdaLoraConfig, IA3Config, LoraConfig, PeftConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from fengkong.training.recipe import Recipe
from fengkong.training.ways.anatomy import feed_forward_outputs, keys_and_values, linear_maps
from fengkong.training.ways.way import Way, refused

__all__ = ["AdaLora", "Ia3", "Lora", "fold"]

SCALE = 2
"""What the product of the two factors is multiplied by (alpha / rank)."""
FIRST_RANK = 1.5
"""AdaLoRA's rank before it is cut, as a multiple of the rank that is left on average (Zhang et al. 2023, 4)."""


class Lora(Way):
    """Low-rank additions to every linear map of the layers (Hu et al. 2022; all maps as in Dettmers et al. 2023)."""

    name = "lora"
    rate = 10.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Put the two factors beside each map; their product starts at zero."""
        maps = linear_maps(encoder)
        _inject(
            encoder,
            LoraConfig(
                r=recipe.rank,
                lora_alpha=SCALE * recipe.rank,
                target_modules=list(maps),
                fan_in_fan_out=_transposed(maps),
            ),
        )

    def extent(self, recipe: Recipe) -> str:
        """Its rank."""
        return f"rank {recipe.rank}"


class AdaLora(Way):
    """LoRA as a singular value decomposition, whose rank is moved to the maps that need it (Zhang et al. 2023).

    It starts with half as much rank again; `RankBudget` cuts it while training.
    """

    name = "adalora"
    rate = 30.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Put the three factors beside each map; the singular values start at zero."""
        maps = linear_maps(encoder)
        first = int(FIRST_RANK * recipe.rank + 0.5)
        _inject(
            encoder,
            AdaLoraConfig(
                init_r=first,
                lora_alpha=SCALE * first,
                target_modules=list(maps),
                fan_in_fan_out=_transposed(maps),
                total_step=1,  # peft wants one; the true number is RankBudget's
            ),
        )

    def extent(self, recipe: Recipe) -> str:
        """Its rank, before and after."""
        return f"rank {int(FIRST_RANK * recipe.rank + 0.5)}, cut to {recipe.rank} on average"


class Ia3(Way):
    """A learned factor for each key, value and hidden unit of the feed-forward networks (Liu et al. 2022)."""

    name = "ia3"
    rate = 100.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:  # noqa: ARG002 - it has no number
        """Put the factors, one at first, into their maps. Raises SettingsError where these are not found."""
        inputs = feed_forward_outputs(encoder)  # what enters them are the hidden units
        maps = keys_and_values(encoder) | inputs
        if len(maps) == len(inputs):
            raise refused(self, encoder, "does not show its keys and values", "set way to 'lora'")
        _inject(
            encoder,
            IA3Config(target_modules=list(maps), feedforward_modules=list(inputs), fan_in_fan_out=_transposed(maps)),
        )


def fold(encoder: PreTrainedModel) -> None:
    """Fold what these ways have learned into the base's own maps: the same answers, and no trace of the way."""
    added = {name: module for name, module in encoder.named_modules() if isinstance(module, BaseTunerLayer)}
    for name, module in added.items():
        with torch.no_grad():
            module.merge()
        encoder.set_submodule(name, module.get_base_layer())


def _inject(encoder: PreTrainedModel, config: PeftConfig) -> None:
    inject_adapter_in_model(config, encoder)


def _transposed(maps: dict[str, nn.Module]) -> bool:
    """Whether they hold their weights as [inputs, outputs], as GPT-2's do."""
    return any(isinstance(module, Conv1D) for module in maps.values())
