"""Score a file of any size in constant memory: documents in, one row a document out, in input order.

When a row of the input can't be read, everything before it is scored and written first; only then is the
error raised, so that no finished work is lost.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import polars as pl
from polars.io.plugins import register_io_source

from fengkong.domain.canonical import plain
from fengkong.domain.documents import Document
from fengkong.domain.errors import FacilityError, FengkongError, SettingsError
from fengkong.domain.signals import Signal
from fengkong.scoring.protocol import TextScorer

__all__ = ["ScoreReport", "score_file"]

CHUNK = 2048
"""Documents held at once: enough for full batches of like length, little enough for any memory."""

ENTITY = pl.Struct(
    {"start": pl.Int64(), "end": pl.Int64(), "label": pl.String(), "text": pl.String(), "p": pl.Float64()}
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What a run of `score_file` did: rows written, those only partly read or not scored, and the time that it took."""

    out: str
    rows: int
    partly_read: int
    failed: int
    seconds: float

    @property
    def texts_per_second(self) -> float:
        """Rows a second, reading and writing included."""
        return self.rows / self.seconds if self.seconds else 0.0


class _Run:
    """The scored rows as a stream that ends, rather than breaks, at the first fault; `error` holds it."""

    def __init__(self, scorer: TextScorer, docs: Iterable[Document], progress: Callable[[int], None]) -> None:
        self._scorer, self._docs, self._progress = scorer, iter(docs), progress
        self.labels = scorer.labels
        self.finds_entities = scorer.head.task == "entities"
        self.rows = self.partly_read = self.failed = 0
        self.error: FengkongError | None = None

    def chunks(self) -> Iterator[list[Row]]:
        while chunk := self._next_documents():
            try:
                signals = self._scorer.score(chunk)
            except FengkongError as error:
                self.error = error
                return
            yield [self._row(doc, sig) for doc, sig in zip(chunk, signals, strict=True)]
            self.rows += len(chunk)
            self.partly_read += sum(sig.unread > 0 for sig in signals)
            self.failed += sum(sig.failed for sig in signals)
            self._progress(self.rows)

    def _row(self, doc: Document, sig: Signal) -> Row:
        return _row(doc, sig) | ({"entities": _entities(sig)} if self.finds_entities else {})

    def _next_documents(self) -> list[Document]:
        docs: list[Document] = []
        if self.error is None:
            try:
                docs.extend(islice(self._docs, CHUNK))
            except FengkongError as error:
                self.error = error
        return docs


def score_file(
    scorer: TextScorer,
    docs: Iterable[Document],
    out: str | Path,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> ScoreReport:
    """Score documents to JSON Lines (`.jsonl`, or "-" for standard output) or Parquet (`.parquet`).

    progress: called with the number of rows written so far.
    Raises SettingsError for another suffix, FacilityError when the output can't be written, and whatever the
    documents' reader raises, after the rows before the fault were written.
    """
    started = time.perf_counter()
    run = _Run(scorer, docs, progress)
    write = _writer(str(out))
    try:
        write(run)
    except BrokenPipeError:  # the reader of our output has seen enough
        raise
    except OSError as error:
        raise FacilityError(
            "the scores can't be written",
            where=str(out),
            received=str(error),
            cure="free space or choose another place",
        ) from error
    if run.error is not None:
        raise _with_progress(run.error, run.rows, str(out)) from run.error.__cause__
    return ScoreReport(str(out), run.rows, run.partly_read, run.failed, time.perf_counter() - started)


def _writer(out: str) -> Callable[[_Run], None]:
    if out == "-":
        return lambda run: _write_lines(run, sys.stdout)
    match Path(out).suffix:
        case ".jsonl":
            return lambda run: _write_lines_file(run, Path(out))
        case ".parquet":
            return lambda run: _write_parquet(run, Path(out))
        case suffix:
            raise SettingsError(
                "scores are written as .jsonl or .parquet", where=out, received=repr(suffix), cure="change the suffix"
            )


def _row(doc: Document, sig: Signal) -> Row:
    return {
        "id": doc.id,
        "label": sig.label,
        "p": sig.p,
        "probabilities": dict(sig.probabilities),
        "unread": sig.unread,
        "failed": sig.failed,
        "cause": sig.cause,
        "bundle": sig.bundle,
    }


def _entities(sig: Signal) -> list[Row]:
    """In the form that the corpus reads as marks."""
    return [
        {"start": span.start, "end": span.end, "label": span.label, "text": span.text, "p": span.weight}
        for span in sig.spans
    ]


def _write_lines(run: _Run, stream: IO[str]) -> None:
    for chunk in run.chunks():
        stream.writelines(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in chunk)
        stream.flush()


@contextmanager
def _replacing(path: Path, run: _Run) -> Iterator[Path]:
    """A path to write to that takes the place of `path` only once it is complete, and never for a fault alone."""
    part = path.with_name(path.name + ".part")
    yield part
    if run.error is not None and run.rows == 0:
        part.unlink()
    else:
        os.replace(part, path)


def _write_lines_file(run: _Run, path: Path) -> None:
    with _replacing(path, run) as part, part.open("w", encoding="utf-8") as stream:
        _write_lines(run, stream)


def _write_parquet(run: _Run, path: Path) -> None:
    labels = {label: pl.Float64() for label in run.labels}
    schema = pl.Schema(
        {
            "id": pl.String(),
            "label": pl.String(),
            "p": pl.Float64(),
            "probabilities": pl.Struct(labels),
            "unread": pl.Int64(),
            "failed": pl.Boolean(),
            "cause": pl.String(),
            "bundle": pl.String(),
            **({"entities": pl.List(ENTITY)} if run.finds_entities else {}),
        }
    )

    def source(
        columns: list[str] | None, _predicate: pl.Expr | None, _n_rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        for chunk in run.chunks():
            frame = pl.DataFrame(chunk, schema=schema)
            yield frame if columns is None else frame.select(columns)

    with _replacing(path, run) as part:
        register_io_source(source, schema=schema).sink_parquet(part)


def _with_progress(error: FengkongError, rows: int, out: str) -> FengkongError:
    """The reader's error, with what was saved before it."""
    if rows == 0:
        return error
    out = "standard output" if out == "-" else out
    cure = f"{error.cure}; the {rows} rows before it are in {out}" if error.cure else f"{rows} rows are in {out}"
    return type(error)(error.what, where=error.where, received=error.received, cure=cure)
