"""A bundle's model at work on raw texts: clean, tokenise, pack, run, blend. What logits mean is the heads' business."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
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
from fengkong.scoring.windows import deciding_window, kept_stretches, pool_windows
from fengkong.scoring.words import Words
from fengkong.text.alignment import CleanText
from fengkong.text.cleaning import clean

__all__ = ["EVIDENCE", "Fields", "Read", "Reader"]

_CHUNK = 2048
"""Texts held as tokens at a time: enough to fill batches of one length, and the bound on memory."""

EVIDENCE = "evidence"
"""The label of the span that says which window of a long text decided."""

Fields = Sequence[Mapping[str, FieldValue]]


class Read(NamedTuple):
    """What a model says of some texts, before the heads make answers of it.

    logits: of the texts, float32 (texts, columns of all heads). unread: tokens of each that were not read.
    fieldless: whether no field of it could be used. words: what is said of its words, where a head finds entities.
    passages: the windows that long texts were read in, where they were.
    """

    logits: NDArray[np.float32]
    unread: list[int]
    fieldless: list[bool]
    words: WordRead | None = None
    passages: "Passages | None" = None

    def evidence(self, columns: slice) -> list[tuple[Span, ...]]:
        """Of each text that took several windows, the one that spoke most for the answer that these columns give."""
        if self.passages is None:
            return [()] * len(self.logits)
        return [self.passages.deciding(text, columns, answer) for text, answer in enumerate(self.logits[:, columns])]


class Passages(NamedTuple):
    """The windows of texts. starts: int64 (texts + 1), where each one's begin; logits: float32 (windows, columns)."""

    originals: Sequence[str]
    cleans: Sequence[CleanText]
    windows: Sequence[Encoding]
    starts: NDArray[np.int64]
    logits: NDArray[np.float32]

    def deciding(self, text: int, columns: slice, answer: NDArray[np.float32]) -> tuple[Span, ...]:
        """The stretch of a text that spoke most for this answer; none where it was read in one piece."""
        first, last = self.starts[text : text + 2]
        if last - first < 2:
            return ()
        window = self.windows[first + deciding_window(self.logits[first:last, columns], answer)]
        return (_window_span(self.originals[text], self.cleans[text], window),)


class _Rows(NamedTuple):
    """What the graph is given: token ids a row, the rows of text i being starts[i] to starts[i + 1].

    windows: the rows as they were cut; words: of the texts, led by the rows' kept tokens end to end. Empty, and None,
    where nobody asks for them.
    """

    ids: Sequence[Sequence[int]]
    starts: NDArray[np.int64]
    unread: list[int]
    windows: Sequence[Encoding] = ()
    words: Words | None = None


class _Places(NamedTuple):
    """Which words each row of the graph speaks for, and by which of its tokens: of row i, words[i] to words[i + 1]."""

    words: NDArray[np.int64]
    token: NDArray[np.int64]

    @classmethod
    def of(cls, rows: _Rows, words: Words, overlap: int) -> "_Places":
        kept = [
            stretch
            for first, last in pairwise(rows.starts.tolist())
            for stretch in kept_stretches(rows.windows[first:last], overlap)
        ]
        begin = np.array([first for first, _ in kept], dtype=np.int64)
        ends = np.cumsum([0, *(last - first for first, last in kept)])
        lead = ends[rows.starts[words.text]] + words.lead
        bounds = np.searchsorted(lead, ends)
        row = np.repeat(np.arange(len(kept)), np.diff(bounds))
        return cls(bounds, lead - ends[row] + begin[row])


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
        self._windows, self._each_token = manifest.windows, manifest.each_token
        self._tokeniser = Tokeniser(
            bundle.tokenizer,
            manifest.max_tokens,
            windows=manifest.windows,
            where=str(bundle.path / "tokenizer.json"),
        )
        gate = 1 if manifest.windows is not None and manifest.windows.pooling == "attention" else 0
        self._width = self._columns + gate
        self._engine = Engine(
            bundle.model,
            threads=threads,
            labels=self._width,
            with_fields=self._fields is not None,
            each_token=manifest.each_token,
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
            missing = [False] * len(cleaned)
            if self._fields is not None and encoded is not None:
                missing = self._fields.all_missing(encoded).tolist()
            found = Read(np.zeros((len(cleaned), self._columns), dtype=np.float32), [0] * len(cleaned), missing)
            if GRAPH in self._blend:
                found = self._run_graph(found, texts[chunk], cleans, seconds, encoded)
            if NGRAMS in self._blend:
                joined = list(map(ngram_text, cleaned, seconds))
                logits = self._blend[NGRAMS] * self._ngrams.logits(joined, encoded)
                found = found._replace(logits=found.logits + logits)
            yield found

    def _run_graph(
        self,
        found: Read,
        originals: Sequence[str],
        cleans: Sequence[CleanText],
        pairs: Sequence[str],
        fields: NDArray[np.float32] | None,
    ) -> Read:
        """What is found, with the network's share in it."""
        rows = self._rows([one.text for one in cleans], pairs)
        logits, of_words = self._run_rows(rows, fields)
        words = passages = None
        if rows.words is not None:
            words = WordRead(originals, cleans, rows.words, of_words)
        if self._windows is not None:
            passages = Passages(originals, cleans, rows.windows, rows.starts, logits[:, : self._columns])
            logits = pool_windows(logits, rows.starts, self._windows.pooling) if len(logits) else found.logits
        return found._replace(logits=self._blend[GRAPH] * logits, unread=rows.unread, words=words, passages=passages)

    def _rows(self, cleaned: Sequence[str], pairs: Sequence[str]) -> _Rows:
        if not self._each_token and self._windows is None:
            tokens = self._tokeniser.encode(cleaned, pairs)
            return _Rows(
                [token.ids for token in tokens], np.arange(len(tokens) + 1), [token.unread for token in tokens]
            )
        words = None
        if self._each_token:
            cuts, words = self._tokeniser.encode_words(cleaned)
        else:
            cuts = self._tokeniser.encode_windows(cleaned)
        starts = np.cumsum([0, *(len(pieces) for pieces, _ in cuts)])
        windows = [piece for pieces, _ in cuts for piece in pieces]
        return _Rows([piece.ids for piece in windows], starts, [unread for _, unread in cuts], windows, words)

    def _run_rows(
        self, rows: _Rows, fields: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits of each row, (rows, columns, with a gate behind them where there is one), and of each word."""
        owners = np.repeat(np.arange(len(rows.unread)), np.diff(rows.starts))
        of_rows = np.zeros((len(rows.ids), self._width), dtype=np.float32)
        places, of_words = None, np.zeros((0, self._columns), dtype=np.float32)
        if rows.words is not None:
            places = _Places.of(rows, rows.words, self._windows.overlap if self._windows is not None else 0)
            of_words = np.zeros((len(places.token), self._columns), dtype=np.float32)
        for batch in pack(rows.ids, self._tokeniser.pad):
            answers = self._engine.run(batch.ids, batch.mask, None if fields is None else fields[owners[batch.rows]])
            of_rows[batch.rows] = answers[:, 0] if self._each_token else answers
            if places is None:
                continue
            for place, row in enumerate(batch.rows):
                mine = slice(places.words[row], places.words[row + 1])
                of_words[mine] = answers[place, places.token[mine], : self._columns]
        return of_rows, of_words

    def _encode_fields(self, rows: Fields) -> NDArray[np.float32] | None:
        return self._fields.encode(rows) if self._fields else None


def _window_span(original: str, cleaned: CleanText, window: Encoding) -> Span:
    """A window's stretch of the original text."""
    offsets = [
        offset for offset, special in zip(window.offsets, window.special_tokens_mask, strict=True) if not special
    ]
    start, end = cleaned.original_span(offsets[0][0], offsets[-1][1])
    return Span(start, end, original[start:end], EVIDENCE)
