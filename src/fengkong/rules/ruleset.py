"""Running a checked rule set on one document, with the whole trace."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fengkong.domain.decisions import Outcome, Trace
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import RuleError
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.checking import examine
from fengkong.rules.codegen import compile_conditions
from fengkong.rules.definition import Definition, Rule
from fengkong.rules.tracing import LazyTrace, Tracer
from fengkong.rules.types import Type

__all__ = ["RuleSet"]


class RuleSet:
    """Rules that were checked and compiled. Immutable, and safe to share between threads.

    name, version: as its author gave them. hash: sha256 (hex) of its content.
    inputs: the declared type by dotted name; `text` is always among them.
    reasons: texts by code, then by language ("en", "zh"). default: the outcome where no rule asks for one.
    """

    def __init__(self, definition: Definition) -> None:
        self.name = definition.name
        self.version = definition.version
        self.default: Outcome = definition.default
        self.rules: tuple[Rule, ...] = definition.rules
        self.inputs: Mapping[str, Type] = MappingProxyType(dict(definition.inputs))
        self.reasons: Mapping[str, Mapping[str, str]] = MappingProxyType(dict(definition.reasons))
        self.hash = definition.hash()
        clauses = [clause.expression for rule in self.rules for clause in rule.clauses]
        self._evaluate = compile_conditions([*(rule.condition for rule in self.rules), *clauses], self.inputs)
        self._tracer = Tracer(self.rules, tuple(self.inputs))

    @classmethod
    def load(cls, path: str | Path) -> "RuleSet":
        """The rule set of a YAML file. Raises RuleError with the first error that `check` finds."""
        return cls(_checked(Path(path), ""))

    @classmethod
    def parse(cls, text: str, source: str = "") -> "RuleSet":
        """The rule set of a YAML text; `source` names it in errors. Raises RuleError as `load` does."""
        return cls(_checked(text, source))

    def run(self, values: Mapping[str, FieldValue]) -> Trace:
        """What every rule says of one document, in the author's order. Never raises for what the values are.

        values: by dotted name ("amount", "text", "signals.risk.p"); a missing one and None are unknown, and names that
        no rule knows are ignored. A value of a wrong type makes the rules that name it errors, which ask for review.
        """
        return LazyTrace(self._tracer, self._evaluate(values.get))

    def __repr__(self) -> str:
        return f"RuleSet({self.name!r}, version={self.version!r}, rules={len(self.rules)}, hash={self.hash[:12]!r})"


def _checked(rules: str | Path, source: str) -> Definition:
    definition, findings = examine(rules, source=source)
    if definition is None:
        raise _first_error([finding for finding in findings if finding.severity is Severity.ERROR])
    return definition


def _first_error(errors: list[Finding]) -> RuleError:
    first, others = errors[0], len(errors) - 1
    what = f"{first.code}: {first.message}" + (f" (and {others} more)" if others else "")
    return RuleError(what, where=str(first.place), cure=first.cure)
