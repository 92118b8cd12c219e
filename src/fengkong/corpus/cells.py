"""The rows of one file to examples and documents, cell by cell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from fengkong.corpus.columns import Binding, Columns, bind, bind_late
from fengkong.corpus.entities import parse_spans, parse_tags, parse_tokens, place_tokens, raw_spans, spans_of_tags
from fengkong.corpus.report import ReadReport
from fengkong.corpus.rows import Row, Table
from fengkong.corpus.values import (
    cell_fact,
    parse_fact,
    parse_facts,
    parse_label,
    parse_labels,
    parse_name,
    parse_split,
    parse_text,
    parse_time,
)
from fengkong.domain.documents import Document, Example, FieldValue, Place
from fengkong.domain.errors import InputError
from fengkong.domain.spans import Span

__all__ = ["Cells", "open_cells"]

_TRIED = 100
"""Rows in which most values of a column that was found by name must be of its kind."""


@dataclass(frozen=True, slots=True)
class Cells:
    """How the cells of one file are read: its binding, whether its cells have types, and the split its name tells."""

    binding: Binding
    typed: bool
    split: str | None
    report: ReadReport

    def example(self, row: Row, place: Place) -> Example:
        """The labelled text of a row. Raises InputError, without a place, where a cell can't be used."""
        at, values = self.binding, row.values
        text, entities = self._named_text(values)
        labels = parse_labels(values.get(at.labels), at.labels) if at.labels else None
        return Example(
            text=text,
            label=self._label(values, labels),
            labels=labels,
            pair=self._pair(values),
            split=(parse_split(values.get(at.split), at.split) if at.split else None) or self.split,
            time=parse_time(values.get(at.time), at.time) if at.time else None,
            group=parse_name(values.get(at.group), at.group) if at.group else None,
            fields=self._facts(values),
            place=place,
            entities=entities,
        )

    def document(self, row: Row, place: Place) -> Document:
        """The text of a row to decide on. Raises InputError, without a place, where a cell can't be used."""
        at, values = self.binding, row.values
        return Document(
            text=self._named_text(values)[0],
            pair=self._pair(values),
            fields=self._facts(values),
            id=(parse_name(values.get(at.id), at.id) if at.id else None) or "",
            source=str(place),
            time=parse_time(values.get(at.time), at.time) if at.time else None,
        )

    def _label(self, values: Mapping[str, object], labels: tuple[str, ...] | None) -> str:
        """The label in its readable form; of several, all of them."""
        if labels is not None:
            return "|".join(labels)
        column = self.binding.label
        return parse_label(values.get(column), column) if column else ""

    def _pair(self, values: Mapping[str, object]) -> str:
        column = self.binding.pair
        return parse_text(values.get(column) or "", column) if column else ""

    def _named_text(self, values: Mapping[str, object]) -> tuple[str, tuple[Span, ...] | None]:
        """The text, and its entities where the file marks them."""
        at = self.binding
        text = parse_text(values.get(at.text), at.text) if at.text else None
        entities: tuple[Span, ...] | None = None
        if at.tokens:
            text, places = place_tokens(parse_tokens(values.get(at.tokens), at.tokens), text)
            text = parse_text(text, at.tokens)
            entities = spans_of_tags(text, places, values.get(at.tags), at.tags) if at.tags else None
        if text is None:  # the file has facts alone
            return "", None
        if at.entities and entities is None:
            entities = parse_spans(values.get(at.entities), text, at.entities)
        return text, entities

    def _facts(self, values: Mapping[str, object]) -> dict[str, FieldValue]:
        at = self.binding
        facts = parse_facts(values.get(at.fields), at.fields, on_nan=self._count_nan) if at.fields else {}
        for name, column in at.field_columns.items():
            value = values.get(column)
            if isinstance(value, str) and not self.typed:
                facts[name] = cell_fact(value, name, on_nan=self._count_nan)
            else:
                facts[name] = parse_fact(value, name, on_nan=self._count_nan)
        return facts

    def _count_nan(self, name: str) -> None:
        self.report.unknown[name] += 1


def open_cells(
    table: Table, columns: Columns, split: str | None, report: ReadReport, *, labelled: bool
) -> Iterator[tuple[Cells, Row]]:
    """Each row of a table with how to read it. Raises InputError as `bind` does.

    Rows of JSON need not bear all keys: one that first appears late is read from there on.
    """
    binding = bind(columns, table.columns, where=table.file, labelled=labelled)
    head = list(islice(table.rows, _TRIED))
    cells = Cells(_proved(binding, head, report), table.typed, split, report)
    known = set(table.columns)
    _note_unread(cells, table.columns)
    for row in chain(head, table.rows):
        if not known.issuperset(row.values):
            late = [name for name in row.values if name not in known]
            known.update(late)
            cells = replace(cells, binding=bind_late(cells.binding, late, labelled=labelled))
            _note_unread(cells, late)
        yield cells, row


def _note_unread(cells: Cells, columns: Sequence[str]) -> None:
    read, noted = cells.binding.read, cells.report.unread
    noted.extend(name for name in columns if name not in read and name not in noted)


def _proved(binding: Binding, head: Sequence[Row], report: ReadReport) -> Binding:
    """The binding without columns that only bear a usual name: a `date` of another format, a `split` of A and B.

    A column that the caller named stays, and its odd values are bad rows.
    """
    parsers = {"split": parse_split, "time": parse_time, "group": parse_name, "id": parse_name, "fields": _object}
    if binding.label is not None:  # else they are all that labels the texts, and what is odd in them is an error
        parsers |= {"labels": parse_labels, "tags": parse_tags, "entities": raw_spans}
    kept: dict[str, str | None] = {role: getattr(binding, role) for role in parsers}
    for role, parse in parsers.items():
        column = kept[role]
        if column is not None and role in binding.guessed and (cause := _disproof(column, parse, head)):
            report.passed_over[column] = cause
            kept[role] = None
    return replace(binding, **kept)  # type: ignore[arg-type] # the roles are its own attributes


def _disproof(column: str, parse: Callable[[object, str], object], head: Sequence[Row]) -> str:
    """Why most values of the column in these rows are not of its kind; empty where most are, or there are none."""
    causes: list[str] = []
    fitting = 0
    for row in head:
        try:
            fitting += parse(row.values.get(column), column) is not None
        except InputError as error:
            causes.append(error.what)
    return causes[0] if len(causes) > fitting else ""


def _object(value: object, column: str) -> object:
    return parse_facts(value, column, on_nan=lambda _name: None) or None
