"""Ways that train weights of the base itself: all of them, none, the top layers, the biases."""

from transformers import PreTrainedModel

from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe
from fengkong.training.ways.anatomy import stacks
from fengkong.training.ways.way import Way, refused

__all__ = ["BitFit", "Frozen", "Full", "TopLayers"]


class Full(Way):
    """Every weight learns (Devlin et al. 2019)."""

    name = "full"
    tunes_base = True

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:  # noqa: ARG002 - it has no number
        """Let all weights learn."""
        encoder.requires_grad_(True)


class Frozen(Way):
    """The base stays as it is, and only the heads learn: a linear model on its text vectors."""

    name = "frozen"
    rate = 80.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Nothing to do: the encoder comes frozen."""


class TopLayers(Way):
    """The layers next to the heads learn (Lee et al. 2019, "What Would Elsa Do?")."""

    name = "top"
    tunes_base = True

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Let the top layers of each stack learn. Raises SettingsError where it has fewer layers than asked for."""
        for stack in stacks(encoder):
            if recipe.top_layers > len(stack):
                raise SettingsError(
                    "the base has fewer layers than top_layers asks for",
                    where="top_layers",
                    received=f"{recipe.top_layers}, and the base has {len(stack)}",
                    cure="ask for fewer, or set way to 'full'",
                )
            for layer in list(stack)[-recipe.top_layers :]:
                layer.requires_grad_(True)

    def extent(self, recipe: Recipe) -> str:
        """How many layers."""
        return "the top layer" if recipe.top_layers == 1 else f"the top {recipe.top_layers} layers"


class BitFit(Way):
    """Only the biases learn (Ben Zaken et al. 2022), those of the norms among them."""

    name = "bitfit"
    rate = 30.0
    tunes_base = True

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:  # noqa: ARG002 - it has no number
        """Let the biases learn. Raises SettingsError where the base has none."""
        biases = [weights for name, weights in encoder.named_parameters() if name.endswith("bias")]
        if not biases:
            raise refused(self, encoder, "has no biases to tune", "set way to 'lora', which suits it")
        for weights in biases:
            weights.requires_grad_(True)
