"""What a mined condition is made of: clauses that are tried on a table of cases and written in the rule language.

Both say the same. A clause about an unknown value does not hold, as a rule that can't be judged does not hit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fengkong.mining.binning import BoolArray
from fengkong.mining.cases import Cases
from fengkong.mining.fields import Field, literal, numeral
from fengkong.rules.types import Kind

__all__ = ["Clause", "Condition", "Judge", "Operator", "Words", "in_words", "simplified", "written"]

Operator = Literal["<", ">=", "==", "!=", "true", "false", "known", "unknown"]


@dataclass(frozen=True, order=True, slots=True)
class Clause:
    """One test of a field."""

    field: str
    operator: Operator
    value: float | str = ""

    def holds(self, cases: Cases) -> BoolArray:
        """(n,) where it is true."""
        field = cases.by_name[self.field]
        if self.operator in ("known", "unknown"):
            return field.known if self.operator == "known" else ~field.known
        held, known = np.zeros(len(cases), dtype=bool), field.values[field.known]
        match self.operator:
            case "<":
                held[field.known] = known < float(self.value)
            case ">=":
                held[field.known] = known >= float(self.value)
            case "!=":
                held[field.known] = known != self.value
            case "==":
                held[field.known] = known == self.value
            case "true" | "false":
                held[field.known] = known == self.operator
        return held


Condition = tuple[Clause, ...]
"""Clauses that all must hold, sorted."""


class Judge:
    """Tries conditions on cases; a clause that many of them share is tried once."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._held: dict[Clause, BoolArray] = {}

    def clause(self, clause: Clause) -> BoolArray:
        """(n,) where it is true; not to be changed."""
        if clause not in self._held:
            self._held[clause] = clause.holds(self._cases)
        return self._held[clause]

    def condition(self, clauses: Iterable[Clause]) -> BoolArray:
        """(n,) where every clause is true."""
        held = np.ones(len(self._cases), dtype=bool)
        for clause in clauses:
            held &= self.clause(clause)
        return held


def simplified(clauses: Iterable[Clause]) -> Condition:
    """The same condition with one bound a side for each field, and nothing that another clause implies; sorted."""
    kept: dict[tuple[str, str], Clause] = {}
    for clause in clauses:
        key = (clause.field, f"!= {clause.value}" if clause.operator == "!=" else clause.operator)
        other = kept.setdefault(key, clause)
        if (clause.operator == "<" and clause < other) or (clause.operator == ">=" and clause > other):
            kept[key] = clause
    exact = {field for field, operator in kept if operator == "=="}
    judged = {field for field, operator in kept if operator != "known"}
    return tuple(
        clause
        for clause in sorted(kept.values())
        if not (clause.operator == "!=" and clause.field in exact)
        and not (clause.operator == "known" and clause.field in judged)
    )


def written(clauses: Sequence[Clause]) -> str:
    """The condition in the rule language."""
    return " and ".join(map(_written, clauses))


def _written(clause: Clause) -> str:
    match clause.operator:
        case "true":
            return clause.field
        case "false":
            return f"not {clause.field}"
        case "known" | "unknown":
            return f"{clause.field} is {clause.operator}"
    shown = literal(clause.value) if isinstance(clause.value, str) else numeral(clause.value)
    return f"{clause.field} {clause.operator} {shown}"


Words = dict[str, str]
"""A text by language: en, zh."""


def in_words(clauses: Sequence[Clause], fields: Mapping[str, Field]) -> Words:
    """The condition as people say it, in both languages."""
    parts = [_in_words(clause, fields[clause.field]) for clause in clauses]
    english = "; ".join(part["en"] for part in parts)
    return {"en": f"{english}.", "zh": "；".join(part["zh"] for part in parts) + "。"}


_ENGLISH = {"<": "is below", ">=": "is at least", "==": "is", "!=": "is not", "true": "is true", "false": "is not true"}
_ENGLISH |= {"known": "is known", "unknown": "is unknown"}
_CHINESE = {"<": "低于", ">=": "不低于", "==": "为", "!=": "不是", "true": "为真", "false": "不为真"}
_CHINESE |= {"known": "已知", "unknown": "未知"}


def _in_words(clause: Clause, field: Field) -> Words:
    if field.said and field.type.kind is Kind.BOOLEAN:
        english, chinese = field.said
        no = clause.operator == "false"
        return {"en": f"it is not so that {english}" if no else english, "zh": f"并非{chinese}" if no else chinese}
    english, chinese = field.said or (field.name, field.name)
    shown = clause.value if isinstance(clause.value, str) else numeral(clause.value)
    return {
        "en": f"{english} {_ENGLISH[clause.operator]} {shown}".rstrip(),
        "zh": f"{chinese} {_CHINESE[clause.operator]} {shown}".rstrip(),
    }
