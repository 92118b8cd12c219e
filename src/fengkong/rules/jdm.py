"""Reading JDM files, the JSON decision models of the ZEN engine: their decision tables as a rule set of ours.

A table is carried over whole or not at all: a row that is left out would change what the rows after it mean. What has
no faithful equal is refused with one sentence and its place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fengkong.domain.documents import Place
from fengkong.domain.errors import InputError, RuleError
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.checking import check
from fengkong.rules.jdm_tables import CarriedTable, carry_table
from fengkong.rules.loading import Nodes, read_text

__all__ = ["ImportedRules", "import_jdm"]

FILE_CHARACTERS = 1 << 24
TABLES = 200
_TYPES = {"number": "decimal", "text": "text", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class ImportedRules:
    """text: the rule set's YAML; "" where no table could be carried over. findings: what is refused or differs."""

    text: str
    findings: tuple[Finding, ...]


def import_jdm(file: Path) -> ImportedRules:
    """The decision tables of a JDM file as the text of a rule set.

    Refusals are findings of severity error (J001: the model or a node; J002: a table; J003: a cell), and what means
    something else here is told (J010). A rule set that comes out is free of errors. Raises InputError for a file that
    can't be read or is no JDM model.
    """
    findings: list[Finding] = []
    nodes, edges = _graph(file)
    if not any(node.get("type") == "decisionTableNode" for node in nodes.values()):
        what = "the file holds no decision table"
        findings.append(
            Finding("J001", Severity.ERROR, what, Place(str(file)), "only decision tables are carried over")
        )
    tables = _tables(nodes, edges, str(file), findings)
    if not tables:
        return ImportedRules("", tuple(findings))
    text = _written(file, tables)
    faults = [finding for finding in check(text, source=str(file)) if finding.severity is Severity.ERROR]
    findings += [
        Finding(
            "J001", Severity.ERROR, f"what comes of it is no rule set: {fault.message}", Place(str(file)), fault.cure
        )
        for fault in faults
    ]
    return ImportedRules("" if faults else text, tuple(findings))


def _graph(file: Path) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str]]]:
    """The nodes by id, and the edges as pairs of ids. Raises InputError."""
    source = Nodes(str(file))
    text = read_text(file, source)
    if text is None:
        fault = source.findings[0]
        raise InputError(fault.message, where=str(file), cure=fault.cure)
    try:
        if len(text) > FILE_CHARACTERS:
            raise ValueError(f"it has more than {FILE_CHARACTERS} characters")
        model = json.loads(text)
        nodes = {str(node["id"]): dict(node) for node in model["nodes"]}
        edges = [(edge["sourceId"], edge["targetId"]) for edge in model.get("edges", []) if edge["sourceId"] in nodes]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cause = str(error) if isinstance(error, ValueError) else "it has no nodes and edges"
        what = f"the file is no JDM model: {cause}"
        raise InputError(what, where=str(file), cure="export the decision again as JSON") from error
    return nodes, edges


def _tables(
    nodes: Mapping[str, Mapping[str, Any]], edges: list[tuple[str, str]], file: str, findings: list[Finding]
) -> dict[str, CarriedTable]:
    """The tables that can be carried over, by node, each after those that it takes its inputs from."""
    carried: dict[str, CarriedTable] = {}
    walk = _Walk(nodes, edges, file, findings, carried)
    for identity, node in nodes.items():
        match node.get("type"):
            case "decisionTableNode":
                walk.carry(identity)
            case "inputNode" | "outputNode":
                pass
            case other:
                what = f"a node of type {str(other)[:40]!r} is not carried over"
                findings.append(Finding("J001", Severity.ERROR, what, walk.place(node), "write it as rules by hand"))
    return _of_one_type(carried, walk)


@dataclass
class _Walk:
    nodes: Mapping[str, Mapping[str, Any]]
    edges: list[tuple[str, str]]
    file: str
    findings: list[Finding]
    carried: dict[str, CarriedTable]
    _seen: set[str] = field(default_factory=set)

    def place(self, node: Mapping[str, Any], at: str = "") -> Place:
        """Where a node stands, and a row and column in it."""
        name = f"node {str(node.get('name', ''))[:40]!r} ({str(node.get('id', ''))[:40]})"
        return Place(self.file, None, _shown(f"{name}, {at}" if at else name))

    def refuse(self, node: Mapping[str, Any], error: RuleError, at: str = "") -> None:
        """Adds a refusal."""
        what = f"{error.what} (received {error.received})" if error.received else error.what
        code = "J003" if at else "J002"
        self.findings.append(Finding(code, Severity.ERROR, _shown(what), self.place(node, at), error.cure))

    def carry(self, identity: str) -> None:
        """Carries a table over, after those that it takes its inputs from."""
        if identity in self._seen or len(self._seen) > TABLES:
            return
        self._seen.add(identity)
        node = self.nodes[identity]
        sources = [source for source, target in self.edges if target == identity]
        for source in sources:
            if self.nodes[source].get("type") == "decisionTableNode":
                self.carry(source)
        try:
            before = [self._source(source) for source in sources]
            taken = {table.id for table in self.carried.values()}
            table, faults = carry_table(node, before, taken)
        except RuleError as error:
            self.refuse(node, error)
            return
        for at, fault in faults:
            self.refuse(node, fault, at)
        if table is not None:
            self.carried[identity] = table
            what = "a missing value goes to a person here; there it is null, and mostly falls to a later row"
            self.findings.append(Finding("J010", Severity.INFO, what, self.place(node), "look at the rows for null"))

    def _source(self, identity: str) -> CarriedTable | None:
        """The table that an edge comes from; None for the request itself. Raises RuleError for any other node."""
        kind = self.nodes[identity].get("type")
        if kind == "inputNode":
            return None
        if identity in self.carried:
            return self.carried[identity]
        name = str(self.nodes[identity].get("name", ""))[:40]
        raise RuleError(
            "the table takes its inputs from a node that is not carried over", received=repr(name), cure="carry it over"
        )


def _shown(text: str) -> str:
    """The text with a sign for each half of a character, which JSON may hold and no terminal takes."""
    return text.encode("utf-8", "replace").decode()


def _of_one_type(carried: dict[str, CarriedTable], walk: _Walk) -> dict[str, CarriedTable]:
    """Without the tables that take an input for another kind of value than an earlier one, and those on top of them."""
    kinds: dict[str, str] = {}
    kept: dict[str, CarriedTable] = {}
    for identity, table in carried.items():
        other = [name for name, kind in table.needs.items() if kinds.get(name, kind) != kind]
        lost = [source for source in table.sources if source not in {one.id for one in kept.values()}]
        if other or lost:
            name = (other or lost)[0]
            why = (
                f"{name!r} is a {kinds.get(name)} in another table"
                if other
                else f"the table {name!r} is not carried over"
            )
            walk.refuse(walk.nodes[identity], RuleError(why, cure="give both one type" if other else "carry it over"))
            continue
        kinds |= table.needs
        kept[identity] = table
    return kept


def _written(file: Path, tables: Mapping[str, CarriedTable]) -> str:
    inputs: dict[str, str] = {}
    for table in tables.values():
        inputs |= {name: _TYPES[kind] for name, kind in table.needs.items()}
    rule_set = {
        "format": "1",
        "name": file.stem or "imported",
        "version": "1",
        "default": "review",
        "inputs": inputs,
        "reasons": {},
        "tables": {table.id: table.declared() for table in tables.values()},
    }
    return yaml.safe_dump(rule_set, allow_unicode=True, sort_keys=False, width=120)
