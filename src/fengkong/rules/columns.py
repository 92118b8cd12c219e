"""How a column of a table is read as an input of its declared type: as `values.reader` reads a value, but all at once.

A column of a fitting data type is judged by Polars; any other goes through the reader, value by value. A column that
was read is a plain one: numbers are doubles (see bounds.py), moments microseconds since 1970 in UTC, categories texts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import polars as pl

from fengkong.rules.doubles import DOUBLE_LIMIT
from fengkong.rules.types import Kind, Type
from fengkong.rules.values import INTEGER_LIMIT, Faults, reader

__all__ = ["DATA_TYPES", "Column", "plain_column", "plain_value", "read_column"]

DATA_TYPES: Mapping[Kind, pl.DataType] = {
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INTEGER: pl.Float64(),
    Kind.DECIMAL: pl.Float64(),
    Kind.PROBABILITY: pl.Float64(),
    Kind.TEXT: pl.String(),
    Kind.CATEGORY: pl.String(),
    Kind.DATE: pl.Date(),
    Kind.DATETIME: pl.Int64(),
    Kind.DURATION: pl.Int64(),
    Kind.MONEY: pl.Float64(),
    Kind.ENTITY: pl.String(),
    Kind.LIST: pl.Boolean(),
}
"""The data type that a value of each kind has in a plain column. Of a list, the column says only that it is known."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIGITS = 15
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_DECIMAL_TEXT = r"^[+-]?[0-9]{1,34}(\.[0-9]{1,34})?$"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that was read.

    faults: where the value given can't be used; None where all can. doubles: the doubles compare as the numbers that
    they stand for (see `bounds.Bounded`). unheld: the rows whose value has half of a surrogate pair, which no column of
    texts can hold; there the values only look like it.
    """

    values: pl.Series
    faults: pl.Series | None
    doubles: bool
    unheld: Sequence[int] = ()


def read_column(raw: pl.Series, declared: Type, text_limit: int) -> Column:
    """The column as an input of that type; a null is unknown, and what can't be used is a fault and unknown.

    text_limit: the longest text that rules read, in characters.
    """
    read = _FITTING.get((declared.kind, raw.dtype.base_type()))
    values = None if read is None else read(raw, declared)
    if values is None:
        return _read_by_rows(raw, declared, text_limit)
    if values.dtype == pl.String and _largest(values.str.len_chars()) > text_limit:
        values = _if(values, pl.col("v").str.len_chars() <= text_limit)
    doubtful = values.is_null() & raw.is_not_null()
    return Column(values, doubtful if doubtful.any() else None, _are_doubles(raw, values))


def plain_value(value: Any) -> Any:
    """A value of the row path as the one that stands for it in a plain column."""
    match value:
        case datetime():
            return (value - _EPOCH) // _MICROSECOND
        case timedelta():
            return value // _MICROSECOND
        case tuple():
            return True
        case str() if not value.isascii():
            return _HALF_PAIR.sub("\ufffd", value)
    return value


def as_double(value: Any) -> float | None:
    """The double nearest to a number; infinite where it is too large for one."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return float("inf")


def _read_by_rows(raw: pl.Series, declared: Type, text_limit: int) -> Column:
    read = reader(declared, text_limit)
    values: list[Any] = []
    broken: list[bool] = []
    given = raw.to_list()
    for value in given:
        faults: Faults = {}
        values.append(None if value is None else read(value, "", faults))
        broken.append(bool(faults))
    return Column(
        plain_column(values, declared),
        pl.Series(broken, dtype=pl.Boolean) if any(broken) else None,
        doubles=False,
        unheld=[row for row, value in enumerate(given) if _is_unheld(value)],
    )


def _is_unheld(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_unheld, value))
    return isinstance(value, str) and not value.isascii() and _HALF_PAIR.search(value) is not None


def plain_column(values: Sequence[Any], declared: Type) -> pl.Series:
    """Values of the row path as a plain column."""
    dtype = DATA_TYPES[declared.kind]
    convert = as_double if dtype == pl.Float64 else plain_value
    return pl.Series(list(map(convert, values)), dtype=dtype, strict=True)


def _are_doubles(raw: pl.Series, values: pl.Series) -> bool:
    """Whether the doubles of a numeric column compare as the decimals that they stand for (see doubles.py)."""
    match raw.dtype:
        case pl.String():
            return _largest(raw.str.len_chars()) <= _DIGITS
        case pl.Decimal(scale=scale):
            return _largest(values.abs()) * 10.0**scale < 10.0**_DIGITS
        case dtype if dtype.is_integer():
            return _largest(values.abs()) <= DOUBLE_LIMIT
    return True


def _largest(series: pl.Series) -> float:
    return cast("float", series.max() or 0)


def _as_is(raw: pl.Series, _: Type) -> pl.Series:
    return raw


def _double(raw: pl.Series, _: Type) -> pl.Series:
    return raw.cast(pl.Float64)


def _if(values: pl.Series, usable: pl.Expr) -> pl.Series:
    """The values for which the test on the column `v` holds, else null."""
    return values.to_frame("v").select(pl.when(usable).then(pl.col("v"))).to_series()


def _finite(raw: pl.Series, _: Type) -> pl.Series:
    return _if(raw.cast(pl.Float64), pl.col("v").is_finite())


def _integral(raw: pl.Series, _: Type) -> pl.Series:
    value = pl.col("v")
    return _if(raw.cast(pl.Float64), (value == value.floor()) & value.is_between(-INTEGER_LIMIT, INTEGER_LIMIT, "left"))


def _probable(raw: pl.Series, _: Type) -> pl.Series:
    return _if(raw.cast(pl.Float64), pl.col("v").is_between(0.0, 1.0))


def _decimal_text(raw: pl.Series, _: Type) -> pl.Series:
    return _if(raw, pl.col("v").str.contains(_DECIMAL_TEXT)).str.strip_prefix("+").cast(pl.Float64)


def _decimal(raw: pl.Series, _: Type) -> pl.Series:
    # Through the digits, so that the double is the nearest one.
    return raw.cast(pl.String).cast(pl.Float64)


def _text(raw: pl.Series, _: Type) -> pl.Series:
    return raw.cast(pl.String)


def _category(raw: pl.Series, declared: Type) -> pl.Series:
    return _if(raw.cast(pl.String), pl.col("v").is_in(declared.values))


def _moment(raw: pl.Series, _: Type) -> pl.Series | None:
    match raw.dtype:
        case pl.Datetime(time_unit="us" | "ms", time_zone=str()):
            return raw.dt.epoch("us")
    return None


def _duration(raw: pl.Series, _: Type) -> pl.Series | None:
    match raw.dtype:
        case pl.Duration(time_unit="us" | "ms"):
            return raw.dt.total_microseconds()
    return None


_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
_FLOATS = (pl.Float32, pl.Float64)
_TEXTS = (pl.String, pl.Categorical, pl.Enum)

_FITTING: Mapping[tuple[Kind, Any], Callable[[pl.Series, Type], pl.Series | None]] = {
    (Kind.BOOLEAN, pl.Boolean): _as_is,
    (Kind.DATE, pl.Date): _as_is,
    (Kind.DATETIME, pl.Datetime): _moment,
    (Kind.DURATION, pl.Duration): _duration,
    (Kind.DECIMAL, pl.String): _decimal_text,
    **{(kind, pl.Decimal): _decimal for kind in (Kind.DECIMAL, Kind.MONEY)},
    **{(kind, dtype): _double for kind in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY) for dtype in _INTEGERS},
    **{(Kind.PROBABILITY, dtype): _probable for dtype in (*_INTEGERS, *_FLOATS)},
    **{(Kind.INTEGER, dtype): _integral for dtype in _FLOATS},
    **{(kind, dtype): _finite for kind in (Kind.DECIMAL, Kind.MONEY) for dtype in _FLOATS},
    **{(Kind.TEXT, dtype): _text for dtype in _TEXTS},
    **{(Kind.CATEGORY, dtype): _category for dtype in _TEXTS},
}
