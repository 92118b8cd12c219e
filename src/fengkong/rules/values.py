"""How a value from outside becomes a value of its declared type, at the moment a rule set runs.

Nothing is guessed: a value that is not of its type is a fault, and the rules that name it end as errors. JSON has few
types, so decimals may come as numbers or as text like "1234.50", and dates as ISO 8601 text.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from fengkong.rules.types import Kind, Type

__all__ = ["INTEGER_LIMIT", "Faults", "Reader", "reader"]

INTEGER_LIMIT = 2**63
"""Integers lie in [-INTEGER_LIMIT, INTEGER_LIMIT), as in a table's column."""

_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]{1,34}(\.[0-9]{1,34})?", re.ASCII)

Faults = dict[str, str]
"""The cause by input, for inputs whose value can't be used."""

Reader = Callable[[object, str, Faults], object]
"""Takes a value that is not None, the input's name and the faults so far; answers the value to compute with, or writes
the fault down and answers None."""


def reader(declared: Type) -> Reader:
    """The reader for inputs of that type."""
    convert = _CONVERTERS[declared.kind]
    allowed = frozenset(declared.values)

    def read(value: object, name: str, faults: Faults) -> object:
        converted = convert(value)
        if converted is None:
            faults[name] = f"{name} must be {_WANTED[declared.kind]}, received {_shape(value)}"
        elif declared.kind is Kind.CATEGORY and converted not in allowed:
            faults[name] = f"{name} has a value that is not among its {len(allowed)} declared ones"
            return None
        return converted

    return read


def _shape(value: object) -> str:
    """The value's type in words, and never the value: it may be personal data."""
    match value:
        case float() | Decimal() if not _finite(value):
            return "a number that is not finite"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float() | Decimal():
            return "a number"
        case str():
            return "a text"
        case datetime():
            return "a datetime" if value.tzinfo else "a datetime without zone"
        case date():
            return "a date"
    return f"a value of type {type(value).__name__}"


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _integer(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        return int(value)
    return None


def _decimal(value: object) -> Decimal | None:
    match value:
        case Decimal():
            number = value
        case float():
            # Through its shortest digits: the 0.1 of a JSON text is the number 0.1.
            number = Decimal(repr(float(value)))
        case str() if _DECIMAL_TEXT.fullmatch(value):
            number = Decimal(value)
        case _:
            integer = _integer(value)
            return None if integer is None else Decimal(integer)
    return number if number.is_finite() else None


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return float(value) if _finite(value) and 0 <= value <= 1 else None


def _finite(value: float | Decimal) -> bool:
    # `math.isfinite` raises for a signalling NaN, as comparing does for any NaN of Decimal.
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str) else None


def _date(value: object) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _datetime(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    # Without a zone it is no moment, and can't be compared with one.
    return value if isinstance(value, datetime) and value.utcoffset() is not None else None


_CONVERTERS: dict[Kind, Callable[[object], object]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.PROBABILITY: _probability,
    Kind.TEXT: _text,
    Kind.CATEGORY: _text,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
}

_WANTED: dict[Kind, str] = {
    Kind.BOOLEAN: "true or false",
    Kind.INTEGER: "an integer of at most 64 bits",
    Kind.DECIMAL: "a finite number, or one written as text like 1234.50",
    Kind.PROBABILITY: "a number from 0 to 1",
    Kind.TEXT: "a text",
    Kind.CATEGORY: "a text",
    Kind.DATE: "a date, or one written as 2025-01-31",
    Kind.DATETIME: "a datetime with a zone, or one written as 2025-01-31T09:30:00+08:00",
}
