"""Velocity: what happened to a document's entities lately, as facts for rules.

The index is derived from the windows that the rules declare, and follows the ledger, entry by entry, so that it holds
no state of its own: it is built anew at every start, and several processes on one ledger see the same. Events are
placed by their own time, however late they came, so that a backtest sees those that had not arrived in time.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, Overflow
from operator import itemgetter
from threading import Lock

from fengkong.decisions.entities import entity_key
from fengkong.decisions.events import EVENT, Happening, happening_of
from fengkong.decisions.records import DECISION
from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.signals import Fact
from fengkong.ledger.entries import EntryStore
from fengkong.rules.windows import Window

__all__ = ["VELOCITY", "Velocity"]

VELOCITY = "velocity"
"""The source of its facts."""

_PAGE = 1000
_HOUR = timedelta(hours=1)

_EXACT = Context(prec=1000, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, Overflow])
"""Sums are exact, whatever the thread's own context: all doubles fit in, and what doesn't is told."""

_ROUNDED = Context(prec=28)
"""Hours and rates have 28 digits, whatever the thread's own context."""

Moment = tuple[datetime, FieldValue, str]
"""When an event happened, the value of the field that is measured, and which document it is, where that has no time."""


class Velocity:
    """The values of declared windows as of any moment. Safe for threads.

    A window looks at the events from `over` before that moment up to, but not at, the moment itself: an event doesn't
    count itself, and nothing that happened after it is seen, so that a backtest can't see the future. A document
    without time that is decided on again, under the same id, doesn't count its own earlier decisions.
    """

    def __init__(self, windows: Sequence[Window], ledger: EntryStore) -> None:
        self._windows = tuple(windows)
        self._ledger = ledger
        self._timelines = {_looked_at(window): _Timeline(window) for window in windows}
        self._kinds = {DECISION if window.events == DECISION else EVENT for window in windows}
        self._read = 0
        self._lock = Lock()

    @property
    def names(self) -> frozenset[str]:
        """The names of the windows."""
        return frozenset(window.name for window in self._windows)

    def facts(self, doc: Document, as_of: datetime) -> list[Fact]:
        """Each window's value for the entity that the document names; unknown where it names none.

        Raises FacilityError when the ledger can't be read, InputError for an event there that can't be.
        """
        with self._lock:
            self._follow()
            return [Fact(window.name, self._value(window, doc, as_of), VELOCITY) for window in self._windows]

    def _follow(self) -> None:
        """Take in what was appended since."""
        while page := self._ledger.entries(self._read, _PAGE):
            for entry in page:
                if entry.kind in self._kinds and (event := happening_of(entry)):
                    for timeline in self._timelines.values():
                        timeline.add(event)
                self._read = entry.seq

    def _value(self, window: Window, doc: Document, as_of: datetime) -> FieldValue:
        entity = entity_key(doc.fields.get(window.by))
        if not entity:  # those without a name aren't one entity
            return None
        moments = self._timelines[_looked_at(window)].between(entity, as_of - window.over, as_of)
        if doc.time is None:
            moments = [moment for moment in moments if moment[2] != doc.id]
        match window.measure:
            case "count":
                return len(moments)
            case "sum":
                return _sum([value for _, value, _ in moments])
            case "distinct":
                values = {None if value is None else entity_key(value) for _, value, _ in moments}
                return None if None in values else len(values)
            case "rate":
                return _ROUNDED.divide(len(moments), _hours(window.over))
            case "since_last":
                return _hours(as_of - moments[-1][0]) if moments else None


class _Timeline:
    """The events that one kind of window looks at, by entity, in the order of their own time."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._moments: dict[str, list[Moment]] = defaultdict(list)

    def add(self, event: Happening) -> None:
        window, fields = self._window, event.fields
        entity = entity_key(fields.get(window.by))
        wanted = event.kind == window.events and all(
            fields.get(name) is not None and entity_key(fields[name]) == entity_key(value)
            for name, value in window.where.items()
        )
        if wanted and entity:
            moment = (event.time, fields.get(window.of), event.timeless)
            insort(self._moments[entity], moment, key=itemgetter(0))

    def between(self, entity: str, start: datetime, end: datetime) -> Sequence[Moment]:
        """The moments from start on, before end."""
        moments = self._moments.get(entity, [])
        first, last = (bisect_left(moments, at, key=itemgetter(0)) for at in (start, end))
        return moments[first:last]


def _looked_at(window: Window) -> tuple[object, ...]:
    """Windows that differ only in how far they look back, and in what they make of it, share a timeline."""
    where = tuple(sorted((name, entity_key(value)) for name, value in window.where.items()))
    return window.events, window.by, window.of, where


def _sum(values: Sequence[FieldValue]) -> Decimal | None:
    """The exact sum; unknown where one of the values is unknown or no number, since a part isn't the whole.

    Unknown, too, where it would take more than a thousand digits.
    """
    total = Decimal(0)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return None
        try:
            total = _EXACT.add(total, Decimal(repr(value)) if isinstance(value, float) else value)
        except ArithmeticError:
            return None
    return total


def _hours(span: timedelta) -> Decimal:
    return _ROUNDED.divide(span // timedelta(microseconds=1), _HOUR // timedelta(microseconds=1))
