"""Windows over past events: how many, how much, how many different, what share, how long ago."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from fengkong.domain.documents import FieldValue

__all__ = ["Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the rules that is computed from past events.

    name: the input's dotted name. events: the kind of event looked at. by: the field that names the entity, in events
    and in the document alike.
    measure: "count" of events; "sum" of a field; "distinct" values of a field; "rate": events an hour; "since_last":
    hours since the last one.
    of: the field of "sum" and "distinct". where: the values that fields of an event must have to be looked at.
    over: how far back from the document's time.
    """

    name: str
    events: str
    by: str
    measure: Literal["count", "sum", "distinct", "rate", "since_last"]
    over: timedelta
    of: str = ""
    where: Mapping[str, FieldValue] = field(default_factory=dict)
