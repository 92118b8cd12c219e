"""Block, allow and watch lists: what a rule set declares under `lists`, and what `value in lists.name` stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Severity
from fengkong.rules.csv_files import CsvFile, Row, read_csv
from fengkong.rules.declarations import Inputs, all_plain
from fengkong.rules.listing import EntityKind, Listing, plain_form
from fengkong.rules.loading import Nodes
from fengkong.rules.tree import And, Call, Compare, Expr, Input, Or
from fengkong.rules.types import BOOLEAN, DATE, TEXT, Kind

__all__ = ["DeclaredList", "read_lists"]


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """A list. day: the input that says on which day a document is judged, where entries hold until a last day."""

    node: yaml.Node
    kind: EntityKind
    content: Listing
    day: Input | None

    @property
    def lookup(self) -> tuple[str, ...]:
        """What counts beside the content: the kind of its entries, and the input for the day; empty for plain texts."""
        if self.day is not None:
            return str(self.kind), self.day.name
        return () if self.kind is EntityKind.TEXT else (str(self.kind),)

    def holds(self, value: Expr) -> Expr:
        """The condition that the value is on the list."""
        plain = (Call("plain form", (value,), (str(self.kind),), TEXT),)
        always = Call("listed", plain, (self.content,), BOOLEAN)
        if self.day is None:
            return always
        dated = Call("listed for a time", plain, (self.content,), BOOLEAN)
        until = Call("listed until", plain, (self.content,), DATE)
        return Or((always, And((dated, Compare("<=", self.day, until)))))


def read_lists(nodes: Nodes, node: yaml.Node, inputs: Inputs) -> Mapping[str, DeclaredList | None]:
    """The lists of the `lists` mapping by name; None where one has a fault, which is reported to the nodes."""
    lists: dict[str, DeclaredList | None] = {}
    for name, (key, value) in nodes.entries(node, "lists", optional=None).items():
        if all_plain(nodes, "a list", name, [name], key):
            lists[name] = _list(nodes, name, key, value, inputs)
    return lists


def _list(nodes: Nodes, name: str, key: yaml.Node, node: yaml.Node, inputs: Inputs) -> DeclaredList | None:
    file, kind, day = node, EntityKind.TEXT, None
    if not isinstance(node, yaml.ScalarNode):
        entries = nodes.entries(node, f"list {name!r}", required=("file",), optional=("of", "as_of"))
        before = len(nodes.findings)
        kind = _kind(nodes, name, entries["of"][1]) if "of" in entries else EntityKind.TEXT
        day = _day(nodes, name, entries["as_of"][1], inputs) if "as_of" in entries else None
        if "file" not in entries or len(nodes.findings) > before:
            return None
        file = entries["file"][1]
    content = _content(nodes, name, file, kind)
    if content is None:
        return None
    if content.until and day is None:
        cure = f"write {name}: {{file: ..., as_of: NAME}} with the name of an input of type date"
        nodes.report(
            "R025", f"entries of list {name!r} hold until a day, and no input says which day it is", file, cure=cure
        )
        return None
    return DeclaredList(key, kind, content, day if content.until else None)


def _kind(nodes: Nodes, name: str, node: yaml.Node) -> EntityKind:
    word = nodes.text(node, f"'of' of list {name!r}")
    if word is None or word in set(EntityKind):
        return EntityKind(word or EntityKind.TEXT)
    nodes.report("R011", f"list {name!r} can't be of {word!r}", node, cure=likely_slip(word, map(str, EntityKind)))
    return EntityKind.TEXT


def _day(nodes: Nodes, name: str, node: yaml.Node, inputs: Inputs) -> Input | None:
    word = nodes.text(node, f"'as_of' of list {name!r}")
    if word is None:
        return None
    declared = inputs.types.get(word)
    if declared is None or declared.kind is not Kind.DATE:
        days = [other for other, of in inputs.types.items() if of.kind is Kind.DATE]
        cure = likely_slip(word, days) if days else "declare one"
        nodes.report("R023", f"'as_of' of list {name!r} names no input of type date: {word!r}", node, cure=cure)
        return None
    return Input(word, declared)


def _content(nodes: Nodes, name: str, node: yaml.Node, kind: EntityKind) -> Listing | None:
    file = read_csv(nodes, node, required=("value",), optional=("until", "note"))
    if file is None:
        return None
    always: set[str] = set()
    until: dict[str, date] = {}
    lines: dict[str, int] = {}
    before = len(nodes.findings)
    broken = False
    for row in file.rows:
        value, day, sound = _entry(file, row, kind)
        broken = broken or not sound
        if not sound:
            continue
        if value in lines:
            what = f"the value stands in line {lines[value]} too"
            file.report("R018", what, row.line, cure="keep one of them", severity=Severity.WARNING)
        lines.setdefault(value, row.line)
        if day is None:
            always.add(value)
        else:
            until[value] = max(day, until.get(value, day))
    if broken:
        return None
    if not file.size and len(nodes.findings) == before:
        nodes.report("R013", f"list {name!r} is empty", node, cure="fill it or remove it", severity=Severity.INFO)
    return Listing.of(frozenset(always), until)


def _entry(file: CsvFile, row: Row, kind: EntityKind) -> tuple[str, date | None, bool]:
    """The value in its plain form and its last day; whether the row can be used, which is reported if not."""
    value, written = plain_form(row.cells["value"], kind), row.cells.get("until", "")
    if not value:
        what = f"the value is empty as a {kind}" if row.cells["value"] else "the value is empty"
        file.report("R017", what, row.line, cure="fill it or remove the row")
        return value, None, False
    try:
        return value, date.fromisoformat(written) if written else None, True
    except ValueError:
        file.report("R017", "'until' is no day", row.line, cure="write it like 2025-12-31, or leave it empty")
        return value, None, False
