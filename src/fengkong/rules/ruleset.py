"""Running a checked rule set on one document, with the whole trace."""

from collections.abc import Mapping, Set
from pathlib import Path
from types import MappingProxyType

import polars as pl

from fengkong.domain.decisions import Outcome, Trace
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import RuleError
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.checking import examine
from fengkong.rules.codegen import Evaluation, compile_conditions
from fengkong.rules.cost import Budget, cost
from fengkong.rules.definition import Definition, Rule
from fengkong.rules.points import snoozed_input
from fengkong.rules.ruletable import RuleTable, TableRunner
from fengkong.rules.tracing import LazyTrace, Tracer
from fengkong.rules.types import Type
from fengkong.rules.windows import Window

__all__ = ["RuleSet"]


class RuleSet:
    """Rules that were checked and compiled. Immutable, and safe to share between threads.

    name, version: as its author gave them. hash: sha256 (hex) of its content.
    inputs: the declared type by dotted name; `text` is always among them.
    windows: the inputs that are computed from past events, by whoever keeps those.
    lists: the sha256 (hex) of the content of each declared list by name.
    files: the names of the files that it declares, from its own folder: lists, tables and scorecards.
    budget: what one document may cost, and how long a text may be. costs: the most steps of each rule, by its id.
    reasons: texts by code, then by language ("en", "zh"). default: the outcome where no rule asks for one.
    """

    def __init__(self, definition: Definition) -> None:
        self.name = definition.name
        self.version = definition.version
        self.default: Outcome = definition.default
        self.rules: tuple[Rule, ...] = definition.rules
        self.inputs: Mapping[str, Type] = MappingProxyType(dict(definition.inputs))
        self.reasons: Mapping[str, Mapping[str, str]] = MappingProxyType(dict(definition.reasons))
        self.windows: tuple[Window, ...] = definition.windows
        self.lists: Mapping[str, str] = MappingProxyType(dict(definition.lists))
        self.files: tuple[str, ...] = definition.files
        self.hash = definition.hash()
        self.budget: Budget = definition.budget
        self.costs: Mapping[str, int] = MappingProxyType(
            {rule.id: cost([rule.condition], self.budget) for rule in self.rules}
        )
        self._derived = dict(definition.derived)
        clauses = [clause.expression for rule in self.rules for clause in rule.clauses]
        asked = [*(rule.condition for rule in self.rules), *clauses, *self._derived.values()]
        self._evaluate = compile_conditions(asked, self.inputs, self.budget.text)
        self._tracer = Tracer(self.rules, tuple(self.inputs), tuple(self._derived))
        self._table = TableRunner(self.rules, self.inputs, self.default, self.budget.text)
        self._awake = {snoozed_input(rule.id): None for rule in self.rules if rule.points is not None}

    @classmethod
    def load(cls, path: str | Path) -> "RuleSet":
        """The rule set of a YAML file. Raises RuleError with the first error that `check` finds."""
        return cls(_checked(Path(path), "", None))

    @classmethod
    def parse(cls, text: str, source: str = "", *, folder: Path | None = None) -> "RuleSet":
        """The rule set of a YAML text. Raises RuleError as `load` does.

        source: its name in errors. folder: where the files that it names lie.
        """
        return cls(_checked(text, source, folder))

    def run(self, values: Mapping[str, FieldValue], snoozed: Set[str] = frozenset()) -> Trace:
        """What every rule says of one document, in the author's order. Never raises for what the values are.

        values: by dotted name ("amount", "text", "signals.risk.p"); a missing one and None are unknown, and names that
        no rule knows are ignored. A value of a wrong type makes the rules that name it errors, which ask for review.
        snoozed: the ids of rules that are to ask for nothing and to add no points.
        """
        return LazyTrace(self._tracer, self._run(values, snoozed), snoozed)

    def run_table(self, frame: pl.DataFrame) -> RuleTable:
        """What `run` says of every row, without the traces; nobody is snoozed.

        frame: a column an input, under its dotted name; one that is missing is unknown throughout, and others are
        ignored. A value of a wrong type makes the rules that name it errors in its row.
        """
        return self._table.run(frame)

    def _run(self, values: Mapping[str, FieldValue], snoozed: Set[str]) -> Evaluation:
        if not self._awake:
            return self._evaluate(values.get)
        # A document's own field must never stand in for a snooze.
        silent = {name: True for rule in snoozed if (name := snoozed_input(rule)) in self._awake}
        return self._evaluate({**values, **self._awake, **silent}.get)

    def __repr__(self) -> str:
        return f"RuleSet({self.name!r}, version={self.version!r}, rules={len(self.rules)}, hash={self.hash[:12]!r})"


def _checked(rules: str | Path, source: str, folder: Path | None) -> Definition:
    definition, findings = examine(rules, source=source, folder=folder)
    if definition is None:
        raise _first_error([finding for finding in findings if finding.severity is Severity.ERROR])
    return definition


def _first_error(errors: list[Finding]) -> RuleError:
    first, others = errors[0], len(errors) - 1
    what = f"{first.code}: {first.message}" + (f" (and {others} more)" if others else "")
    return RuleError(what, where=str(first.place), cure=first.cure)
