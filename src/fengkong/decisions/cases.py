"""Past cases as a table: one row a stored decision, one column an input of the rules, under its dotted name.

It is what a backtest runs over, in memory or as Parquet. Beside the inputs it has the columns of `CASE`, whose names no
input can have, and for each signal a column `signals.<name>.<part>` for the parts of `SIGNAL`.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from polars.datatypes import DataTypeClass

from fengkong.decisions.lines import read_lines
from fengkong.decisions.sources import FactSource
from fengkong.decisions.stored import Stored, stored_in
from fengkong.decisions.values import FIELDS, TEXT, rule_values, signal_of, signal_prefix, signal_values
from fengkong.decisions.written import HALF_PAIR, read_value, write_value
from fengkong.domain.canonical import canonical_json
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import FacilityError, InputError
from fengkong.domain.signals import Signal
from fengkong.text.normalising import normalise
from fengkong.text.units import units

__all__ = ["CASE", "SIGNAL", "case_table", "read_cases", "signal_columns", "write_table"]

CASE = pl.Schema(
    {
        "case decision": pl.String(),
        "case document": pl.String(),
        "case time": pl.Datetime("us", "UTC"),
        "case policy": pl.String(),
        "case outcome": pl.String(),
        "case reasons": pl.List(pl.String()),
        "case lost": pl.List(pl.String()),
        "case empty": pl.Boolean(),
        "case pair": pl.String(),
    }
)
"""Decision, document, time, policy, outcome and reason codes; the facts whose source failed; whether the text holds
nothing to read; the second text."""

SIGNAL = pl.Schema(
    {
        "p": pl.Float64(),
        "label": pl.String(),
        "labels": pl.List(pl.String()),
        "value": pl.Float64(),
        "spans": pl.List(pl.String()),
        "abstained": pl.Boolean(),
        "failed": pl.Boolean(),
        "unread": pl.Int64(),
        "fieldless": pl.Boolean(),
        "bundle": pl.String(),
    }
)

_JSON = "json "
"""What the names of Parquet columns begin with that hold values of several types, as JSON."""

_WHOLE = 2**53
"""Up to here a double holds every integer."""


def case_table(stored: Iterable[Stored], sources: Sequence[FactSource] = ()) -> pl.DataFrame:
    """The stored decisions as a table.

    sources: of facts that weren't stored, such as a candidate's windows; asked as of the document's time. As in a
    decision, a caller's field that has the name of a source's fact isn't heard.
    """
    given = frozenset[str]().union(*(source.names for source in sources))
    rows: list[dict[str, Any]] = []
    for doc, dec, _ in stored:
        stored_facts = [fact for fact in dec.facts if fact.source != FIELDS or fact.name not in given]
        known = {fact.name for fact in stored_facts}
        added = [fact for source in sources for fact in source.facts(doc, doc.time or dec.time)]
        facts = [*stored_facts, *(fact for fact in added if fact.name not in known)]
        values = rule_values(doc, facts)
        case = {
            "case decision": dec.id,
            "case document": dec.document,
            "case time": dec.time,
            "case policy": dec.policy,
            "case outcome": str(dec.outcome),
            "case reasons": [reason.code for reason in dec.reasons],
            "case lost": [fact.name for fact in facts if fact.cause],
            "case empty": not units(str(values[TEXT])),
            "case pair": doc.pair,
        }
        rows.append(values | case | signal_columns(dec.signals))
    names = dict.fromkeys([*CASE, TEXT, *(name for row in rows for name in row)])
    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def signal_columns(signals: Sequence[Signal]) -> dict[str, Any]:
    """What the columns of each signal hold for one document."""
    columns: dict[str, Any] = dict(signal_values(signals))
    for sig in signals:
        columns |= {
            f"{signal_prefix(sig.name)}{part}": getattr(sig, part) for part in ("unread", "fieldless", "bundle")
        }
    return columns


def _dtype(name: str) -> pl.DataType | None:
    """The type of a column of `CASE` or `SIGNAL`; None of an input's."""
    return CASE.get(name) or (SIGNAL.get(name.rpartition(".")[2]) if signal_of(name) else None)


def _encodable(value: Any) -> Any:
    """The value with U+FFFD for halves of surrogate pairs, which a text may hold and no column can."""
    match value:
        case str():
            return HALF_PAIR.sub("\ufffd", value)
        case list() | tuple():
            return [_encodable(item) for item in value]
    return value


def _series(name: str, values: Sequence[FieldValue]) -> pl.Series:
    """The column of the type that all values have; of objects where they have several, so that none is changed."""
    if known := _dtype(name):
        return pl.Series(name, [_encodable(value) for value in values], dtype=known, strict=False)
    kinds = {type(value) for value in values if value is not None}
    whole = all(-_WHOLE <= value <= _WHOLE for value in values if isinstance(value, int))
    for fitting, dtype in (({bool}, pl.Boolean), ({str}, pl.String), ({date}, pl.Date)):
        if kinds <= fitting:
            return pl.Series(name, values, dtype=dtype)
    if whole and kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Int64 if kinds == {int} else pl.Float64, strict=False)
    return pl.Series(name, values, dtype=pl.Object)


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet. Raises FacilityError when it can't be."""
    mixed = [series for series in table if series.dtype == pl.Object]
    written = [pl.Series(_JSON + series.name, [_as_json(value) for value in series], pl.String) for series in mixed]
    try:
        table.drop(series.name for series in mixed).with_columns(written).write_parquet(path)
    except OSError as error:
        raise FacilityError(
            "the table can't be written",
            where=str(path),
            received=str(error),
            cure="free space or choose another place",
        ) from error


def read_cases(path: Path) -> pl.DataFrame:
    """The cases of a file: Parquet as `write_table` writes it, or JSON Lines of decisions' records.

    A Parquet file of one's own needs the inputs of the rules and what it has of `CASE`; the rest is unknown.
    Raises InputError for a file that is neither, a column of `CASE` or `SIGNAL` of another type, or a line that can't
    be read, with its place.
    """
    match path.suffix:
        case ".parquet":
            return _parquet(path)
        case ".jsonl":
            return case_table(_records(path))
    raise InputError(
        "past cases are read from .parquet or .jsonl", where=str(path), received=repr(path.suffix), cure="convert them"
    )


def _parquet(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError("the file can't be read as Parquet", where=str(path), cure="check the file") from error
    table = table.with_columns(_typed(series, path) for series in table)
    mixed = [
        pl.Series(series.name.removeprefix(_JSON), [_from_json(value, path) for value in series], pl.Object)
        for series in table
        if series.name.startswith(_JSON)
    ]
    table = table.drop(name for name in table.columns if name.startswith(_JSON)).with_columns(mixed)
    if TEXT not in table.columns:
        table = table.with_columns(pl.lit("").alias(TEXT))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CASE.items() if name not in table.columns]
    fresh = "case empty" not in table.columns or table["case empty"].has_nulls()
    table = table.with_columns(missing)
    if not fresh:
        return table
    # Rules see the text normalised; a table that was written here holds it so.
    texts = [normalise(text or "").text for text in table[TEXT].cast(pl.String)]
    empty = [not units(text) for text in texts]
    return table.with_columns(pl.Series(TEXT, texts, pl.String), pl.Series("case empty", empty, pl.Boolean))


def _typed(series: pl.Series, path: Path) -> pl.Series:
    """The column in the type that it has in a table of cases. Raises InputError where it is of another kind."""
    wanted = pl.String() if series.name == TEXT or series.name.startswith(_JSON) else _dtype(series.name)
    if wanted is None or series.dtype == wanted:
        return series
    try:
        if _fits(series.dtype, wanted):
            return series.cast(wanted)
    except pl.exceptions.PolarsError:
        pass
    raise InputError(
        f"the column {series.name!r} is of another type",
        where=str(path),
        received=str(series.dtype),
        cure=f"write it as {wanted}",
    )


def _fits(found: pl.DataType | DataTypeClass, wanted: pl.DataType | DataTypeClass) -> bool:
    """Whether values of a type can be read as those of another, without a change of what they say."""
    if isinstance(found, pl.List) and isinstance(wanted, pl.List):
        return _fits(found.inner, wanted.inner)
    moments = (pl.Date, pl.Datetime)
    return (
        found in {pl.Null(), wanted}
        or (found.is_numeric() and (wanted.is_numeric() or wanted == pl.Boolean))
        or (found in moments and wanted in moments)
        or (found in (pl.Categorical, pl.Enum) and wanted == pl.String)
    )


def _records(path: Path) -> Iterable[Stored]:
    for where, line in read_lines(path):
        try:
            body = json.loads(line)
        except ValueError as error:
            raise InputError("the line is not JSON", where=where, cure="write one record a line") from error
        if not isinstance(body, dict):
            raise InputError("the line is not the record of a decision", where=where)
        yield stored_in(body, where)


def _as_json(value: FieldValue) -> str | None:
    return None if value is None else canonical_json(write_value(value)).decode("utf-8", "surrogatepass")


def _from_json(value: str | None, path: Path) -> FieldValue:
    try:
        return None if value is None else read_value(json.loads(value))
    except (ValueError, ArithmeticError) as error:
        raise InputError("a value of the table can't be read", where=str(path), cure="write the table again") from error
