"""The trained network as an ONNX graph in fp32: the same sums, for a runtime without torch."""

import copy
import functools
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import torch
from transformers.pytorch_utils import Conv1D

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases.from_scratch import KINDS
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import expand_embedding
from fengkong.training.networks.token_head import TokenTagger
from fengkong.training.ways.low_rank import fold

__all__ = ["OTHER_KINDS", "not_exportable", "settled", "to_onnx"]

OPSET = 17  # the first with LayerNormalization as one operator
OTHER_KINDS = f"choose one of these kinds: {', '.join(KINDS)}"


def settled(network: TextClassifier) -> TextClassifier:
    """A copy in its final form: on the CPU, fp32, dropout off, all embeddings in place, plain attention.

    What was learned beside the base is folded into it, where that can be.
    """
    final = copy.deepcopy(network).float().cpu().eval()
    expand_embedding(final)
    fold(final.encoder)
    final.encoder.set_attn_implementation("eager")  # the fused kinds can't be traced
    return final


def to_onnx(network: TextClassifier) -> onnx.ModelProto:
    """The graph of a settled network: input_ids and attention_mask int64 [batch, tokens], fields float32 [batch, width]
    where the network has fields; logits float32 [batch, labels], of a network that tags [batch, tokens, tags].

    Raises BaseModelError when its kind of encoder can't be exported.
    """
    inputs = {"input_ids": torch.ones(2, 8, dtype=torch.int64), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}
    inputs["attention_mask"][1, 5:] = 0  # a padded row, or the trace could leave the mask out
    axes = {"input_ids": {0: "batch", 1: "tokens"}, "attention_mask": {0: "batch", 1: "tokens"}, "logits": {0: "batch"}}
    if isinstance(network, TokenTagger):
        axes["logits"][1] = "tokens"
    if network.field_head is not None:
        inputs["fields"] = torch.zeros(2, network.field_head.wide.in_features)
        axes["fields"] = {0: "batch"}
    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.inference_mode(), _silent_exporter(), _matrix_products(network):
            warnings.simplefilter("ignore")  # on the exporter's age, and on shapes, which parity checks in the end
            # The TorchScript exporter: the newer one takes ten times as long for the same graph.
            torch.onnx.export(
                network,
                tuple(inputs.values()),
                buffer,  # type: ignore[arg-type]  # this exporter writes to a buffer too
                input_names=list(inputs),
                output_names=["logits"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # the exporter raises what the traced code raises
        raise not_exportable(network.encoder.config.model_type, type(error).__name__) from error
    model = onnx.load_model_from_string(buffer.getvalue())
    for node in model.graph.node:
        node.ClearField("doc_string")  # may quote paths of the machine that exported
    return model


@contextmanager
def _silent_exporter() -> Iterator[None]:
    """The exporter prints the whole graph to standard output where it fails, whatever it is told."""
    printing = torch._C._jit_onnx_log
    vars(torch._C)["_jit_onnx_log"] = lambda *_: None
    try:
        yield
    finally:
        vars(torch._C)["_jit_onnx_log"] = printing


@contextmanager
def _matrix_products(network: TextClassifier) -> Iterator[None]:
    """GPT-2's layers drawn as the matrix products that they are: its own form of them has no place in int8."""
    layers = [layer for layer in network.modules() if isinstance(layer, Conv1D)]
    for layer in layers:
        vars(layer)["forward"] = functools.partial(_multiply, layer)
    try:
        yield
    finally:
        for layer in layers:
            del vars(layer)["forward"]


def _multiply(layer: Conv1D, states: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = states @ layer.weight + layer.bias
    return product


def not_exportable(kind: str, found: str) -> BaseModelError:
    """What is said of a kind of base for which no graph can be drawn."""
    return BaseModelError(
        "this kind of base model can't be exported to ONNX",
        received=f"{kind}: {found}",
        cure=OTHER_KINDS,
    )
