"""An fp32 graph in int8: integer weights, and activations on a scale that is fixed once.

The scales of activations are measured on training texts and sealed in the graph. The usual dynamic kind takes them
from whatever shares a batch, so that a text's score would depend on its neighbours and a decision could not be
repeated. Weights are symmetric, one scale a column, in 7 bits: in 8 the products overflow on processors without
VNNI, and a bundle must answer alike on every machine. Word embeddings take 8 bits and one scale a word.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from fengkong.training.exporting.rounding import Floats, Integers, compensated, nearest

__all__ = ["Product", "measure_products", "quantise"]

Feed = Mapping[str, npt.NDArray[np.int64] | npt.NDArray[np.float32]]

WEIGHT_LIMIT = 64  # 255 * 64 * 2 fits in 16 bits, where processors without VNNI add up two products
EMBEDDING_LIMIT = 127
SMALL_TABLE = 1024  # rows; smaller tables weigh nothing
SAMPLED_ROWS = 512
SHARES = (0.0, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """How one matrix product of the graph goes into int8.

    node: its name.
    spread: what each channel of the input is divided by before it is quantised, float32 [channels]; the weights are
    multiplied by the same. low, high: the range of the input after that.
    weights: int8 [channels, outputs]; scales: float32 [1, outputs].
    """

    node: str
    spread: Floats
    low: float
    high: float
    weights: Integers
    scales: Floats


@dataclass(slots=True)
class _Input:
    """What was seen of one input: the range of each channel, some of its rows, and X'X over all of them."""

    low: Floats
    high: Floats
    rows: Floats
    moments: Floats


def measure_products(model: onnx.ModelProto, feeds: Iterable[Feed]) -> list[Product]:
    """Settle how each product with constant weights goes into int8, from the texts in `feeds`."""
    weights = _weights(model)
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        if _is_product(node, weights):
            readers.setdefault(node.input[0], []).append(node)
    products = []
    for name, seen in _measure_inputs(model, list(readers), feeds).items():
        tables = [weights[node.input[1]] for node in readers[name]]
        spread, low, high = min(
            (_spread(seen, tables, share) for share in SHARES),
            key=lambda trial: sum(_noise(seen.rows, table, *trial) for table in tables),
        )
        products += [
            Product(
                node.name,
                spread,
                low,
                high,
                *compensated(table * spread[:, None], seen.moments / np.outer(spread, spread), limit=WEIGHT_LIMIT),
            )
            for node, table in zip(readers[name], tables, strict=True)
        ]
    return products


def _measure_inputs(model: onnx.ModelProto, names: list[str], feeds: Iterable[Feed]) -> dict[str, _Input]:
    session = _session_with_outputs(model, names)
    seen: dict[str, _Input] = {}
    for feed in feeds:
        for name, value in zip(names, session.run(names, dict(feed)), strict=True):
            rows = value[_read_places(feed, value.shape[1])]
            low, high = np.minimum(rows.min(axis=0), 0), np.maximum(rows.max(axis=0), 0)
            moments = rows.T @ rows
            if name in seen:
                moments += seen[name].moments
                low, high = np.minimum(low, seen[name].low), np.maximum(high, seen[name].high)
                rows = np.concatenate([seen[name].rows, rows])
            seen[name] = _Input(low, high, rows[:: max(1, len(rows) // SAMPLED_ROWS)].copy(), moments)
    return seen


def _read_places(feed: Feed, places: int) -> npt.NDArray[np.bool_]:
    """Which places of [texts, places] hold something; what stands there before the tokens (a prompt) always does."""
    mask = feed["attention_mask"] > 0
    return np.pad(mask, ((0, 0), (places - mask.shape[1], 0)), constant_values=True)


def _spread(seen: _Input, weights: list[Floats], share: float) -> tuple[Floats, float, float]:
    """Divisors that move a share of the channels' differences into the weights, and the range that remains.

    SmoothQuant (Xiao et al. 2023), equation 4.
    """
    reach = np.maximum(np.maximum(seen.high, -seen.low), 1e-6)
    rows = np.maximum(np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0), 1e-6)
    spread = reach**share / rows ** (1 - share) if share else np.ones_like(reach)
    spread = (spread / np.exp(np.mean(np.log(spread)))).astype(np.float32)
    return spread, float((seen.low / spread).min()), float((seen.high / spread).max())


def _noise(rows: Floats, weights: Floats, spread: Floats, low: float, high: float) -> float:
    """What int8 adds to the output of a product, as a share of that output (root of mean squares)."""
    scale, zero = _input_scale(low, high)
    seen = ((np.rint(rows / spread / scale) + zero).clip(0, 255) - zero) * scale
    integers, scales = nearest(weights * spread[:, None], axis=0, limit=WEIGHT_LIMIT)
    exact = rows @ weights
    noise = seen.astype(np.float32) @ (integers * scales) - exact
    return float(np.sqrt(np.mean(noise**2) / max(np.mean(exact**2), 1e-12)))


def quantise(model: onnx.ModelProto, products: Iterable[Product], *, keep: Container[str] = ()) -> onnx.ModelProto:
    """The graph with its products in int8, but for the nodes named in `keep`, and its word embeddings too."""
    weights = _weights(model)
    by_node = {product.node: product for product in products if product.node not in keep}
    biases = _biases(model, weights)
    graph = _Graph(weights)
    done: set[str] = set()
    for node in model.graph.node:
        if node.name in by_node:
            bias = biases.get(node.output[0])
            graph.multiply(node, by_node[node.name], bias)
            done.update(bias.output if bias else ())
        elif node.op_type == "Gather" and len(weights.get(node.input[0], ())) > SMALL_TABLE:
            graph.look_up(node)
        elif node.output[0] not in done:
            graph.nodes.append(node)
    quantised = onnx.ModelProto()
    quantised.CopyFrom(model)
    used = {name for node in graph.nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del quantised.graph.node[:], quantised.graph.initializer[:]
    quantised.graph.node.extend(graph.nodes)
    quantised.graph.initializer.extend([*kept, *graph.tensors.values()])
    if not any(opset.domain == "com.microsoft" for opset in quantised.opset_import):
        quantised.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return quantised


class _Graph:
    """The nodes and constants of the graph being written."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}
        self._quantised: set[str] = set()

    def multiply(self, node: onnx.NodeProto, product: Product, bias: onnx.NodeProto | None) -> None:
        """A product: its input on the fixed scale, its weights in integers, its output in floats again with `bias`,
        the sum that follows it.
        """
        source = node.input[0]
        scale, zero = _input_scale(product.low, product.high)
        if source not in self._quantised:  # products of one input share it
            self._quantised.add(source)
            even = source
            if (product.spread != 1).any():
                even = f"{source}_even"
                self._constant(f"{source}_spread", 1 / product.spread)
                self._node("Mul", [source, f"{source}_spread"], even)
            self._constant(f"{source}_scale", np.array(scale, np.float32))
            self._constant(f"{source}_zero", np.array(zero, np.uint8))
            self._node("QuantizeLinear", [even, f"{source}_scale", f"{source}_zero"], f"{source}_int8")
        # Named after the product: layers may share weights and still see inputs of other ranges.
        own = node.output[0]
        self._constant(f"{own}_weights", product.weights)
        self._constant(f"{own}_scale", product.scales[0])
        inputs = [f"{source}_int8", f"{own}_weights", f"{source}_scale", f"{own}_scale", f"{source}_zero"]
        if bias is not None:
            inputs += ["", next(name for name in bias.input if name in self.weights)]
        output = own if bias is None else bias.output[0]
        self._node("MatMulIntegerToFloat", inputs, output, domain="com.microsoft")

    def look_up(self, node: onnx.NodeProto) -> None:
        """Rows of an embedding table, each on its own scale."""
        table, ids = node.input
        integers, scales = nearest(self.weights[table], axis=1, limit=EMBEDDING_LIMIT)
        self._constant(f"{table}_int8", integers)
        self._constant(f"{table}_scale", scales)
        self._node("Gather", [f"{table}_int8", ids], f"{node.output[0]}_int8")
        self._node("Cast", [f"{node.output[0]}_int8"], f"{node.output[0]}_cast", to=onnx.TensorProto.FLOAT)
        self._node("Gather", [f"{table}_scale", ids], f"{node.output[0]}_scale")
        self._node("Mul", [f"{node.output[0]}_cast", f"{node.output[0]}_scale"], node.output[0])

    def _constant(self, name: str, value: npt.NDArray[np.generic]) -> None:
        self.tensors[name] = numpy_helper.from_array(value, name)

    def _node(self, kind: str, inputs: list[str], output: str, domain: str | None = None, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], f"{output}_{kind}", domain=domain, **attributes))


def _is_product(node: onnx.NodeProto, weights: Mapping[str, Floats]) -> bool:
    return node.op_type == "MatMul" and node.input[1] in weights and weights[node.input[1]].ndim == 2


def _biases(model: onnx.ModelProto, weights: Mapping[str, Floats]) -> dict[str, onnx.NodeProto]:
    """The sum with a constant vector that alone reads a value, by the name of that value."""
    readers = Counter(name for node in model.graph.node for name in node.input)
    return {
        value: node
        for node in model.graph.node
        if node.op_type == "Add"
        for value, bias in (tuple(node.input), tuple(reversed(node.input)))
        if readers[value] == 1 and bias in weights and weights[bias].ndim == 1
    }


def _weights(model: onnx.ModelProto) -> dict[str, Floats]:
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    }


def _session_with_outputs(model: onnx.ModelProto, names: list[str]) -> ort.InferenceSession:
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    opened.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC  # the names must last
    return ort.InferenceSession(opened.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _input_scale(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point that lay [low, high] out on 0..255, with 0 hit exactly."""
    scale = max(high - low, 1e-8) / 255
    return scale, round(-low / scale)
