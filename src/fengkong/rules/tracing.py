"""From the bare values that the compiled rules answer to a trace, built when somebody reads it.

Building fifty traces costs more than running fifty rules, and most readers want to know of the hits only, or of nothing
but the outcome.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, cast

from fengkong.domain.decisions import ClauseTrace, Outcome, RuleState, RuleTrace, Trace
from fengkong.domain.documents import FieldValue
from fengkong.rules.codegen import Evaluation
from fengkong.rules.definition import Rule
from fengkong.rules.points import SNOOZED
from fengkong.rules.tree import input_names
from fengkong.rules.types import BUILTIN_INPUTS

__all__ = ["LazyTrace", "Tracer"]


class _RuleTracer:
    """Builds the traces of one rule; all that doesn't change from document to document is made once."""

    def __init__(self, rule: Rule, inputs: Sequence[str], first_clause: int, derived: Mapping[str, int]) -> None:
        self._rule = rule
        names = dict.fromkeys(input_names(rule.condition))
        self._names = frozenset(names)
        # The document's text is in the decision's record already.
        hidden = {name for name in names if name in BUILTIN_INPUTS or name.startswith(SNOOZED)}
        self._shown = [(name, inputs.index(name)) for name in names if name not in hidden]
        self._derived = [(name, derived[name]) for name, _ in rule.derived]
        self._slice = slice(first_clause, first_clause + len(rule.clauses))
        self._clauses = [
            {value: ClauseTrace(clause.written, value) for value in (True, False, None)} for clause in rule.clauses
        ]

    def trace(self, value: bool | None, evaluation: Evaluation, snoozed: Set[str]) -> RuleTrace:
        answers, values, faults = evaluation
        rule = self._rule
        seen = {name: cast("FieldValue", values[at]) for name, at in self._shown}
        seen |= {name: cast("FieldValue", answers[at]) for name, at in self._derived}
        if rule.id in snoozed:
            return RuleTrace(rule.id, RuleState.SNOOZED, values=seen)
        if faults and not self._names.isdisjoint(faults):
            detail = "; ".join(faults[name] for name in faults if name in self._names)
            return RuleTrace(rule.id, RuleState.ERROR, Outcome.REVIEW, values=seen, detail=detail)
        clauses = tuple([made[answer] for made, answer in zip(self._clauses, answers[self._slice], strict=True)])
        if value is None:
            return RuleTrace(rule.id, RuleState.UNKNOWN, rule.unknown, rule.reason, seen, clauses)
        if value:
            return RuleTrace(rule.id, RuleState.HIT, rule.then, rule.reason, seen, clauses)
        return RuleTrace(rule.id, RuleState.NO_HIT, None, "", seen, clauses)


class Tracer:
    """Builds the rule traces of one rule set from what its compiled function answers."""

    def __init__(self, rules: Sequence[Rule], inputs: Sequence[str], derived: Sequence[str] = ()) -> None:
        """The order in which the function was asked: the rules' conditions, their clauses, the derived values."""
        self._rules: list[_RuleTracer] = []
        first = len(rules) + sum(len(rule.clauses) for rule in rules)
        self._derived = {name: first + number for number, name in enumerate(derived)}
        at = len(rules)
        for rule in rules:
            self._rules.append(_RuleTracer(rule, inputs, at, self._derived))
            at += len(rule.clauses)

    def traces(self, evaluation: Evaluation, snoozed: Set[str]) -> tuple[RuleTrace, ...]:
        """One trace a rule, in the author's order."""
        answers = zip(self._rules, evaluation[0], strict=False)
        return tuple([rule.trace(value, evaluation, snoozed) for rule, value in answers])

    def derived(self, evaluation: Evaluation) -> dict[str, FieldValue]:
        """The derived values by name."""
        return {name: cast("FieldValue", evaluation[0][at]) for name, at in self._derived.items()}


class LazyTrace(Trace):
    """A trace whose parts are built when first read; equal to a plain one with the same parts."""

    __slots__ = ("_evaluation", "_snoozed", "_tracer")

    def __init__(self, tracer: Tracer, evaluation: Evaluation, snoozed: Set[str] = frozenset()) -> None:
        object.__setattr__(self, "_tracer", tracer)
        object.__setattr__(self, "_evaluation", evaluation)
        object.__setattr__(self, "_snoozed", snoozed)

    def __getattr__(self, name: str) -> Any:
        # Reached only while the slot of that name is empty.
        match name:
            case "rules":
                part: object = self._tracer.traces(self._evaluation, self._snoozed)
            case "derived":
                part = self._tracer.derived(self._evaluation)
            case _:
                raise AttributeError(name)
        object.__setattr__(self, name, part)
        return part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return self.rules == other.rules and self.derived == other.derived

    __hash__ = Trace.__hash__
