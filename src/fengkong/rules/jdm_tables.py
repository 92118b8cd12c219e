"""One decision table of a JDM model as one of ours."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fengkong.domain.errors import RuleError
from fengkong.rules.inference import RESERVED
from fengkong.rules.jdm_cells import Literal, read_cell, read_literal

__all__ = ["CarriedTable", "carry_table"]

_NO_NAME = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class CarriedTable:
    """A table in our form.

    inputs: the expression by column. needs: the kind of value by the name of each input that it takes from outside;
    sources: the ids of the tables that it takes others from. outputs: our name and type by their field.
    passes: whether what comes in goes on to the nodes behind it.
    """

    id: str
    inputs: Mapping[str, str]
    needs: Mapping[str, str]
    sources: tuple[str, ...]
    outputs: Mapping[str, tuple[str, str]]
    rows: Sequence[Mapping[str, str]]
    passes: bool

    def declared(self) -> dict[str, object]:
        """The table as it is written in a rule set."""
        outputs = dict(self.outputs.values())
        return {
            "hit": "first",
            "inputs": dict(self.inputs),
            "outputs": outputs,
            "rows": [dict(row) for row in self.rows],
        }


Faults = list[tuple[str, RuleError]]
"""What is refused, with its row and column."""


def carry_table(
    node: Mapping[str, Any], before: Sequence[CarriedTable | None], taken: Collection[str]
) -> tuple[CarriedTable | None, Faults]:
    """The table, or None with the cells that are refused. Raises RuleError where it is refused as a whole.

    before: the tables whose answers it takes, None for the request. taken: the ids of other tables.
    """
    content = node.get("content")
    if not isinstance(content, dict):
        raise RuleError("the table has no content", cure="export the decision again as JSON")
    _same_meaning(content)
    inputs, outputs, rows = (_mappings(content, key) for key in ("inputs", "outputs", "rules"))
    if not outputs or not rows:
        raise RuleError("the table has no outputs or no rows", cure="add some")
    faults: Faults = []
    columns = {_text(column, "id"): _input(column, before) for column in inputs if _speaks(column, rows)}
    kinds, cells = _cells(columns, rows, faults)
    answers = _answers(outputs, rows, faults)
    names = _output_names(outputs, {name for name, _ in columns.values()})
    if faults:
        return None, faults
    kind_of = {name: kinds.get(identity, "") for identity, (name, _) in columns.items()}
    needs = {name: kind for (name, expression), kind in _zip(columns, kind_of) if expression == name}
    typeless = [name for name, kind in needs.items() if not kind]
    if typeless:
        cure = "add a row that says what kind of value it is"
        raise RuleError(f"nothing tells the type of the input {typeless[0]!r}", cure=cure)
    carried = {
        field: (names[field], _type([row[identity] for row in answers]))
        for identity, field in ((_text(column, "id"), _text(column, "field")) for column in outputs)
    }
    written = []
    for row_cells, row_answers in zip(cells, answers, strict=True):
        row = {columns[identity][0]: text for identity, text in row_cells.items() if text}
        row |= {names[_text(column, "field")]: row_answers[_text(column, "id")].text for column in outputs}
        written.append(row)
    sources = tuple(sorted({text.split(".")[1] for name, text in columns.values() if text != name}))
    expressions = dict(columns.values())
    passes = content.get("passThrough") is True
    return CarriedTable(_table_name(node, taken), expressions, needs, sources, carried, written, passes), []


def _zip(columns: Mapping[str, tuple[str, str]], kinds: Mapping[str, str]) -> list[tuple[tuple[str, str], str]]:
    return [(column, kinds[column[0]]) for column in columns.values()]


def _same_meaning(content: Mapping[str, Any]) -> None:
    """Raises RuleError for settings of a table that have no equal here."""
    if content.get("hitPolicy", "first") != "first":
        received = str(content.get("hitPolicy"))[:40]
        cure = "write it by hand, with collect: sum, count, min or max for each output"
        raise RuleError("the table does not answer with its first row but with a list", received=received, cure=cure)
    for key, plain in (("inputField", None), ("outputPath", None), ("executionMode", "single")):
        if content.get(key) not in {None, "", plain} if isinstance(content.get(key), str | None) else True:
            raise RuleError(f"the table has {key!r}, which has no equal here", cure="read the fields directly")


def _mappings(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = content.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RuleError(f"{key!r} of the table is no list of objects", cure="export the decision again as JSON")
    return items


def _text(column: Mapping[str, Any], key: str) -> str:
    value = column.get(key)
    if not isinstance(value, str) or not value:
        raise RuleError(f"a column has no {key!r}", cure="give it a field; a cell can't hold a whole expression here")
    return value


def _speaks(column: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a cell of the column says anything."""
    return any(str(row.get(_text(column, "id")) or "").strip() for row in rows)


def _input(column: Mapping[str, Any], before: Sequence[CarriedTable | None]) -> tuple[str, str]:
    """Our name of an input column, and the expression that it stands for."""
    field = _text(column, "field")
    if column.get("defaultValue"):
        raise RuleError(f"the column {field[:40]!r} has a default value", cure="a missing value is unknown here")
    if not _is_name(field):
        raise RuleError(f"the column {field[:40]!r} is an expression", cure="name a field, such as customer.age")
    giving = [table for table in before if table is not None and field in table.outputs]
    if len(giving) > 1:
        raise RuleError(f"several tables answer {field!r}", cure="rename one of the outputs")
    if giving:
        name = field.replace(".", "_")
        return name, f"tables.{giving[0].id}.{giving[0].outputs[field][0]}"
    if before and all(table is not None and not table.passes for table in before):
        raise RuleError(f"nothing that comes before gives {field!r}", cure="let the table before it pass its input on")
    return field, field


def _is_name(field: str) -> bool:
    parts = field.split(".")
    plain = unicodedata.normalize("NFKC", field) == field
    return (
        plain and field not in RESERVED and all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    )


def _cells(
    columns: Mapping[str, tuple[str, str]], rows: Sequence[Mapping[str, Any]], faults: Faults
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The kind of value of each column, and the cells of each row in our form."""
    kinds: dict[str, str] = {}
    cells: list[dict[str, str]] = []
    for number, row in enumerate(rows, 1):
        read: dict[str, str] = {}
        for identity, (name, _) in columns.items():
            try:
                cell = read_cell(_cell(row, identity))
                if cell.kind and kinds.setdefault(identity, cell.kind) != cell.kind:
                    raise RuleError(f"the column holds {kinds[identity]}s and a {cell.kind}", cure="give it one type")
            except RuleError as error:
                faults.append((f"row {number}, column {name!r}", error))
            else:
                read[identity] = cell.text
        cells.append(read)
    return kinds, cells


def _answers(
    outputs: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], faults: Faults
) -> list[dict[str, Literal]]:
    kinds: dict[str, str] = {}
    answers: list[dict[str, Literal]] = []
    for number, row in enumerate(rows, 1):
        read: dict[str, Literal] = {}
        for column in outputs:
            identity = _text(column, "id")
            try:
                literal = read_literal(_cell(row, identity))
                if kinds.setdefault(identity, literal.kind) != literal.kind:
                    raise RuleError(
                        f"the output holds {kinds[identity]}s and a {literal.kind}", cure="give it one type"
                    )
            except RuleError as error:
                faults.append((f"row {number}, output {_text(column, 'field')[:40]!r}", error))
            else:
                read[identity] = literal
        answers.append(read)
    return answers


def _cell(row: Mapping[str, Any], identity: str) -> str:
    value = row.get(identity) or ""
    if not isinstance(value, str):
        raise RuleError("the cell is no text", received=type(value).__name__, cure="export the decision again as JSON")
    return value


def _output_names(outputs: Sequence[Mapping[str, Any]], inputs: Collection[str]) -> dict[str, str]:
    """Our name by field: ours have no points."""
    names: dict[str, str] = {}
    for column in outputs:
        field = _text(column, "field")
        name = field.replace(".", "_")
        if not _is_name(name) or name in {"then", "reason"} or name in names.values() or name in inputs:
            cure = "rename it with letters, digits and _, unlike any input"
            raise RuleError(f"the output {field[:40]!r} can't be named so here", cure=cure)
        names[field] = name
    return names


def _type(literals: Sequence[Literal]) -> str:
    kind = literals[0].kind
    if kind != "number":
        return kind
    return "decimal" if any("." in literal.text for literal in literals) else "integer"


def _table_name(node: Mapping[str, Any], taken: Collection[str]) -> str:
    words = _NO_NAME.sub("_", unicodedata.normalize("NFKC", str(node.get("name", "")))).strip("_").lower()
    base = next((name for name in (words, f"table_{words}") if "." not in name and _is_name(name)), "table")
    return next(name for n in range(len(taken) + 1) if (name := base if not n else f"{base}_{n + 1}") not in taken)
