"""Prefix tuning: learned keys and values that every token may attend to, in every layer."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from fengkong.training.recipe import Recipe
from fengkong.training.ways.way import Way, refused

__all__ = ["Prefix", "PrefixTuning"]

READ, ATTEND = "fengkong_prefix_start", "fengkong_prefix"
"""Kinds of attention that we teach transformers: one that starts the prefix, and one that attends to it."""


class Prefix(nn.Module):
    """Keys and values of one layer, float [heads of keys, virtual tokens, width of a head]."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.keys = nn.Parameter(keys)
        self.values = nn.Parameter(values)


class PrefixTuning(Way):
    """Li & Liang 2021, without their reparametrisation (Liu et al. 2022, "P-Tuning v2").

    The prefix starts as the keys and values of words drawn at random, which they found better than noise. It stands in
    the attention itself, not in a cache of past keys, so it suits encoders, takes no places and exports as it is.
    """

    name = "prefix"
    rate = 100.0

    def apply(self, encoder: PreTrainedModel, recipe: Recipe) -> None:
        """Give each attention its prefix. Raises SettingsError where the base has an attention of its own kind."""
        attentions: dict[nn.Module, Any] = {
            module: copy.copy(module.config) for module in encoder.modules() if _may_attend(module)
        }
        for module, config in attentions.items():
            module.config = config
            config._attn_implementation = READ
        words = torch.randint(encoder.config.vocab_size, (1, recipe.virtual_tokens)).to(encoder.device)
        with torch.no_grad():
            encoder(input_ids=words, attention_mask=torch.ones_like(words))
        for config in attentions.values():
            config._attn_implementation = ATTEND
        if not any(hasattr(module, "prefix") for module in attentions):
            raise refused(self, encoder, "can't take a prefix, since its attention is its own", "set way to 'lora'")

    def extent(self, recipe: Recipe) -> str:
        """How many virtual tokens."""
        return f"{recipe.virtual_tokens} virtual tokens a layer"


def _may_attend(module: nn.Module) -> bool:
    """Attentions ask their own configuration for the kind; the encoder's is left alone, as it makes the masks."""
    return "Attention" in type(module).__name__ and hasattr(module, "config")


def _read(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor]:
    """Start the prefix of this attention from the words that pass."""
    keys, values = (found[0].clone(memory_format=torch.contiguous_format) for found in (key, value))
    module.add_module("prefix", Prefix(keys, values))
    return _attention(module, query, key, value, mask, **options)


def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor]:
    """Attend to the prefix as well; no mask hides it, and no distance counts."""
    prefix = cast("Prefix", module.get_submodule("prefix"))
    count = prefix.keys.shape[1]
    key, value = (
        torch.cat([before.expand(found.shape[0], -1, -1, -1), found], dim=2)
        for before, found in ((prefix.keys, key), (prefix.values, value))
    )
    if mask is not None:
        mask = nn.functional.pad(mask, (count, 0))
    if (bias := options.pop("position_bias", None)) is not None:  # T5's, by distance
        bias = nn.functional.pad(bias, (count, 0))
    return _attention(module, query, key, value, mask, position_bias=bias, **options)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_bias: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """Plain attention, as transformers' own "eager" kind.

    query: float [batch, heads, tokens, width]; key, value: [batch, heads of keys, tokens seen, width]; mask and bias
    are added to the scores. Returns float [batch, tokens, heads, width] and the weights.
    """
    groups = query.shape[1] // key.shape[1]
    if groups > 1:  # several heads share a key
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    for added in (position_bias, mask):
        if added is not None:
            scores = scores + added
    weights = nn.functional.softmax(scores, dim=-1)
    weights = nn.functional.dropout(weights, p=dropout, training=module.training).to(value.dtype)
    return (weights @ value).transpose(1, 2).contiguous(), weights


ALL_ATTENTION_FUNCTIONS.register(READ, _read)
ALL_ATTENTION_FUNCTIONS.register(ATTEND, _attend)
