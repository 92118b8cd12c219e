"""Where the parts of a layer are in an encoder, whatever its kind calls them.

Names are those of transformers' models. A way that finds none of its parts refuses the base.
"""

import re
from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

__all__ = ["attention_outputs", "feed_forward_outputs", "keys_and_values", "linear_maps", "stacks"]

KEYS_AND_VALUES = re.compile(
    r"\.(key|value|k_proj|v_proj|k_lin|v_lin|key_proj|value_proj|\w*Attention\.[kv]"
    r"|c_attn|Wqkv|qkv_proj|query_key_value)$"  # one map for queries, keys and values
)
ATTENTION_OUTPUT = re.compile(
    r"\.(attention\.output\.dense|attention\.out_lin|attn\.(c_proj|Wo|out_proj)|self_attn\.(o_proj|out_proj|dense)"
    r"|\w*Attention\.o)$"
)
FEED_FORWARD_OUTPUT = re.compile(
    r"(?<!\.attention)\.output\.dense$|\.(ffn\.lin2|mlp\.(c_proj|down_proj|Wo|fc2)|DenseReluDense\.wo|fc2)$"
)


def stacks(encoder: PreTrainedModel) -> list[nn.ModuleList]:
    """Its stacks of layers, lowest layer first: one, or two where an encoder and a decoder are joined."""
    found: list[tuple[str, nn.ModuleList]] = []
    for name, module in encoder.named_modules():
        inner = any(name.startswith(f"{outer}.") for outer, _ in found)
        if isinstance(module, nn.ModuleList) and not inner and any(True for _ in module.parameters()):
            found.append((name, module))
    return [module for _, module in found]


def linear_maps(encoder: PreTrainedModel) -> dict[str, nn.Module]:
    """Every linear map inside the layers, by its name in the encoder."""
    layers = {id(module) for stack in stacks(encoder) for module in stack.modules()}
    return {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and id(module) in layers
    }


def keys_and_values(encoder: PreTrainedModel) -> dict[str, nn.Module]:
    """The maps that make keys and values (and queries, where they share one map)."""
    return dict(_named(encoder, KEYS_AND_VALUES))


def attention_outputs(encoder: PreTrainedModel) -> dict[str, nn.Module]:
    """The map that ends each attention."""
    return dict(_named(encoder, ATTENTION_OUTPUT))


def feed_forward_outputs(encoder: PreTrainedModel) -> dict[str, nn.Module]:
    """The map that ends each feed-forward network."""
    return dict(_named(encoder, FEED_FORWARD_OUTPUT))


def _named(encoder: PreTrainedModel, pattern: re.Pattern[str]) -> Iterator[tuple[str, nn.Module]]:
    for name, module in linear_maps(encoder).items():
        if pattern.search(f".{name}"):
            yield name, module
