"""Lines to rows: CSV, TSV and JSON Lines, in constant memory.

A row that can't be read is handed on with its fault and its raw form, so that the caller decides what becomes of it.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from fengkong.corpus.encodings import Line
from fengkong.domain.errors import InputError

__all__ = ["Row", "Table", "delimited_table", "json_table"]

MAX_CELL = 16 * 2**20
"""Characters in one CSV cell. An unclosed quote would otherwise take the rest of the file into memory."""
PEEKED = 100
"""Rows of JSON Lines whose keys are taken as the columns; rows need not all bear all keys."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `values` by column, or `fault`, with `raw` as far as it could be read."""

    line: int
    values: Mapping[str, object] = field(default_factory=dict)
    raw: object = ""
    fault: InputError | None = None
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns and its rows, to be read once. typed: whether cells have types (not so in CSV and TSV)."""

    file: str
    columns: Sequence[str]
    rows: Iterator[Row]
    typed: bool = True


def json_table(lines: Iterable[Line], file: str) -> Table:
    """JSON Lines: one object a line; blank lines are passed over. Raises InputError when there is no row."""
    rows = _json_rows(lines)
    head = list(islice(rows, PEEKED))
    if not head:
        raise InputError("the file is empty", where=file, cure="give one JSON object a line")
    columns = list(dict.fromkeys(name for row in head for name in row.values))
    if not columns and head[0].fault:
        fault = head[0].fault
        raise InputError(fault.what, where=f"{file}:{head[0].line}", received=fault.received, cure=fault.cure)
    return Table(file, columns, chain(head, rows))


def _json_rows(lines: Iterable[Line]) -> Iterator[Row]:
    for line in lines:
        text = line.text.strip()
        if not text:
            continue
        fault, values = line.fault, {}
        if fault is None:
            try:
                values = _json_object(text)
            except InputError as error:
                fault = error
        yield Row(line.number, values, text, fault, line.encoding)


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        cure = "write one JSON object a line"
        raise InputError("not JSON", received=f"{error.msg} at character {error.pos + 1}", cure=cure) from None
    except (ValueError, RecursionError):
        raise InputError("JSON with a number too long or nested too deep", cure="write plain values") from None
    if isinstance(value, dict):
        return value
    cure = "write one object a line" + (", without brackets around them" if isinstance(value, list) else "")
    raise InputError("not a JSON object", received="a list" if isinstance(value, list) else "a single value", cure=cure)


class _Feed:
    """Gives lines to the csv reader and keeps those that the row at hand was made of."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self.taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line.text

    def release(self) -> list[Line]:
        taken, self.taken = self.taken, []
        return taken


def delimited_table(lines: Iterable[Line], file: str, delimiter: str | None = None) -> Table:
    """CSV (RFC 4180) with a header; without `delimiter`, the header tells whether it is a comma, semicolon or tab.

    Raises InputError where there is no header, no row, or a column name twice.
    """
    lines = iter(lines)
    first = next((line for line in lines if line.text.strip()), None)
    if first is None:
        raise InputError("the file is empty", where=file, cure="give a header line and rows")
    if first.fault:
        fault = first.fault
        raise InputError(fault.what, where=f"{file}:{first.number}", received=fault.received, cure=fault.cure)
    feed = _Feed(chain([first], lines))
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))  # one limit for the process; it is only ever raised
    # Strict, since a lenient reader turns a stray quote into a wrong row without a word.
    reader = csv.reader(feed, delimiter=delimiter or max(",;\t", key=first.text.count), strict=True)
    columns = _header(reader, feed, f"{file}:{first.number}")
    rows = _delimited_rows(reader, feed, columns)
    second = next(rows, None)
    if second is None:
        raise InputError("the file has a header but no rows", where=file, cure="give at least one row")
    return Table(file, [name for name in columns if name], chain([second], rows), typed=False)


def _header(reader: Iterator[list[str]], feed: _Feed, where: str) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise InputError("the header can't be read", where=where, received=str(error), cure=_csv_cure(error)) from None
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise InputError("a column name stands twice", where=where, received=repr(twice[0]), cure="rename one of them")
    feed.release()
    return columns


def _delimited_rows(reader: Iterator[list[str]], feed: _Feed, columns: Sequence[str]) -> Iterator[Row]:
    while True:
        cells: list[str] = []
        fault = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            spoilt = feed.taken
            received = f"{error}, lines {spoilt[0].number} to {spoilt[-1].number}" if len(spoilt) > 1 else str(error)
            fault = InputError("the row can't be read", received=received, cure=_csv_cure(error))
        lines = feed.release()
        if not cells and fault is None:
            continue  # a blank line
        fault = next((line.fault for line in lines if line.fault), fault)
        if fault is None and len(cells) != len(columns):
            received = f"{len(cells)} cells where the header has {len(columns)}"
            fault = InputError("the row does not fit the header", received=received, cure="quote cells with separators")
        raw = "".join(line.text for line in lines).rstrip("\r\n")
        values = {} if fault else dict(zip(columns, cells, strict=True))
        yield Row(lines[0].number, values, raw, fault, lines[0].encoding)


def _csv_cure(error: csv.Error) -> str:
    said = str(error)
    if "new-line character" in said:
        return "end lines with \\n or \\r\\n, not with \\r alone"
    if "field larger" in said:
        return "close the quote, or cut the cell below 16 million characters"
    return "close the quote, and double each quote inside a quoted cell"
