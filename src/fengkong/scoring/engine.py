"""The ONNX runtime, held to the graph that a bundle promises."""

import os

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from fengkong.domain.errors import BundleError, FacilityError

__all__ = ["Engine"]

_CURE = "export the model again"


class Engine:
    """One graph in one session. Safe to share between threads; the session's own threads serve all of them."""

    def __init__(
        self,
        model: bytes,
        *,
        threads: int,
        labels: int,
        with_fields: bool,
        each_token: bool = False,
        where: str = "model.onnx",
    ) -> None:
        """labels: columns of the logits; with_fields: the graph reads fields beside the text; each_token: it gives a
        row of logits a token.

        Raises BundleError when the bytes are not an ONNX graph, need code or files from outside, or promise other
        inputs and outputs.
        """
        self._labels, self._each_token, self._where = labels, each_token, where
        try:
            self._session = ort.InferenceSession(model, _options(threads), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleError(
                "the model is not an ONNX graph that stands alone", where=where, received=_kind(error), cure=_CURE
            ) from error
        self._check_signature(with_fields=with_fields)

    def run(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], fields: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Logits (texts, labels) or (texts, tokens, labels), of ids and mask (texts, tokens) and fields (texts, width);
        no fields where they are None.

        Raises FacilityError when the runtime fails.
        """
        inputs: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {"input_ids": ids, "attention_mask": mask}
        if fields is not None:
            inputs["fields"] = fields
        try:
            logits: NDArray[np.float32] = self._session.run(["logits"], inputs)[0]
        except Exception as error:
            raise FacilityError("the model could not be run", where=self._where, received=_kind(error)) from error
        return logits

    def rehearse(self, tokens: int, vocabulary: int, fields: NDArray[np.float32] | None) -> None:
        """Run the longest text of the last token once, which also warms the session up.

        Raises BundleError when the model knows fewer tokens or places than its bundle says, or answers in another
        shape.
        """
        ids = np.full((1, tokens), vocabulary - 1, dtype=np.int64)
        try:
            logits = self.run(ids, np.ones_like(ids), fields)
        except FacilityError as error:
            raise BundleError(
                "the model can't run with its tokenizer, length limit and fields",
                where=self._where,
                received=f"{vocabulary} tokens, {tokens} a text",
                cure=_CURE,
            ) from error
        if logits.shape != ((1, tokens, self._labels) if self._each_token else (1, self._labels)):
            raise BundleError(
                f"the model must answer one row of {self._labels} logits a {'token' if self._each_token else 'text'}",
                where=self._where,
                received=str(logits.shape),
                cure=_CURE,
            )

    def _check_signature(self, *, with_fields: bool) -> None:
        expected = {"input_ids": "tensor(int64)", "attention_mask": "tensor(int64)"}
        if with_fields:
            expected["fields"] = "tensor(float)"
        inputs = {item.name: item.type for item in self._session.get_inputs()}
        outputs = {item.name: item.type for item in self._session.get_outputs()}
        if inputs != expected or outputs != {"logits": "tensor(float)"}:
            raise BundleError(
                f"the model must take {', '.join(expected)} and give logits",
                where=self._where,
                received=f"{', '.join(inputs)} -> {', '.join(outputs)}",
                cure=_CURE,
            )


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # a library doesn't print; what is fatal comes as an exception
    options.enable_mem_pattern = False  # plans are kept for each shape, and nearly every batch has its own
    # A graph may keep its weights in other files; no file lies below the null device, so none is ever read.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    return options


def _kind(error: Exception) -> str:
    """The runtime's kind of error; its message may quote what it read."""
    return type(error).__name__
