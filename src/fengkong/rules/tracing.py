"""From the bare values that the compiled rules answer to a trace, built when somebody reads it.

Building fifty traces costs more than running fifty rules, and most readers want to know of the hits only, or of nothing
but the outcome.
"""

from collections.abc import Sequence
from typing import Any, cast

from fengkong.domain.decisions import ClauseTrace, Outcome, RuleState, RuleTrace, Trace
from fengkong.domain.documents import FieldValue
from fengkong.rules.codegen import Evaluation
from fengkong.rules.definition import Rule
from fengkong.rules.tree import input_names
from fengkong.rules.types import BUILTIN_INPUTS

__all__ = ["LazyTrace", "Tracer"]


class _RuleTracer:
    """Builds the traces of one rule; all that doesn't change from document to document is made once."""

    def __init__(self, rule: Rule, inputs: Sequence[str], first_clause: int) -> None:
        self._rule = rule
        names = dict.fromkeys(input_names(rule.condition))
        self._names = frozenset(names)
        # The document's text is in the decision's record already.
        self._shown = [(name, inputs.index(name)) for name in names if name not in BUILTIN_INPUTS]
        self._slice = slice(first_clause, first_clause + len(rule.clauses))
        self._clauses = [
            {value: ClauseTrace(clause.written, value) for value in (True, False, None)} for clause in rule.clauses
        ]

    def trace(self, value: bool | None, evaluation: Evaluation) -> RuleTrace:
        answers, values, faults = evaluation
        rule = self._rule
        seen = {name: cast("FieldValue", values[at]) for name, at in self._shown}
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

    def __init__(self, rules: Sequence[Rule], inputs: Sequence[str]) -> None:
        self._rules: list[_RuleTracer] = []
        at = len(rules)
        for rule in rules:
            self._rules.append(_RuleTracer(rule, inputs, at))
            at += len(rule.clauses)

    def traces(self, evaluation: Evaluation) -> tuple[RuleTrace, ...]:
        """One trace a rule, in the author's order."""
        return tuple([rule.trace(value, evaluation) for rule, value in zip(self._rules, evaluation[0], strict=False)])


class LazyTrace(Trace):
    """A trace whose rules are built when first read; equal to a plain one with the same rules."""

    __slots__ = ("_evaluation", "_tracer")

    def __init__(self, tracer: Tracer, evaluation: Evaluation) -> None:
        object.__setattr__(self, "_tracer", tracer)
        object.__setattr__(self, "_evaluation", evaluation)

    def __getattr__(self, name: str) -> Any:
        # Reached only while the slot `rules` is empty.
        if name != "rules":
            raise AttributeError(name)
        rules = self._tracer.traces(self._evaluation)
        object.__setattr__(self, "rules", rules)
        return rules

    def __eq__(self, other: object) -> bool:
        return self.rules == other.rules if isinstance(other, Trace) else NotImplemented

    __hash__ = Trace.__hash__
