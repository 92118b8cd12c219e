"""Inputs that count what happened lately: windows over past events, declared here, computed where events are kept."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal, cast

import yaml

from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Severity
from fengkong.rules.loading import Nodes
from fengkong.rules.types import DECIMAL, INTEGER, Type

__all__ = ["WINDOW", "Measure", "Window", "read_window", "window_type"]

WINDOW = "window"
"""The type of an input that is computed from past events."""

LONGEST = timedelta(days=3660)

NEAR = 0.8
"""How like a declared input, from 0 to 1, a field's name must be to count as a slip; fields of events need no input."""

Measure = Literal["count", "sum", "distinct", "rate", "since_last"]

_MEASURES: Mapping[str, Type] = MappingProxyType(
    {"count": INTEGER, "sum": DECIMAL, "distinct": INTEGER, "rate": DECIMAL, "since_last": DECIMAL}
)
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([0-9]{1,6}) ?(min|h|d|w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the rules that is computed from past events.

    name: the input's dotted name. events: the kind of event looked at. by: the field that names the entity, in events
    and in the document alike.
    measure: "count" of events; "sum" of a field; "distinct" values of a field; "rate": events an hour; "since_last":
    hours since the last one.
    over: how far back from the document's time.
    of: the field of "sum" and "distinct". where: the values that fields of an event must have to be looked at.
    """

    name: str
    events: str
    by: str
    measure: Measure
    over: timedelta
    of: str = ""
    where: Mapping[str, FieldValue] = field(default_factory=dict)


def window_type(window: Window) -> Type:
    """The type of the input that a window gives."""
    return _MEASURES[window.measure]


def read_window(nodes: Nodes, name: str, node: yaml.Node, declared: Collection[str]) -> Window | None:
    """The window that an input is declared as, or None after reporting its faults to the nodes.

    declared: the names of inputs that the document gives; a field named almost like one of them is told.
    """
    required = ("type", "events", "by", "measure", "over")
    before = len(nodes.findings)
    entries = nodes.entries(node, f"window {name!r}", required=required, optional=("of", "where"))
    texts = {
        key: nodes.text(value, f"{key!r} of window {name!r}") or ""
        for key, (_, value) in entries.items()
        if key != "where"
    }
    asked = (
        nodes.entries(entries["where"][1], f"'where' of window {name!r}", optional=None) if "where" in entries else {}
    )
    where = {key: nodes.text(value, f"{key!r} of window {name!r}") or "" for key, (_, value) in asked.items()}
    measure, of = texts.get("measure", ""), texts.get("of", "")
    if measure and measure not in _MEASURES:
        what, cure = f"there is no measure {measure!r}", likely_slip(measure, _MEASURES)
        nodes.report("R011", f"window {name!r}: {what}", entries["measure"][1], cure=cure)
    elif measure and (measure in {"sum", "distinct"}) != bool(of):
        cure = "add of: FIELD" if not of else "only sum and distinct have one"
        what = f"window {name!r} measures {measure} and has {'an' if of else 'no'} 'of'"
        nodes.report("R011", what, entries["of"][1] if of else node, cure=cure)
    over = _duration(nodes, name, entries["over"][1], texts["over"]) if texts.get("over") else None
    if len(nodes.findings) > before or over is None:
        return None
    named = [(texts[key], entries[key][1]) for key in ("by", "of") if key in entries]
    for text, at in [*named, *((key, key_node) for key, (key_node, _) in asked.items())]:
        _tell_slip(nodes, name, text, at, declared)
    return Window(name, texts["events"], texts["by"], cast("Measure", measure), over, of, where)


def _tell_slip(nodes: Nodes, name: str, text: str, at: yaml.Node, declared: Collection[str]) -> None:
    close = get_close_matches(text, declared, n=1, cutoff=NEAR)
    if close and text not in declared:
        what = f"window {name!r} names the field {text!r}, which is almost, but not quite, an input"
        cure = f"{likely_slip(text, close)} If events do have that field, leave it"
        nodes.report("R038", what, at, cure=cure, severity=Severity.WARNING)


def _duration(nodes: Nodes, name: str, node: yaml.Node, text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    span = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    if not timedelta(0) < span <= LONGEST:
        cure = f"write it like 15 min, 24 h, 30 d or 2 w, up to {LONGEST.days} d"
        nodes.report("R011", f"window {name!r} can't look back over {text!r}", node, cure=cure)
        return None
    return span
