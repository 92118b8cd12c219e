"""The ways by name."""

from collections.abc import Mapping

from transformers import PreTrainedModel

from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe
from fengkong.training.ways.adapter import Adapters
from fengkong.training.ways.low_rank import AdaLora, Ia3, Lora
from fengkong.training.ways.partial import BitFit, Frozen, Full, TopLayers
from fengkong.training.ways.prefix import PrefixTuning
from fengkong.training.ways.prompt import PromptTuning
from fengkong.training.ways.recomputing import recompute_layers
from fengkong.training.ways.way import Way

__all__ = ["WAYS", "apply_way", "places_left"]

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
FEWEST_PLACES = 8


def apply_way(encoder: PreTrainedModel, recipe: Recipe) -> Way:
    """Make the encoder learn in the recipe's way, in place; what doesn't learn asks for no gradient.

    Where the recipe asks for `gradient_checkpointing`, its layers are computed twice.

    Raises SettingsError where this kind of base can't be tuned so.
    """
    way = WAYS[recipe.way]
    encoder.requires_grad_(False)
    way.apply(encoder, recipe)
    if recipe.gradient_checkpointing:
        recompute_layers(encoder)
    return way


def places_left(recipe: Recipe, longest: int) -> int:
    """Tokens of a text that a base can read which reads so many, less what the way takes.

    Raises SettingsError where nothing to speak of is left.
    """
    left = longest - WAYS[recipe.way].places(recipe)
    if left < FEWEST_PLACES:
        raise SettingsError(
            f"the base reads {longest} tokens, and the prompt leaves no place for the text",
            where="virtual_tokens",
            received=str(recipe.virtual_tokens),
            cure="ask for fewer, or set way to 'prefix', which takes none",
        )
    return left
