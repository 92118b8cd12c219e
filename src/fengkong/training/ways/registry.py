"""The ways by name."""

from collections.abc import Mapping

from transformers import PreTrainedModel

from fengkong.training.recipe import Recipe
from fengkong.training.ways.adapter import Adapters
from fengkong.training.ways.low_rank import AdaLora, Ia3, Lora
from fengkong.training.ways.partial import BitFit, Frozen, Full, TopLayers
from fengkong.training.ways.prefix import PrefixTuning
from fengkong.training.ways.prompt import PromptTuning
from fengkong.training.ways.way import Way

__all__ = ["WAYS", "apply_way"]

WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Full(),
        Frozen(),
        TopLayers(),
        BitFit(),
        Lora(),
        AdaLora(),
        PrefixTuning(),
        PromptTuning(),
        Ia3(),
        Adapters(),
    )
}
"""Every way that a recipe may name."""


def apply_way(encoder: PreTrainedModel, recipe: Recipe) -> Way:
    """Make the encoder learn in the recipe's way, in place; what doesn't learn asks for no gradient.

    Raises SettingsError where this kind of base can't be tuned so.
    """
    way = WAYS[recipe.way]
    encoder.requires_grad_(False)
    way.apply(encoder, recipe)
    return way
