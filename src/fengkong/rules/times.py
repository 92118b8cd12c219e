"""Moments, days and durations: how they are written, and what arithmetic on them answers.

Every operation is total: a result outside the calendar, or of more than 292,000 years, is unknown (None).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from fengkong.domain.canonical import duration_text
from fengkong.rules.arithmetic import divide
from fengkong.rules.types import Kind

__all__ = ["OPERATIONS", "PARTS", "fits", "parse_duration", "parse_zone", "part_of", "write_duration"]

_LONGEST = timedelta(microseconds=2**63 - 1)
_DAY = timedelta(days=1)

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "min": "minutes", "s": "seconds"}
_WRITTEN = re.compile(r"(-?)((?:[0-9]{1,9} ?(?:w|d|h|min|s) ?)+)", re.ASCII)
_TERM = re.compile(r"([0-9]+) ?([a-z]+)", re.ASCII)
_ISO = re.compile(
    r"(-?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?", re.ASCII
)


def parse_duration(text: str) -> timedelta | None:
    """The duration that is written as "30 d", "1 d 12 h", "15 min" (w, d, h, min, s) or in ISO 8601 ("P30D", "PT12H").

    Months and years have no fixed length, so they are no durations. None for any other text.
    """
    try:
        return _from_iso(text) if "P" in text else _from_units(text)
    except OverflowError:
        return None


def _from_units(text: str) -> timedelta | None:
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    terms = [timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _TERM.findall(written[2])]
    return sum(terms, timedelta()) * (-1 if written[1] else 1)


def _from_iso(text: str) -> timedelta | None:
    iso = _ISO.fullmatch(text)
    if iso is None or text[-1] in "PT":
        return None
    weeks, days, hours, minutes = (int(iso[at] or 0) for at in range(2, 6))
    micros = int(Decimal(iso[6] or 0) * 1_000_000)
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, microseconds=micros)
    return -span if iso[1] else span


def write_duration(span: timedelta) -> str:
    """The duration as an author would write it: "1 d 12 h"; what is no whole number of seconds in ISO 8601."""
    size, sign = abs(span), "-" if span < timedelta(0) else ""
    if size % timedelta(seconds=1):
        return duration_text(span)
    terms = []
    for unit in ("d", "h", "min", "s"):
        count, size = divmod(size, timedelta(**{_UNITS[unit]: 1}))
        terms += [f"{count} {unit}"] if count else []
    return f"{sign}{' '.join(terms) or '0 s'}"


def fits(span: timedelta) -> bool:
    """Whether 64 bits of microseconds hold the duration, as a column of a table must."""
    return -_LONGEST <= span <= _LONGEST


def _fitting(span: timedelta) -> timedelta | None:
    return span if fits(span) else None


def parse_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name in the IANA database, such as "Asia/Shanghai" or "UTC"; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def part_of(read: Callable[[date], int], zone: str = "") -> Callable[[Any], int | None]:
    """The function that reads a part of a day, or of a moment as clocks in that zone show it."""
    if not zone:
        return read
    place = ZoneInfo(zone)

    def local(moment: datetime) -> int | None:
        try:
            return read(moment.astimezone(place))
        except OverflowError:
            return None

    return local


def _hour(moment: Any) -> int:
    return int(moment.hour)


PARTS: Mapping[str, Callable[[Any], int]] = MappingProxyType(
    {
        "year": lambda day: day.year,
        "month": lambda day: day.month,
        "day": lambda day: day.day,
        "weekday": date.isoweekday,
        "hour": _hour,
    }
)
"""What can be asked of a day or a moment; weekdays count from 1 (Monday) to 7, as in ISO 8601."""


def _later(moment: Any, span: timedelta) -> Any:
    try:
        return moment + span
    except OverflowError:
        return None


def _earlier(moment: Any, span: timedelta) -> Any:
    try:
        return moment - span
    except OverflowError:
        return None


def _whole_days(span: timedelta) -> timedelta:
    # Of a duration that is added to a day only whole days count, before and after alike.
    return -(-span // _DAY) * _DAY if span < timedelta(0) else span // _DAY * _DAY


def _sum(left: timedelta, right: timedelta) -> timedelta | None:
    return _fitting(left + right)


def _difference(left: Any, right: Any) -> timedelta | None:
    return _fitting(left - right)


def _times(span: timedelta, count: int) -> timedelta | None:
    try:
        return _fitting(span * count)
    except OverflowError:
        return None


def _ratio(left: timedelta, right: timedelta) -> Decimal | None:
    micro = timedelta(microseconds=1)
    return divide(Decimal(left // micro), Decimal(right // micro))


OPERATIONS: Mapping[tuple[str, Kind, Kind], tuple[Kind, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        ("-", Kind.DATE, Kind.DATE): (Kind.DURATION, _difference),
        ("-", Kind.DATETIME, Kind.DATETIME): (Kind.DURATION, _difference),
        ("+", Kind.DATE, Kind.DURATION): (Kind.DATE, lambda day, span: _later(day, _whole_days(span))),
        ("-", Kind.DATE, Kind.DURATION): (Kind.DATE, lambda day, span: _earlier(day, _whole_days(span))),
        ("+", Kind.DATETIME, Kind.DURATION): (Kind.DATETIME, _later),
        ("-", Kind.DATETIME, Kind.DURATION): (Kind.DATETIME, _earlier),
        ("+", Kind.DURATION, Kind.DURATION): (Kind.DURATION, _sum),
        ("-", Kind.DURATION, Kind.DURATION): (Kind.DURATION, _difference),
        ("*", Kind.DURATION, Kind.INTEGER): (Kind.DURATION, _times),
        ("/", Kind.DURATION, Kind.DURATION): (Kind.DECIMAL, _ratio),
    }
)
"""By operator and the kinds of both sides: the kind of the result, and its function."""
