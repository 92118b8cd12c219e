"""A bundle's model at work on raw texts: clean, tokenise, pack, run, blend. What logits mean is the heads' business."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.engine import Engine
from fengkong.scoring.entities import WordRead
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.manifest import GRAPH, NGRAMS
from fengkong.scoring.ngrams import NgramModel, ngram_text
from fengkong.scoring.packing import pack
from fengkong.scoring.tokens import Tokeniser
from fengkong.scoring.windows import Windows, deciding_window, pool_windows
from fengkong.text.alignment import CleanText
from fengkong.text.cleaning import clean

__all__ = ["EVIDENCE", "Fields", "Read", "Reader"]

_CHUNK = 2048
"""Texts held as tokens at a time: enough to fill batches of one length, and the bound on memory."""

EVIDENCE = "evidence"
"""The label of the span that says which window of a long text decided."""

Fields = Sequence[Mapping[str, FieldValue]]


class Read(NamedTuple):
    """Logits (texts, columns of all heads), tokens that were not read, and whether no field could be used.

    evidence: of a text that took several windows, the one that spoke most for the answer, in original characters.
    """

    logits: NDArray[np.float32]
    unread: list[int]
    fieldless: list[bool]
    evidence: list[tuple[Span, ...]]


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
        self._windows = manifest.windows
        self._tokeniser = Tokeniser(
            bundle.tokenizer,
            manifest.max_tokens,
            windows=manifest.windows,
            where=str(bundle.path / "tokenizer.json"),
        )
        gate = 1 if manifest.windows is not None and manifest.windows.pooling == "attention" else 0
        self._engine = Engine(
            bundle.model,
            threads=threads,
            labels=self._columns + gate,
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
            cleans = [clean(text) for text in texts[chunk]]
            cleaned = [one.text for one in cleans]
            seconds = [clean(text).text if text else "" for text in pairs[chunk]]
            encoded = self._encode_fields(fields[chunk])
            logits, unread = np.zeros((len(cleaned), self._columns), dtype=np.float32), [0] * len(cleaned)
            evidence: list[tuple[Span, ...]] = [()] * len(cleaned)
            if GRAPH in self._blend:
                if self._windows is None:
                    found, unread = self._run_graph(cleaned, seconds, encoded)
                else:
                    found, unread, evidence = self._run_windows(texts[chunk], cleans, encoded, self._windows)
                logits += self._blend[GRAPH] * found
            if NGRAMS in self._blend:
                joined = list(map(ngram_text, cleaned, seconds))
                logits += self._blend[NGRAMS] * self._ngrams.logits(joined, encoded)
            missing = [False] * len(cleaned)
            if self._fields is not None and encoded is not None:
                missing = self._fields.all_missing(encoded).tolist()
            yield Read(logits, unread, missing, evidence)

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

    def _run_windows(
        self,
        originals: Sequence[str],
        cleans: Sequence[CleanText],
        fields: NDArray[np.float32] | None,
        windows: Windows,
    ) -> tuple[NDArray[np.float32], list[int], list[tuple[Span, ...]]]:
        """The same, each text read in windows, and the window of each that decided."""
        cuts = self._tokeniser.encode_windows([one.text for one in cleans])
        starts = np.cumsum([0, *(len(pieces) for pieces, _ in cuts)])
        owners = np.repeat(np.arange(len(cuts)), np.diff(starts))
        rows = [piece for pieces, _ in cuts for piece in pieces]
        of_window: NDArray[np.float32] | None = None
        for batch in pack([piece.ids for piece in rows], self._tokeniser.pad):
            found = self._engine.run(batch.ids, batch.mask, None if fields is None else fields[owners[batch.rows]])
            of_window = np.empty((len(rows), found.shape[1]), dtype=np.float32) if of_window is None else of_window
            of_window[batch.rows] = found
        if of_window is None:
            return np.zeros((0, self._columns), dtype=np.float32), [], []
        pooled = pool_windows(of_window, starts, windows.pooling)
        evidence: list[tuple[Span, ...]] = []
        for place, (pieces, _) in enumerate(cuts):
            mine = of_window[starts[place] : starts[place + 1], : self._columns]
            deciding = pieces[deciding_window(mine, pooled[place])] if len(pieces) > 1 else None
            evidence.append(() if deciding is None else (_window_span(originals[place], cleans[place], deciding),))
        return pooled, [unread for _, unread in cuts], evidence

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


def _window_span(original: str, cleaned: CleanText, window: Encoding) -> Span:
    """A window's stretch of the original text."""
    offsets = [
        offset for offset, special in zip(window.offsets, window.special_tokens_mask, strict=True) if not special
    ]
    start, end = cleaned.original_span(offsets[0][0], offsets[-1][1])
    return Span(start, end, original[start:end], EVIDENCE)
