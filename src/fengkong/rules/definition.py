"""What a checked rule set holds, before anything is compiled from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fengkong.domain.canonical import digest
from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.rules.tree import Expr, canonical
from fengkong.rules.types import Type

__all__ = ["Clause", "Definition", "Rule"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One operand of a condition's top-level `and` or `or` (or the whole condition), as its author wrote it."""

    written: str
    expression: Expr


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a checked rule set.

    then: the outcome it asks for where its condition is true.
    unknown: the outcome it asks for where its condition is unknown; None asks for nothing (written `no_hit`).
    """

    id: str
    condition: Expr
    clauses: tuple[Clause, ...]
    then: Outcome
    reason: str
    unknown: Outcome | None
    place: Place


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule set's content: its inputs with signals spelt out, its reasons' texts by code and language, its rules."""

    name: str
    version: str
    default: Outcome
    inputs: Mapping[str, Type]
    reasons: Mapping[str, Mapping[str, str]]
    rules: tuple[Rule, ...]

    def hash(self) -> str:
        """sha256 (hex) over the content: comments, blanks and key order don't count, the order of the rules does."""
        return digest(
            {
                "format": 1,
                "name": self.name,
                "version": self.version,
                "default": self.default,
                "inputs": {name: [str(declared), *declared.values] for name, declared in self.inputs.items()},
                "reasons": self.reasons,
                "rules": [
                    {
                        "id": rule.id,
                        "when": canonical(rule.condition),
                        "then": rule.then,
                        "reason": rule.reason,
                        "unknown": "no_hit" if rule.unknown is None else rule.unknown,
                    }
                    for rule in self.rules
                ],
            }
        )
