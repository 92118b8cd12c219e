"""Prompt tuning: learned vectors in front of the words."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from fengkong.training.recipe import Recipe
from fengkong.training.ways.way import Way

__all__ = ["Prompt", "PromptTuning"]


class Prompt(nn.Module):
    """The vectors, float [virtual tokens, width of an embedding]."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors)


class PromptTuning(Way):
    """Virtual tokens before each text (Lester et al. 2021), started from words of the vocabulary drawn at random.

    The encoder answers for the words alone, so pooling and heads never see the virtual tokens.
    """

    name = "prompt"
    rate = 100.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Put the vectors before whatever the encoder reads."""
        table = cast("nn.Embedding", encoder.get_input_embeddings()).weight.detach()
        words = torch.randint(len(table), (recipe.virtual_tokens,)).to(table.device)
        encoder.add_module("prompt", Prompt(table[words].clone()))
        encoder.register_forward_pre_hook(_put_before, with_kwargs=True)
        encoder.register_forward_hook(_cut_away)

    def extent(self, recipe: Recipe) -> str:
        """How many virtual tokens."""
        return f"{recipe.virtual_tokens} virtual tokens"

    def places(self, recipe: Recipe) -> int:
        """Each virtual token takes one."""
        return recipe.virtual_tokens


def _put_before(
    encoder: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Token ids become vectors, those of the prompt first; the mask grows with them."""
    assert isinstance(encoder, PreTrainedModel)  # noqa: S101 - what the hook was registered on
    ids, mask = kwargs.pop("input_ids"), kwargs.pop("attention_mask")
    vectors = cast("Prompt", encoder.get_submodule("prompt")).vectors.expand(ids.shape[0], -1, -1)
    return args, {
        **kwargs,
        "inputs_embeds": torch.cat([vectors, encoder.get_input_embeddings()(ids)], dim=1),
        "attention_mask": torch.cat([torch.ones_like(vectors[:, :, 0], dtype=mask.dtype), mask], dim=1),
    }


def _cut_away(encoder: nn.Module, _args: object, output: Any) -> Any:
    count = cast("Prompt", encoder.get_submodule("prompt")).vectors.shape[0]
    output.last_hidden_state = output.last_hidden_state[:, count:]
    return output
