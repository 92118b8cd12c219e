"""Rows of tables to entities and edges: one sentence, with file and line, for a row that can't be used.

A table is what the corpus room opens, whatever its format; only its shape is asked for here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from math import isnan
from typing import Protocol, TypeVar

from fengkong.domain.documents import Place
from fengkong.domain.errors import InputError, likely_slip
from fengkong.knowledge.entities import Edge, Entity
from fengkong.knowledge.graph import EntityGraph

__all__ = ["EDGE_COLUMNS", "ENTITY_COLUMNS", "GraphRow", "GraphTable", "OnBadRow", "read_edges", "read_entities"]

EDGE_COLUMNS = {
    "kind": "关系",
    "start_type": "起点类型",
    "start": "起点",
    "end_type": "终点类型",
    "end": "终点",
    "time": "时间",
    "until": "截止",
    "value": "数值",
    "source": "来源",
}
"""The columns of a table of edges, and their Chinese names; until, value and source may be missing."""
ENTITY_COLUMNS = {"type": "类型", "name": "名称", "aliases": "别名", "bad_since": "不良起始"}
"""The columns of a table of entities, and their Chinese names; aliases (joined by "|") and bad_since may be missing."""
_OPTIONAL = {"until", "value", "source", "aliases", "bad_since"}

_Read = TypeVar("_Read")


class GraphRow(Protocol):
    """One row: `values` by column, or the `fault` for which it could not be read."""

    @property
    def line(self) -> int:
        """Its number in the file, from 1."""

    @property
    def values(self) -> Mapping[str, object]:
        """Its cells by column."""

    @property
    def fault(self) -> InputError | None:
        """Why it could not be read."""


class GraphTable(Protocol):
    """The columns of a file and its rows, to be read once."""

    @property
    def file(self) -> str:
        """The name of the file."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""

    @property
    def rows(self) -> Iterator[GraphRow]:
        """Its rows in order."""


OnBadRow = Callable[[GraphRow, InputError], None]
"""Takes a row that can't be used and its error, and lets the reading go on."""


def read_edges(graph: EntityGraph, table: GraphTable, on_bad_row: OnBadRow | None = None) -> int:
    """Take the edges of a table into the graph, and tell how many.

    Raises InputError with file and line for a missing or unknown column, and for the first bad row unless `on_bad_row`
    takes it; the rows before it stay.
    """

    def take(cells: "_Cells") -> None:
        kind = cells.word("kind", graph.vocabulary.kinds)
        start_type, end_type = (cells.word(part, graph.vocabulary.types) for part in ("start_type", "end_type"))
        graph.add(
            Edge(
                kind,
                graph.vocabulary.entity(start_type, cells.text("start")),
                graph.vocabulary.entity(end_type, cells.text("end")),
                cells.moment("time"),
                cells.given("until", cells.moment),
                cells.given("value", cells.number),
                cells.given("source", cells.text) or table.file,
            )
        )

    return _read(table, EDGE_COLUMNS, take, on_bad_row)


def read_entities(graph: EntityGraph, table: GraphTable, on_bad_row: OnBadRow | None = None) -> int:
    """The same for a table of entities, with their other names and from when they are known to be bad."""

    def take(cells: "_Cells") -> None:
        type_ = cells.word("type", graph.vocabulary.types)
        entity = graph.vocabulary.entity(type_, cells.text("name"))
        names = cells.given("aliases", cells.text)
        aliases = [graph.vocabulary.entity(type_, name) for name in names.split("|")] if names else []
        _take_entity(graph, entity, aliases, cells.given("bad_since", cells.moment))

    return _read(table, ENTITY_COLUMNS, take, on_bad_row)


def _take_entity(graph: EntityGraph, entity: Entity, aliases: Sequence[Entity], since: datetime | None) -> None:
    graph.add_entity(entity)
    for alias in aliases:
        graph.alias(entity, alias)
    if since is not None:
        graph.mark_bad(entity, since)


def _read(
    table: GraphTable, columns: Mapping[str, str], take: Callable[["_Cells"], None], on_bad_row: OnBadRow | None
) -> int:
    names = _bound(table, columns)
    taken = 0
    for row in table.rows:
        try:
            if row.fault:
                raise row.fault
            take(_Cells(row.values, names))
        except InputError as fault:
            place = Place(table.file, row.line)
            error = InputError(fault.what, where=str(place), received=fault.received, cure=fault.cure)
            if on_bad_row is None:
                raise error from None
            on_bad_row(row, error)
        else:
            taken += 1
    return taken


def _bound(table: GraphTable, columns: Mapping[str, str]) -> dict[str, str]:
    """Which column of the table holds what."""
    meanings = {name: part for part, chinese in columns.items() for name in (part, chinese)}
    names: dict[str, str] = {}
    for column in table.columns:
        if column not in meanings:
            cure = likely_slip(column, meanings)
            raise InputError("the column is not known", where=table.file, received=repr(column), cure=cure)
        names[meanings[column]] = column
    for part in columns:
        if part not in names and part not in _OPTIONAL:
            raise InputError(f"there is no column {part!r}", where=table.file, cure=f"add {part!r} ({columns[part]})")
    return names


class _Cells:
    """The cells of one row by what they mean."""

    def __init__(self, values: Mapping[str, object], names: Mapping[str, str]) -> None:
        self._values, self._names = values, names

    def has(self, part: str) -> bool:
        """Whether the cell is there and not empty; NaN is how some tables leave one empty."""
        value = self._values.get(self._names.get(part, ""))
        return value is not None and value != "" and not (isinstance(value, float) and isnan(value))

    def given(self, part: str, read: Callable[[str], _Read]) -> _Read | None:
        """The cell as one of the methods below reads it; None where it is empty."""
        return read(part) if self.has(part) else None

    def text(self, part: str) -> str:
        """The cell as text."""
        if not self.has(part):
            raise InputError(f"the row has no {part}", cure="fill the cell in, or leave the row out")
        value = self._values[self._names[part]]
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
            return str(value).strip()
        raise InputError(f"the {part} is not one value", received=type(value).__name__, cure="write a text")

    def word(self, part: str, declared: Collection[str]) -> str:
        """The cell as one of the declared words."""
        text = self.text(part)
        if text not in declared:
            raise InputError(f"the {part} is not declared", received=_outline(text), cure=likely_slip(text, declared))
        return text

    def number(self, part: str) -> Decimal:
        """The cell as an exact number."""
        text = self.text(part)
        try:
            return Decimal(text)
        except InvalidOperation:
            cure = "write it as 120000.50, without signs of currency or commas"
            raise InputError(f"the {part} is not a number", received=_outline(text), cure=cure) from None

    def moment(self, part: str) -> datetime:
        """The cell as a moment, ISO 8601; UTC where it has no zone."""
        value: object = self._values.get(self._names[part])
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if not isinstance(value, datetime):
            text = self.text(part)
            try:
                value = datetime.fromisoformat(text)
            except ValueError:
                cure = "write ISO 8601, such as 2026-03-01 or 2026-03-01T09:30+08:00"
                raise InputError(f"the {part} is not a time", received=_outline(text), cure=cure) from None
        return value if value.tzinfo else value.replace(tzinfo=UTC)


def _outline(text: str) -> str:
    """What stood in a cell without what it says, which may be a person's."""
    digits = sum(char.isdigit() for char in text)
    return f"{len(text)} character{'s' if len(text) > 1 else ''}, {digits} of them digits"
