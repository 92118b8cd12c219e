"""Which matrix products of a graph bear int8 worst: each alone in int8, and how far that moves the logits.

Few of them carry most of the error (Dong et al. 2019, "HAWQ", rank layers likewise before they mix precisions), so
leaving those in fp32 buys the accuracy back for a small share of the speed.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort

from fengkong.training.exporting.quantising import Feed, Product, quantise
from fengkong.training.exporting.rounding import Floats

__all__ = ["most_sensitive_first"]


def most_sensitive_first(graph: onnx.ModelProto, products: Sequence[Product], feeds: Sequence[Feed]) -> list[str]:
    """The nodes of the products, by the mean square by which int8 in that one alone moves the logits on the feeds."""
    exact = _logits(quantise(graph, []), feeds)  # embeddings in int8, as in all that are compared
    moved = {
        product.node: float(np.mean(np.square(_logits(quantise(graph, [product]), feeds) - exact)))
        for product in products
    }
    return sorted(moved, key=lambda node: -moved[node])


def _logits(graph: onnx.ModelProto, feeds: Sequence[Feed]) -> Floats:
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    answers: list[Floats] = [session.run(["logits"], dict(feed))[0].ravel() for feed in feeds]
    return np.concatenate(answers)
