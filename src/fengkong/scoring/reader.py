"""A bundle's model at work on raw texts: clean, tokenise, pack, run, blend. What logits mean is the heads' business."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.engine import Engine
from fengkong.scoring.entities import WordRead
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.manifest import GRAPH, NGRAMS
from fengkong.scoring.ngrams import NgramModel, ngram_text
from fengkong.scoring.packing import pack
from fengkong.scoring.tokens import Tokeniser
from fengkong.text.cleaning import clean

__all__ = ["Fields", "Read", "Reader"]

_CHUNK = 2048
"""Texts held as tokens at a time: enough to fill batches of one length, and the bound on memory."""

Fields = Sequence[Mapping[str, FieldValue]]


class Read(NamedTuple):
    """Logits (texts, columns of all heads), tokens that were not read, and whether no field could be used."""

    logits: NDArray[np.float32]
    unread: list[int]
    fieldless: list[bool]


class Reader:
    """A bundle's network, n-grams and field encoding. Safe to share between threads and heads."""

    def __init__(self, bundle: Bundle, *, threads: int = 2) -> None:
        """threads: how many of the processor's cores one call may use, from 1.

        Raises BundleError when the bundle's parts don't fit each other.
        """
        if threads < 1:
            raise InputError("a scorer needs at least one thread", received=str(threads), cure="give 1 or more")
        manifest = bundle.manifest
        self._blend = manifest.blend
        self._fields = FieldEncoder(manifest.fields) if manifest.fields else None
        self._columns = sum(head.columns for head in manifest.heads)
        if GRAPH in self._blend:
            self._open_graph(bundle, threads)
        if NGRAMS in self._blend:
            width = self._fields.width if self._fields else 0
            self._ngrams = NgramModel.from_bytes(
                bundle.ngrams, labels=self._columns, field_width=width, where=str(bundle.path / NGRAMS)
            )

    def _open_graph(self, bundle: Bundle, threads: int) -> None:
        manifest = bundle.manifest
        self._tokeniser = Tokeniser(bundle.tokenizer, manifest.max_tokens, where=str(bundle.path / "tokenizer.json"))
        self._engine = Engine(
            bundle.model,
            threads=threads,
            labels=self._columns,
            with_fields=self._fields is not None,
            each_token=manifest.heads[0].task == "entities",
            where=str(bundle.path / GRAPH),
        )
        self._engine.rehearse(manifest.max_tokens, self._tokeniser.vocabulary, self._encode_fields([{}]))

    def read(self, texts: Sequence[str], fields: Fields, pairs: Sequence[str]) -> Iterator[Read]:
        """The texts in order, a chunk at a time, with their fields and second texts ("" for none).

        Raises FacilityError when the engine itself fails.
        """
        for start in range(0, len(texts), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            cleaned = [clean(text).text for text in texts[chunk]]
            seconds = [clean(text).text if text else "" for text in pairs[chunk]]
            encoded = self._encode_fields(fields[chunk])
            logits, unread = np.zeros((len(cleaned), self._columns), dtype=np.float32), [0] * len(cleaned)
            if GRAPH in self._blend:
                found, unread = self._run_graph(cleaned, seconds, encoded)
                logits += self._blend[GRAPH] * found
            if NGRAMS in self._blend:
                joined = list(map(ngram_text, cleaned, seconds))
                logits += self._blend[NGRAMS] * self._ngrams.logits(joined, encoded)
            missing = [False] * len(cleaned)
            if self._fields is not None and encoded is not None:
                missing = self._fields.all_missing(encoded).tolist()
            yield Read(logits, unread, missing)

    def _run_graph(
        self, texts: Sequence[str], pairs: Sequence[str], fields: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], list[int]]:
        """Logits of cleaned texts, and how many tokens of each were not read."""
        tokens = self._tokeniser.encode(texts, pairs)
        logits = np.empty((len(tokens), self._columns), dtype=np.float32)
        for batch in pack([token.ids for token in tokens], self._tokeniser.pad):
            facts = None if fields is None else fields[batch.rows]
            logits[batch.rows] = self._engine.run(batch.ids, batch.mask, facts)
        return logits, [token.unread for token in tokens]

    def read_words(self, texts: Sequence[str]) -> Iterator[WordRead]:
        """The same for a model that tags: logits of each word. Raises FacilityError when the engine itself fails."""
        for start in range(0, len(texts), _CHUNK):
            originals = texts[start : start + _CHUNK]
            cleans = [clean(text) for text in originals]
            tokens, words = self._tokeniser.encode_words([one.text for one in cleans])
            bounds = np.searchsorted(words.text, np.arange(len(tokens) + 1))
            logits = np.empty((len(words.text), self._columns), dtype=np.float32)
            for batch in pack([token.ids for token in tokens], self._tokeniser.pad):
                answers = self._engine.run(batch.ids, batch.mask)
                for place, row in enumerate(batch.rows):
                    of_text = slice(bounds[row], bounds[row + 1])
                    logits[of_text] = answers[place, words.lead[of_text]]
            yield WordRead(originals, cleans, words, logits, [token.unread for token in tokens])

    def _encode_fields(self, rows: Fields) -> NDArray[np.float32] | None:
        return self._fields.encode(rows) if self._fields else None
