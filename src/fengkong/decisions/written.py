"""Values of fields as JSON that keeps their types.

JSON has neither decimals nor dates. Where a value's type matters, it is written as an object of one key:
{"decimal": "10.50"}, {"date": "2026-03-01"}, {"datetime": "2026-03-01T09:30:00+08:00"}, {"duration": "P30DT0S"}.
A list is an array of values so written. What is written can always be read back; anything else is refused, since the
ledger would keep it for ever.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fengkong.domain.canonical import Plain, duration_text, plain
from fengkong.domain.documents import FieldValue, Scalar
from fengkong.domain.errors import InputError
from fengkong.rules.times import parse_duration

__all__ = ["HALF_PAIR", "read_value", "read_values", "write_value", "write_values"]

HALF_PAIR = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can spell it, and no file or table can hold it."""


def write_values(values: Mapping[str, FieldValue]) -> dict[str, Plain]:
    """Every value by its name, as JSON. Raises InputError as `write_value` does, naming the field."""
    return {_whole(name): _write_named(name, value) for name, value in values.items()}


def read_values(written: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Every value by its name, read back. Raises as `read_value` does."""
    return {name: read_value(value) for name, value in written.items()}


def write_value(value: FieldValue) -> Plain:
    """The value as JSON that keeps its type.

    Raises InputError for NaN, infinity, half a surrogate pair, a list in a list, an object, and any other type.
    """
    if isinstance(value, tuple):
        return [_write_scalar(item) for item in value]
    return _write_scalar(value)


def _write_named(name: str, value: FieldValue) -> Plain:
    try:
        return write_value(value)
    except InputError as error:
        raise InputError(error.what, where=f"field {name!r}", received=error.received, cure=error.cure) from error


def _write_scalar(value: Scalar) -> Plain:
    match value:
        case Decimal():
            return {"decimal": plain(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case timedelta():
            return {"duration": duration_text(value)}
        case str():
            return _whole(value)
        case None | bool() | int() | float():
            return plain(value)
    raise InputError(
        "a value is none that a field can have",
        received=type(value).__name__,
        cure="give a text, a number, true or false, a date, or a list of those",
    )


def _whole(text: str) -> str:
    """The text, unless it can't be encoded."""
    if HALF_PAIR.search(text):
        raise InputError("a text holds half a surrogate pair", cure="send it as UTF-8, or leave that character out")
    return text


def read_value(written: Any) -> FieldValue:
    """The value that was written. Raises ValueError or ArithmeticError for what `write_value` never wrote."""
    match written:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"datetime": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case {"duration": str(text)}:
            return _duration(text)
        case list():
            return tuple([_scalar(item) for item in written])
        case None | bool() | int() | float() | str():
            return written
    raise ValueError("a value of no known type")


def _scalar(written: Any) -> Scalar:
    value = read_value(written)
    if isinstance(value, tuple):
        raise ValueError("a list inside a list")
    return value


def _duration(text: str) -> timedelta:
    span = parse_duration(text)
    if span is None:
        raise ValueError("a duration that can't be read")
    return span
