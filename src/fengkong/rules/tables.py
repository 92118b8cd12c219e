"""Decision tables: what a rule set declares under `tables`, read into rows of cells with their places."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from fengkong.domain.documents import Place
from fengkong.domain.errors import likely_slip
from fengkong.rules.csv_files import Row, read_csv
from fengkong.rules.declarations import all_plain
from fengkong.rules.loading import Nodes

__all__ = ["FIRST", "OUTCOME", "REASON", "Output", "Table", "read_tables"]

FIRST, COLLECT = "first", "collect"
OUTCOME, REASON = "then", "reason"
"""The outputs that ask for an outcome, as `then` and `reason` of a rule do; they have no type."""

ROWS = 1_000
COLUMNS = 50

_TYPES = ("boolean", "integer", "decimal", "text", "date")
_AGGREGATES: Mapping[str, tuple[str, ...]] = {
    "sum": ("integer", "decimal"),
    "min": ("integer", "decimal", "date"),
    "max": ("integer", "decimal", "date"),
}


@dataclass(frozen=True, slots=True)
class Output:
    """An output column. type: its word. collect: how the values of several rows become one."""

    name: str
    type: str
    collect: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is written. inputs: the expression by column. rows: whose cells hold every column."""

    id: str
    node: yaml.Node
    hit: str = FIRST
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether its rows ask for outcomes."""
        return OUTCOME in self.outputs


def read_tables(nodes: Nodes, node: yaml.Node) -> dict[str, Table | None]:
    """The tables of the `tables` mapping by id; None where one has a fault, which is reported to the nodes."""
    tables: dict[str, Table | None] = {}
    for name, (key, value) in nodes.entries(node, "tables", optional=None).items():
        if all_plain(nodes, "a table", name, [name], key):
            before = len(nodes.findings)
            table = _table(nodes, name, key, value)
            tables[name] = table if len(nodes.findings) == before else None
    return tables


def _table(nodes: Nodes, name: str, key: yaml.Node, node: yaml.Node) -> Table | None:
    what = f"table {name!r}"
    entries = nodes.entries(node, what, required=("hit", "inputs", "outputs"), optional=("rows", "file"))
    if not {"hit", "inputs", "outputs"} <= entries.keys():
        return None
    hit = nodes.text(entries["hit"][1], f"'hit' of {what}") or FIRST
    if hit not in {FIRST, COLLECT}:
        cure = likely_slip(hit, (FIRST, COLLECT))
        nodes.report("R011", f"{what} can't be hit {hit!r}", entries["hit"][1], cure=cure)
    inputs = _inputs(nodes, what, entries["inputs"][1])
    outputs = _outputs(nodes, what, entries["outputs"][1], hit)
    shared = sorted(inputs.keys() & outputs.keys())
    if shared:
        cure = "rename one of them"
        nodes.report("R002", f"{what} has the input and the output {shared[0]!r}", entries["outputs"][0], cure=cure)
    if len(inputs) + len(outputs) > COLUMNS:
        nodes.report("R022", f"{what} has more than {COLUMNS} columns", key, cure="split it")
        return None
    # What counts rows has no cells.
    columns = (*inputs, *(output.name for output in outputs.values() if output.collect != "count"))
    if ("rows" in entries) == ("file" in entries):
        nodes.report("R004", f"{what} has no rows, or has them twice", node, cure="give either rows or a file")
        return None
    if "file" in entries:
        file = read_csv(nodes, entries["file"][1], required=columns, optional=("note",))
        rows = list(file.rows) if file else []
        if file and not rows:
            nodes.report("R005", f"{what} has no rows", entries["file"][1], cure="add some")
    else:
        rows = _rows(nodes, name, entries["rows"][1], columns)
    if len(rows) > ROWS:
        nodes.report("R022", f"{what} has {len(rows)} rows; {ROWS} are allowed", key, cure="split it")
    return Table(name, key, hit, inputs, outputs, tuple(rows))


def _inputs(nodes: Nodes, what: str, node: yaml.Node) -> dict[str, str]:
    """The expression by column: a list names inputs, a mapping gives columns names of their own."""
    if isinstance(node, yaml.MappingNode):
        pairs = nodes.entries(node, f"'inputs' of {what}", optional=None)
        return {name: nodes.text(value, f"the input {name!r} of {what}") or "" for name, (_, value) in pairs.items()}
    texts = [nodes.text(item, f"an input of {what}") for item in nodes.items(node, f"'inputs' of {what}")]
    return {text: text for text in texts if text is not None}


def _outputs(nodes: Nodes, what: str, node: yaml.Node, hit: str) -> dict[str, Output]:
    outputs: dict[str, Output] = {}
    for name, (key, value) in nodes.entries(node, f"'outputs' of {what}", optional=None).items():
        if name in {OUTCOME, REASON}:
            word = nodes.text(value, f"the output {name!r}")
            if word is not None and word != _SPECIAL[name]:
                nodes.report("R011", f"the output {name!r} can't be {word!r}", value, cure=f"write {_SPECIAL[name]}")
            outputs[name] = Output(name, _SPECIAL[name])
        elif all_plain(nodes, "an output", name, [name], key):
            outputs[name] = _output(nodes, what, name, value, hit)
    if (OUTCOME in outputs) != (REASON in outputs):
        nodes.report(
            "R004", f"{what} has only one of the outputs {OUTCOME!r} and {REASON!r}", node, cure="add the other"
        )
    if not outputs:
        nodes.report("R005", f"{what} has no outputs", node, cure="add some")
    return outputs


_SPECIAL = {OUTCOME: "outcome", REASON: "reason"}


def _output(nodes: Nodes, what: str, name: str, node: yaml.Node, hit: str) -> Output:
    kind, collect, at = "", "", node
    if isinstance(node, yaml.MappingNode):
        entries = nodes.entries(node, f"the output {name!r} of {what}", optional=("type", "collect"))
        kind = nodes.text(entries["type"][1], f"the type of {name!r}") or "" if "type" in entries else ""
        collect = nodes.text(entries["collect"][1], f"'collect' of {name!r}") or "" if "collect" in entries else ""
        if collect and collect not in {*_AGGREGATES, "count"}:
            cure = likely_slip(collect, [*_AGGREGATES, "count"])
            nodes.report("R011", f"the output {name!r} of {what} can't collect {collect!r}", node, cure=cure)
            return Output(name, kind, collect)
    else:
        kind = nodes.text(node, f"the type of {name!r}") or ""
    fault = _misfit(kind, collect, hit)
    if fault:
        nodes.report("R011", f"the output {name!r} of {what} {fault[0]}", at, cure=fault[1])
    return Output(name, kind, collect)


def _misfit(kind: str, collect: str, hit: str) -> tuple[str, str] | None:
    """What is wrong with an output, and the cure."""
    if hit == FIRST and collect:
        return "collects in a table that is hit first", "leave `collect` out, or write hit: collect"
    if hit == COLLECT and not collect:
        return "does not say how it collects", "write {type: integer, collect: sum}"
    if collect == "count":
        return ("counts, and has a type", "leave the type out") if kind else None
    if kind not in _TYPES:
        return f"has no type {kind!r}", likely_slip(kind, _TYPES)
    if collect and kind not in _AGGREGATES[collect]:
        return f"of type {kind} has no {collect}", f"use one of {', '.join(_AGGREGATES[collect])}"
    return None


def _rows(nodes: Nodes, table: str, node: yaml.Node, columns: tuple[str, ...]) -> list[Row]:
    """The rows that are written in the rule set. A column that a row leaves out is empty."""
    rows = []
    for item in nodes.items(node, f"'rows' of table {table!r}"):
        entries = nodes.entries(item, f"a row of table {table!r}", optional=columns)
        cells = {}
        for column in columns:
            value = entries[column][1] if column in entries else None
            empty = value is None or nodes.is_empty(value)
            cells[column] = "" if value is None or empty else nodes.text(value, f"the cell {column!r}") or ""
        rows.append(Row(Place(nodes.source, item.start_mark.line + 1, table), cells))
    return rows
