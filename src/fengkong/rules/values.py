"""How a value from outside becomes a value of its declared type, at the moment a rule set runs.

Nothing is guessed: a value that is not of its type is a fault, and the rules that name it end as errors. JSON has few
types, so decimals may come as numbers or as text like "1234.50", and dates, moments and durations as ISO 8601 text.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from fengkong.rules.listing import EntityKind, plain_form
from fengkong.rules.times import fits, parse_duration
from fengkong.rules.types import Kind, Type

__all__ = ["INTEGER_LIMIT", "ITEMS_LIMIT", "TEXT_LIMIT", "Faults", "Reader", "reader"]

INTEGER_LIMIT = 2**63
"""Integers lie in [-INTEGER_LIMIT, INTEGER_LIMIT), as in a table's column."""

TEXT_LIMIT = 200_000
"""How many characters a text may have, and the texts of a list together, where a rule set says no other number."""

ITEMS_LIMIT = 10_000
"""How many items a list may have."""

_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]{1,34}(\.[0-9]{1,34})?", re.ASCII)

Faults = dict[str, str]
"""The cause by input, for inputs whose value can't be used."""

Reader = Callable[[object, str, Faults], object]
"""Takes a value that is not None, the input's name and the faults so far; answers the value to compute with, or writes
the fault down and answers None."""


def reader(declared: Type, text_limit: int = TEXT_LIMIT) -> Reader:
    """The reader for inputs of that type. A text of more characters than the limit is a fault."""
    convert = _converter(declared)
    wanted = _wanted(declared)
    is_read = _CONVERTERS[Kind.TEXT] if declared.kind is Kind.CATEGORY else None

    def read(value: object, name: str, faults: Faults) -> object:
        if (length := _length(value)) > text_limit:
            faults[name] = f"{name} has {length} characters; rules read at most {text_limit}"
            return None
        converted = convert(value)
        if converted is None and is_read and is_read(value) is not None:
            faults[name] = f"{name} has a value that is not among its {len(declared.values)} declared ones"
        elif converted is None:
            faults[name] = f"{name} must be {wanted}, received {_shape(value)}"
        return converted

    return read


def _converter(declared: Type) -> Callable[[object], object]:
    match declared:
        case Type(kind=Kind.CATEGORY, values=values):
            return _member(frozenset(values))
        case Type(kind=Kind.MONEY, currency=currency):
            return _money(f"{currency} ")
        case Type(kind=Kind.LIST, of=Type() as of):
            return _items(_converter(of))
    return _CONVERTERS[declared.kind]


def _member(allowed: frozenset[str]) -> Callable[[object], str | None]:
    return lambda value: str(value) if isinstance(value, str) and value in allowed else None


def _money(prefix: str) -> Callable[[object], Decimal | None]:
    """The amount, where the currency is the declared one: 12.5, "12.50" or "CNY 12.50"."""
    return lambda value: _decimal(value.removeprefix(prefix) if isinstance(value, str) else value)


def _items(convert: Callable[[object], object]) -> Callable[[object], tuple[object, ...] | None]:
    def read(value: object) -> tuple[object, ...] | None:
        if not isinstance(value, list | tuple) or len(value) > ITEMS_LIMIT:
            return None
        items = tuple([None if item is None else convert(item) for item in value])
        return None if None in items else items

    return read


def _length(value: object) -> int:
    """The characters of a text, or of the texts of a list together."""
    if isinstance(value, list | tuple):
        return sum([len(item) for item in value if isinstance(item, str)])
    return len(value) if isinstance(value, str) else 0


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
        case timedelta():
            return "a duration"
        case list() | tuple():
            return f"a list of {len(value)}"
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
    offset = value.utcoffset() if isinstance(value, datetime) else None
    if offset is None or not isinstance(value, datetime):
        return None
    # Python compares two moments of one zone by their clocks, which show an hour twice when summer ends.
    return value if isinstance(value.tzinfo, timezone) else value.replace(tzinfo=timezone(offset))


def _duration(value: object) -> timedelta | None:
    span = parse_duration(value) if isinstance(value, str) else value
    return span if isinstance(span, timedelta) and fits(span) else None


def _entity(value: object) -> str | None:
    return (plain_form(value, EntityKind.TEXT) or None) if isinstance(value, str) else None


_CONVERTERS: dict[Kind, Callable[[object], object]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.PROBABILITY: _probability,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.DURATION: _duration,
    Kind.ENTITY: _entity,
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
    Kind.DURATION: "a duration, or one written as 30 d, 1 d 12 h or P30D",
    Kind.ENTITY: "a text that is not empty",
}


def _wanted(declared: Type) -> str:
    match declared:
        case Type(kind=Kind.MONEY, currency=currency):
            return f"a finite number, or an amount written as {currency} 1234.50"
        case Type(kind=Kind.LIST, of=Type() as of):
            return f"a list of at most {ITEMS_LIMIT} items, each of them {_wanted(of)}"
    return _WANTED[declared.kind]
