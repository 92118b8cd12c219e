"""The graph in one Parquet file, a statement a row: data, never code, that other tools can read too.

A row of a declared kind is an edge. Three kinds of row say something of one entity: "entity" that there is one, "alias"
that `end` is another name of it, "bad" that it is known to be bad from `time` on.
"""

from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from fengkong.domain.errors import FacilityError, InputError
from fengkong.knowledge.entities import Entity, Vocabulary, check_value
from fengkong.knowledge.graph import NEVER, EdgeColumns, EntityGraph

__all__ = ["load_graph", "save_graph"]

FORMAT = "1"
"""Raised with the columns, or with `normal_name`, whose results the file holds."""
_MARK = "fengkong.graph"
_PARQUET = b"PAR1"
"""What every Parquet file begins with."""
_MOMENT = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "start_type": pl.String(),
    "start": pl.String(),
    "end_type": pl.String(),
    "end": pl.String(),
    "time": _MOMENT,
    "until": _MOMENT,
    "value": pl.String(),
    "source": pl.String(),
}
_ABOUT_ONE = ("entity", "alias", "bad")


def save_graph(graph: EntityGraph, path: Path) -> None:
    """Write the graph; the file takes its place once it is whole. Raises FacilityError where it can't be written."""
    frame = pl.concat([_about_entities(graph), _edges(graph)])
    part = path.with_name(path.name + ".part")
    try:
        frame.write_parquet(part, metadata={_MARK: FORMAT})
        part.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        with suppress(OSError):
            part.unlink()
        received = getattr(error, "strerror", None) or type(error).__name__
        cure = "free space, or name another file"
        raise FacilityError("the graph can't be saved", where=str(path), received=received, cure=cure) from error


def load_graph(path: Path, vocabulary: Vocabulary | None = None) -> EntityGraph:
    """The graph that was saved there.

    Raises InputError where the file is missing, damaged, of another version, or says what the vocabulary does not
    allow.
    """
    frame = _read(path)
    graph = EntityGraph(vocabulary)
    try:
        _take(graph, frame)
    except InputError as error:
        raise InputError(error.what, where=str(path), received=error.received, cure=error.cure) from None
    return graph


def _about_entities(graph: EntityGraph) -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {"kind": "entity", "start_type": e.type, "start": e.name} for e in graph.entities()
    ]
    rows += [
        {"kind": "alias", "start_type": e.type, "start": e.name, "end_type": alias.type, "end": alias.name}
        for e, alias in graph.aliases()
    ]
    rows += [{"kind": "bad", "start_type": e.type, "start": e.name, "time": since} for e, since in graph.bad()]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _edges(graph: EntityGraph) -> pl.DataFrame:
    names = pl.DataFrame(list(graph.entities()), schema={"type": pl.String(), "name": pl.String()}, orient="row")
    start, end = (names[pl.Series(column, dtype=pl.UInt32)] for column in (graph.start, graph.end))
    until = pl.Series(graph.until, dtype=pl.Int64)
    return pl.DataFrame(
        {
            "kind": [graph.kinds[kind] for kind in graph.kind],
            "start_type": start["type"],
            "start": start["name"],
            "end_type": end["type"],
            "end": end["name"],
            "time": pl.Series(graph.time, dtype=pl.Int64),
            "until": until.set(until == NEVER, None),
            "value": pl.Series([None if value is None else str(value) for value in graph.value], dtype=pl.String()),
            "source": list(graph.sources()),
        }
    ).with_columns(pl.col("time", "until").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def _read(path: Path) -> pl.DataFrame:
    try:
        if not _is_parquet(path):
            raise _no_graph(path)
        version = pl.read_parquet_metadata(path).get(_MARK)
        if version is None:
            raise _no_graph(path)
        frame = pl.read_parquet(path, glob=False)
    except FileNotFoundError:
        raise InputError("there is no such graph", where=str(path), cure="build it first") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        cure = "build it anew, or copy it again"
        raise InputError("the graph can't be read", where=str(path), received=type(error).__name__, cure=cure) from None
    if version != FORMAT or dict(frame.schema) != _SCHEMA:
        raise InputError(
            "not a graph of this version",
            where=str(path),
            received=f"version {version}",
            cure="build it anew from its tables",
        )
    return frame


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _no_graph(path: Path) -> InputError:
    return InputError("this is no graph file", where=str(path), cure="name one that a graph was saved as")


def _take(graph: EntityGraph, frame: pl.DataFrame) -> None:
    about_one = frame["kind"].is_in(_ABOUT_ONE)
    one = frame.filter(about_one).select("kind", "start_type", "start", "end_type", "end", "time")
    for type_ in {*one["start_type"], *one["end_type"]} - {None}:
        graph.vocabulary.check_type(type_)
    for kind, start_type, start, end_type, end, time in one.iter_rows():
        entity = Entity(start_type, start)
        if not start or (kind == "alias" and not end) or (kind == "bad" and time is None):
            raise InputError("a statement about an entity lacks a part", received=kind, cure="build the graph anew")
        if kind == "alias":
            graph.alias(entity, Entity(end_type, end))
        elif kind == "bad":
            graph.mark_bad(entity, time)
        else:
            graph.add_entity(entity)
    graph.extend_checked(_columns(graph, frame.filter(~about_one)))


def _columns(graph: EntityGraph, edges: pl.DataFrame) -> EdgeColumns:
    """The edges, their entities as numbers. Raises InputError for one that can't be."""
    measures = {kind: graph.vocabulary.measure(kind) for kind in edges["kind"].unique().to_list()}
    valued = edges.filter(pl.col("value").is_not_null())
    for kind, value in zip(valued["kind"], valued["value"], strict=True):
        check_value(kind, measures[kind], _decimal(value))
    starts, ends = (_numbers(graph, edges[f"{side}_type"], edges[side]) for side in ("start", "end"))
    ticked = edges.select(pl.col("time", "until").dt.timestamp("us"))
    times, untils = ticked["time"], ticked["until"].fill_null(NEVER)
    lacking = starts.has_nulls() or ends.has_nulls() or times.has_nulls() or edges["source"].has_nulls()
    if lacking or bool((untils < times).any()):
        raise InputError("an edge lacks a part, or ends before it began", cure="build the graph anew")
    values = [None if value is None else Decimal(value) for value in edges["value"]]
    return EdgeColumns(
        kinds=edges["kind"].to_list(),
        starts=starts.to_list(),
        ends=ends.to_list(),
        times=times.to_list(),
        untils=untils.to_list(),
        values=values,
        sources=edges["source"].to_list(),
    )


def _numbers(graph: EntityGraph, types: pl.Series, names: pl.Series) -> pl.Series:
    known = pl.DataFrame(list(graph.entities()), schema={"type": pl.String(), "name": pl.String()}, orient="row")
    asked = pl.DataFrame({"type": types, "name": names})
    return asked.join(known.with_row_index("number"), on=["type", "name"], how="left", maintain_order="left")["number"]


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise InputError("the value of an edge is not a number", cure="build the graph anew") from None
