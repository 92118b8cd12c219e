"""Parquet files to rows, a slice at a time, with the names of hub class labels in place of their numbers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from fengkong.corpus.rows import Row, Table
from fengkong.domain.errors import InputError

__all__ = ["parquet_table"]

SLICE = 2_000
"""Rows held at once."""
_MAGIC = b"PAR1"


def parquet_table(path: Path, file: str) -> Table:
    """A Parquet file; the "line" of a row is its number from 1. Raises InputError where it is empty or damaged."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(len(_MAGIC))
        stream.seek(max(0, size - len(_MAGIC)))
        tail = stream.read()
    if not size:
        raise InputError("the file is empty", where=file, cure="give a Parquet file with rows")
    if head != _MAGIC or tail != _MAGIC:
        raise InputError("not a whole Parquet file", where=file, cure="copy it again, or name it by its real format")
    frame = pl.scan_parquet(path, glob=False)
    try:
        columns = frame.collect_schema().names()
        classes = _class_names(path)
        count = int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _damaged(file, error) from None
    if not count:
        raise InputError("the file has columns but no rows", where=file, cure="give at least one row")
    return Table(file, columns, _rows(frame, count, classes, file))


def _rows(frame: pl.LazyFrame, count: int, classes: Mapping[str, Sequence[str]], file: str) -> Iterator[Row]:
    for start in range(0, count, SLICE):
        try:
            part = frame.slice(start, SLICE).collect()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise _damaged(f"{file}:{start + 1}", error) from None
        for number, values in enumerate(part.iter_rows(named=True), start=start + 1):
            for column, names in classes.items():
                values[column] = _named(values.get(column), names)
            yield Row(number, values, values)


def _named(code: object, names: Sequence[str]) -> object:
    """The name of a label's number, or of each in a list."""
    if isinstance(code, list):
        return [_named(one, names) for one in code]
    return names[code] if isinstance(code, int) and 0 <= code < len(names) else code


def _class_names(path: Path) -> dict[str, list[str]]:
    """Label names that a hub data set keeps in the file's metadata, by column, those of lists (of tags) included."""
    try:
        features = json.loads(pl.read_parquet_metadata(path)["huggingface"])["info"]["features"]
        inner = {
            column: feature.get("feature") or feature
            for column, feature in features.items()
            if isinstance(feature, dict)
        }
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in inner.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}  # written by another tool


def _damaged(where: str, error: BaseException) -> InputError:
    return InputError(
        "the Parquet file can't be read", where=where, received=type(error).__name__, cure="write or copy it again"
    )
