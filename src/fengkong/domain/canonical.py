"""One way to write a value down: a value has the same bytes and the same hash whatever order its keys came in.

Canonical JSON in the manner of RFC 8785: keys sorted, no blanks, UTF-8. A number is written as what it is, so 1, 1.0
and Decimal("1") differ, though Python calls them equal. NaN and infinity are refused, since no two readers agree on
them.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath

from fengkong.domain.errors import InputError

__all__ = ["Plain", "canonical_json", "digest", "duration_text", "plain"]

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""A value that JSON can hold."""


def _text(value: date | PurePath) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def duration_text(value: timedelta) -> str:
    """The duration in ISO 8601, in days and seconds, exactly: "P30DT0S", "-P1DT0.5S"."""
    days, rest = divmod(abs(value), timedelta(days=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest.microseconds else ""
    return f"{'-' if value < timedelta(0) else ''}P{days}DT{rest.seconds}{fraction}S"


def plain(value: object) -> Plain:
    """The value as JSON types: dataclasses as objects, enums by name, times and durations as ISO 8601, Decimal as text.

    Raises InputError for NaN, infinity, and types that have no JSON form.
    """
    match value:
        case Enum():
            return str(value)
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case Decimal() if value.is_finite():
            return str(value)
        case float() | Decimal():
            raise InputError("a number must be finite", received=str(value), cure="use null for unknown")
        case datetime() | date() | timedelta() | PurePath():
            return duration_text(value) if isinstance(value, timedelta) else _text(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Set():
            return [plain(item) for item in sorted(value)]
        case Sequence() if not isinstance(value, bytes | bytearray):
            return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    raise InputError("a value can't be written as JSON", received=type(value).__name__, cure="convert it first")


def canonical_json(value: object) -> bytes:
    """The canonical bytes of a value. Raises InputError as `plain` does."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )


def digest(value: object) -> str:
    """sha256 (hex, 64 characters) of the canonical bytes."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
