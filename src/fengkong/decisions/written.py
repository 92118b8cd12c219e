"""Values of fields as JSON that keeps their types.

JSON has neither decimals nor dates. Where a value's type matters, it is written as an object of one key:
{"decimal": "10.50"}, {"date": "2026-03-01"}, {"datetime": "2026-03-01T09:30:00+08:00"}, {"duration": "P30DT0S"}.
A list is an array of values so written.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fengkong.domain.canonical import Plain, duration_text, plain
from fengkong.domain.documents import FieldValue, Scalar
from fengkong.rules.times import parse_duration

__all__ = ["read_value", "read_values", "write_value", "write_values"]


def write_values(values: Mapping[str, FieldValue]) -> dict[str, Plain]:
    """Every value by its name, as JSON. Raises InputError as `write_value` does."""
    return {name: write_value(value) for name, value in values.items()}


def read_values(written: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Every value by its name, read back. Raises as `read_value` does."""
    return {name: read_value(value) for name, value in written.items()}


def write_value(value: FieldValue) -> Plain:
    """The value as JSON that keeps its type. Raises InputError for NaN and infinity."""
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case timedelta():
            return {"duration": duration_text(value)}
        case tuple():
            return [write_value(item) for item in value]
    return plain(value)


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
