"""From raw texts to calibrated signals: clean, tokenise, pack, run, calibrate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import FacilityError, InputError
from fengkong.domain.signals import Signal
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.calibration import softmax
from fengkong.scoring.engine import Engine
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.packing import pack
from fengkong.scoring.signals import signal
from fengkong.scoring.tokens import Tokeniser
from fengkong.text.cleaning import clean

__all__ = ["Scorer"]

_CHUNK = 2048
"""Texts held as tokens at a time: enough to fill batches of one length, and the bound on memory."""

Fields = Sequence[Mapping[str, FieldValue]]


class _Read(NamedTuple):
    probabilities: NDArray[np.float64]
    unread: list[int]
    fieldless: list[bool]


class Scorer:
    """A bundle at work. Safe to share between threads; the answers don't depend on what is scored together."""

    def __init__(self, bundle: Bundle, *, threads: int = 2) -> None:
        """threads: how many of the processor's cores one call may use, from 1.

        Raises BundleError when the bundle's parts don't fit each other.
        """
        if threads < 1:
            raise InputError("a scorer needs at least one thread", received=str(threads), cure="give 1 or more")
        manifest = bundle.manifest
        self.name = manifest.name
        self.bundle_id = bundle.id
        self.labels = manifest.labels
        self.positive = manifest.positive
        self._temperature = manifest.temperature
        self._tokeniser = Tokeniser(bundle.tokenizer, manifest.max_tokens, where=str(bundle.path / "tokenizer.json"))
        self._fields = FieldEncoder(manifest.fields) if manifest.fields else None
        self._engine = Engine(
            bundle.model,
            threads=threads,
            labels=len(self.labels),
            with_fields=self._fields is not None,
            where=str(bundle.path / "model.onnx"),
        )
        self._engine.rehearse(manifest.max_tokens, self._tokeniser.vocabulary, self._encode_fields([{}]))

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        """One signal a document, in order; a failed one where the model gave no finite answer.

        Raises FacilityError when the engine itself fails.
        """
        signals: list[Signal] = []
        for read in self._read([doc.text for doc in docs], [doc.fields for doc in docs]):
            signals += map(self._signal, read.probabilities, read.unread, read.fieldless)
        return signals

    def probabilities(self, texts: Sequence[str], fields: Fields | None = None) -> NDArray[np.float64]:
        """Calibrated probabilities (texts, labels) of raw texts; no fields means that none are known.

        Raises InputError when texts and fields differ in number, FacilityError when a text can't be scored.
        """
        rows: Fields = [{}] * len(texts) if fields is None else fields
        if len(rows) != len(texts):
            raise InputError("each text needs its own fields", received=f"{len(texts)} texts, {len(rows)} fields")
        chunks = [read.probabilities for read in self._read(texts, rows)]
        probabilities = np.concatenate([np.zeros((0, len(self.labels))), *chunks])
        if len(bad := np.flatnonzero(np.isnan(probabilities).any(axis=1))):
            raise FacilityError("the model gave no finite score", where=f"text {bad[0]}, counted from 0")
        return probabilities

    def _read(self, texts: Sequence[str], fields: Fields) -> Iterator[_Read]:
        for start in range(0, len(texts), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            tokens = self._tokeniser.encode([clean(text).text for text in texts[chunk]])
            encoded = self._encode_fields(fields[chunk])
            logits = np.empty((len(tokens), len(self.labels)), dtype=np.float32)
            for batch in pack([token.ids for token in tokens], self._tokeniser.pad):
                facts = None if encoded is None else encoded[batch.rows]
                logits[batch.rows] = self._engine.run(batch.ids, batch.mask, facts)
            missing = [False] * len(tokens)
            if self._fields is not None and encoded is not None:
                missing = self._fields.all_missing(encoded).tolist()
            yield _Read(softmax(logits, self._temperature), [token.unread for token in tokens], missing)

    def _encode_fields(self, rows: Fields) -> NDArray[np.float32] | None:
        return self._fields.encode(rows) if self._fields else None

    def _signal(self, probabilities: NDArray[np.float64], unread: int, fieldless: bool) -> Signal:
        if np.isnan(probabilities).any():
            return Signal.failure(self.name, "the model gave no finite score", self.bundle_id)
        return signal(self, probabilities, unread, fieldless=fieldless)
