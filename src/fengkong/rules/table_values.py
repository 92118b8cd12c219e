"""What a decision table answers: typed trees for its outputs, and rules for the outcomes that its rows ask for.

`first`: the first row all of whose cells are met. `collect`: every such row; numbers are summed or counted, or the
least or largest is taken. Doubt about a row that could decide is doubt about the answer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.domain.errors import RuleError, likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.cases import case_of
from fengkong.rules.cells import ANY, Column, read_cell, read_column, report_at
from fengkong.rules.csv_files import FINDINGS, Row
from fengkong.rules.definition import Clause, Rule
from fengkong.rules.expansion import NODES
from fengkong.rules.loading import Nodes, read_number
from fengkong.rules.points import literal, total
from fengkong.rules.scope import Condition, Scope
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tables import FIRST, OUTCOME, REASON, Output, Table
from fengkong.rules.tree import And, Const, Expr, Or
from fengkong.rules.types import BOOLEAN, DATE, TEXT, Kind, Type

__all__ = ["TABLES", "TableReader"]

TABLES = "tables."
"""What the names of all outputs begin with."""

_TRUE, _FALSE = Const(True, BOOLEAN), Const(False, BOOLEAN)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A row and its cells as conditions. written: with derived values by their names; text: as its author wrote it."""

    row: Row
    guard: Expr
    written: Expr
    text: str


@dataclass
class TableReader:
    """One table; its rows are judged when first asked for, since their cells may name derived values."""

    nodes: Nodes
    scope: Scope
    table: Table
    _guarded: list[Guarded] | None = None
    _judged: bool = False

    def define(self) -> None:
        """Names the table's outputs."""
        for output in self.table.outputs.values():
            if output.name not in {OUTCOME, REASON}:
                self.scope.define(f"{TABLES}{self.table.id}.{output.name}", partial(self._value, output))

    def rows(self) -> list[Guarded] | None:
        """The rows with their conditions; None where one has a fault, which is reported."""
        if not self._judged:
            columns = self._columns()
            self._guarded = None if columns is None or self._is_too_large(columns) else self._read(columns)
            self._judged = True
        return self._guarded

    def _is_too_large(self, columns: Sequence[Column]) -> bool:
        """Whether no condition could name its outputs; told before its cells are read, which takes seconds."""
        if self.table.decides:
            return False
        parts = 0
        for column in columns:
            least = 1 if column.type.kind is Kind.BOOLEAN else 2
            parts += least * sum(row.cells[column.name] not in {"", ANY} for row in self.table.rows)
        if parts > NODES:
            what = f"table {self.table.id!r} makes conditions of more than {NODES} parts"
            place = self.nodes.place(self.table.node, self.table.id)
            self.nodes.findings.append(Finding("R022", Severity.ERROR, what, place, "split it, or fill fewer cells"))
        return parts > NODES

    def rules(self, reasons: Collection[str]) -> list[Rule] | None:
        """One rule for each outcome and reason that rows ask for; None where a row has a fault, which is reported."""
        rows = self.rows()
        if rows is None or not self.table.decides:
            return None if rows is None else []
        asked: dict[tuple[Outcome, str], list[int]] = {}
        for at, guarded in enumerate(rows):
            wish = self._wish(guarded.row, reasons)
            if wish is None:
                return None
            if wish[0] is not None:
                asked.setdefault((wish[0], wish[1]), []).append(at)
        return [self._rule(rows, outcome, reason, chosen) for (outcome, reason), chosen in asked.items()]

    def _columns(self) -> list[Column] | None:
        columns = []
        for name, text in self.table.inputs.items():
            try:
                column = read_column(self.scope, name, text)
            except ExpressionError as error:
                report_at(self.nodes, error, self.nodes.place(self.table.node, self.table.id))
                return None
            if column is None:
                return None
            columns.append(column)
        return columns

    def _read(self, columns: Sequence[Column]) -> list[Guarded] | None:
        guarded: list[Guarded] = []
        faults = 0
        for row in self.table.rows:
            try:
                guarded.append(self._guard(row, columns))
            except ExpressionError as error:
                report_at(self.nodes, error, row.place)
                faults += 1
                if faults == FINDINGS:
                    break
        return None if faults else guarded

    def _guard(self, row: Row, columns: Sequence[Column]) -> Guarded:
        cells: list[Condition] = []
        errors: list[ExpressionError] = []
        for column in columns:
            try:
                cell = read_cell(self.scope, column, row.cells[column.name])
            except ExpressionError as error:
                errors.append(ExpressionError(*(_in_column(fault, column.name) for fault in error.faults)))
            else:
                cells += [cell] if cell else []
        if errors:
            raise ExpressionError(*(fault for error in errors for fault in error.faults))
        if not cells:
            return Guarded(row, _TRUE, _TRUE, "otherwise")
        guard, written = (_all([getattr(cell, part) for cell in cells]) for part in ("expression", "written"))
        return Guarded(row, guard, written, " and ".join(cell.source.written(cell.source.root) for cell in cells))

    def _wish(self, row: Row, reasons: Collection[str]) -> tuple[Outcome | None, str] | None:
        """The outcome that a row asks for and its reason; None after reporting what is wrong with them."""
        word, reason = row.cells[OUTCOME], row.cells[REASON]
        if not word and not reason:
            return None, ""
        fault = None
        try:
            outcome = Outcome.parse(word)
        except RuleError as error:
            fault = ("R006", f"there is no outcome {word[:40]!r}", error.cure)
        else:
            if reason not in reasons:
                fault = ("R008", f"there is no reason {reason[:40]!r}", likely_slip(reason, reasons))
        if fault:
            code, what, cure = fault
            self.nodes.findings.append(Finding(code, Severity.ERROR, what, row.place, cure))
            return None
        return outcome, reason

    def _rule(self, rows: Sequence[Guarded], then: Outcome, reason: str, chosen: Sequence[int]) -> Rule:
        def whole(part: str) -> Expr:
            guards: list[Expr] = [getattr(row, part) for row in rows]
            if self.table.hit != FIRST:
                return _any([guards[at] for at in chosen])
            branches = [(guard, _TRUE if at in wanted else _FALSE) for at, guard in enumerate(guards[: chosen[-1] + 1])]
            return case_of(branches, _FALSE)

        wanted = frozenset(chosen)
        place = rows[chosen[0]].row.place
        identity = f"{self.table.id}.{then}.{reason}"
        clauses = tuple(Clause(f"line {rows[at].row.line}: {rows[at].text}", rows[at].guard) for at in chosen)
        written = whole("written")
        where = Place(place.file, place.line, identity)
        named = self.scope.named(written)
        return Rule(identity, whole("guard"), clauses, then, reason, Outcome.REVIEW, where, written, derived=named)

    def _value(self, output: Output) -> Expr | None:
        rows = self.rows()
        if rows is None:
            return None
        if output.collect == "count":
            return total([case_of([(row.guard, literal(1))], literal(0)) for row in rows])
        values = [(row, _literal(row.row.cells[output.name], output.type)) for row in rows]
        wrong = [row.row.place for row, value in values if value is None]
        for place in wrong[:FINDINGS]:
            what, cure = f"the output {output.name!r} is no {output.type}", _CURES.get(output.type, "fill it")
            self.nodes.findings.append(Finding("R017", Severity.ERROR, what, place, cure))
        if wrong:
            return None
        branches: list[tuple[Expr, Const]] = [(row.guard, value) for row, value in values if value is not None]
        if output.type == "text":
            branches = _as_category(branches)
        return _collected(branches, output.collect)


def _collected(branches: Sequence[tuple[Expr, Const]], collect: str) -> Expr:
    match collect:
        case "sum":
            return total([case_of([branch], literal(0)) for branch in branches])
        case "min" | "max":
            # The first row that is met, from the best value on, has the best value of all.
            best = sorted(branches, key=_constant, reverse=collect == "max")
            return case_of(best)
    return case_of(branches)


def _constant(branch: tuple[Expr, Const]) -> Decimal | int:
    value = branch[1].value
    return value.toordinal() if isinstance(value, date) else Decimal(str(value))


def _as_category(branches: Sequence[tuple[Expr, Const]]) -> list[tuple[Expr, Const]]:
    """The texts that a table can answer are known, so what is compared with one of them can be checked."""
    of = Type(Kind.CATEGORY, tuple(dict.fromkeys(str(value.value) for _, value in branches)))
    return [(guard, Const(value.value, of)) for guard, value in branches]


def _literal(text: str, kind: str) -> Const | None:
    """The value of an output's cell; None where it is none of its type."""
    match kind:
        case "text" if text:
            return Const(text, TEXT)
        case "boolean" if text in {"true", "false"}:
            return Const(text == "true", BOOLEAN)
        case "date":
            try:
                return Const(date.fromisoformat(text), DATE)
            except ValueError:
                return None
        case "integer" | "decimal":
            number = read_number(text)
            if number is None or (kind == "integer" and isinstance(number, Decimal)):
                return None
            return literal(number if kind == "integer" else Decimal(number))
    return None


_CURES = {
    "integer": "write it like 5000",
    "decimal": "write it like 0.35",
    "boolean": "write true or false",
    "date": "write it like 2025-01-31",
}


def _in_column(fault: Fault, column: str) -> Fault:
    return Fault(fault.code, f"column {column!r}: {fault.message}", fault.cure, fault.severity)


def _all(conditions: Sequence[Expr]) -> Expr:
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _any(conditions: Sequence[Expr]) -> Expr:
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
