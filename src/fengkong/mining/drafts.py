"""What was found as a rule file: a draft that `fengkong check` passes and `fengkong backtest` can try at once.

A draft asks for review, never for more: whether its rules may decline is for a person to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from fengkong.domain.errors import InputError
from fengkong.domain.findings import Severity
from fengkong.mining.clauses import Condition, Words, written
from fengkong.mining.fields import Field
from fengkong.rules.checking import check
from fengkong.rules.types import Kind

__all__ = ["DraftRule", "as_yaml", "draft", "inputs_of", "rule_set"]

WIDTH = 10_000
"""Characters of a line, so that a condition is never broken."""


@dataclass(frozen=True, slots=True)
class DraftRule:
    """One rule to propose: id, condition, the reason's texts in both languages, and what its author should know."""

    id: str
    condition: Condition
    reason: Words
    notes: Sequence[str] = ()


def draft(name: str, rules: Sequence[DraftRule], fields: Mapping[str, Field], *, head: Sequence[str] = ()) -> str:
    """The YAML of a rule set that asks for review where a rule hits, else for nothing.

    A rule says nothing where a value is unknown, since it was measured so. head: lines of comment.
    Raises InputError where there is no rule to propose.
    """
    if not rules:
        raise InputError("nothing was found that could be proposed", cure="ask for less, or give more cases")
    reasons = {_code(rule.id): dict(rule.reason) for rule in rules}
    body = "rules:\n" + "\n".join(map(_rule, rules))
    return rule_set(
        name, inputs_of([clause.field for rule in rules for clause in rule.condition], fields), reasons, body, head
    )


def _code(rule: str) -> str:
    return rule.upper().replace("-", "_")


def _rule(rule: DraftRule) -> str:
    entry = {"id": rule.id, "when": written(rule.condition), "then": "review", "reason": _code(rule.id)}
    return _comment(rule.notes, "  ") + as_yaml([{**entry, "unknown": "no_hit"}], "  ")


def inputs_of(names: Iterable[str], fields: Mapping[str, Field]) -> dict[str, object]:
    """The declarations of the named fields that are inputs; the text needs none."""
    used = [fields[name] for name in dict.fromkeys(names) if not fields[name].said]
    return {
        field.name: {"type": "category", "values": list(field.type.values)}
        if field.type.kind is Kind.CATEGORY
        else str(field.type)
        for field in used
    }


def rule_set(
    name: str, inputs: Mapping[str, object], reasons: Mapping[str, Words], body: str, head: Sequence[str]
) -> str:
    """A rule set's YAML of these parts, checked. `body` is YAML too: the rules and what stands before them."""
    top = {
        "format": 1,
        "name": name,
        "version": "draft",
        "default": "approve",
        "inputs": dict(inputs),
        "reasons": reasons,
    }
    text = _comment(head) + as_yaml(top) + body
    errors = [finding for finding in check(text) if finding.severity is Severity.ERROR]
    if errors:
        raise InputError("what was found can't be written as rules", received=str(errors[0]), cure="rename the field")
    return text


def _comment(lines: Sequence[str], indent: str = "") -> str:
    return "".join(f"{indent}# {' '.join(line.split())}\n" for line in lines)


def as_yaml(value: object, indent: str = "") -> str:
    """The value as YAML in its own order, every line indented."""
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=WIDTH)
    return "".join(f"{indent}{line}" for line in text.splitlines(keepends=True))
