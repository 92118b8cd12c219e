"""What a checked rule set holds, before anything is compiled from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from fengkong.domain.canonical import digest
from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.rules.cost import Budget
from fengkong.rules.tree import Expr, canonical
from fengkong.rules.types import Type
from fengkong.rules.windows import Window

__all__ = ["POINTS", "Clause", "Definition", "Rule"]

POINTS = "points."
"""What the names of all sums of points begin with."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One operand of a condition's top-level `and` or `or` (or the whole condition), as its author wrote it."""

    written: str
    expression: Expr


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a checked rule set.

    condition: with the group's own condition, and with the trees of derived values in place of their names.
    then: the outcome it asks for where its condition is true; None for a rule that gives points alone.
    reason: the code of its reason; "" where it asks for no outcome.
    unknown: the outcome it asks for where its condition is unknown; None asks for nothing (written `no_hit`).
    priority: among reasons of equal severity the larger goes first. points: what it adds where it is hit.
    written: its condition as its author sees it, with derived values by their names. derived: those, with their trees.
    """

    id: str
    condition: Expr
    clauses: tuple[Clause, ...]
    then: Outcome | None
    reason: str
    unknown: Outcome | None
    place: Place
    written: Expr
    group: str = ""
    priority: int = 0
    points: int | Decimal | None = None
    derived: tuple[tuple[str, Expr], ...] = ()

    def content(self) -> dict[str, object]:
        """What its part of the hash is taken over. A key that came with a later version counts where it is used."""
        said: dict[str, object] = {
            "id": self.id,
            "when": canonical(self.written),
            "then": self.then,
            "reason": self.reason,
            "unknown": "no_hit" if self.unknown is None else self.unknown,
        }
        if self.points is not None:
            said["points"] = self.points
        later = {"group": self.group, "priority": self.priority}
        return said | {key: value for key, value in later.items() if value}


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule set's content: its inputs with signals spelt out, its reasons' texts by code and language, its rules.

    derived: the tree by name of every value that is derived from inputs, such as `points.total`. lists: the hash of
    the content of each list by name. lookups: by list, the kind of its entries and the input for the day, where that is
    declared. windows: the inputs that are computed from past events. files: the lists, tables and scorecards that it
    was read from, by their path from it; what they hold is in the rest.
    """

    name: str
    version: str
    default: Outcome
    inputs: Mapping[str, Type]
    reasons: Mapping[str, Mapping[str, str]]
    rules: tuple[Rule, ...]
    derived: Mapping[str, Expr] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    budget: Budget = Budget()
    files: tuple[str, ...] = ()

    def hash(self) -> str:
        """sha256 (hex) over the content: comments, blanks and key order don't count, the order of the rules does."""
        content: dict[str, object] = {
            "format": 1,
            "name": self.name,
            "version": self.version,
            "default": self.default,
            "inputs": {name: [str(declared), *declared.values] for name, declared in self.inputs.items()},
            "reasons": self.reasons,
            "rules": [rule.content() for rule in self.rules],
        }
        # Points follow from the rules, which are there.
        derived = {name: canonical(tree) for name, tree in self.derived.items() if not name.startswith(POINTS)}
        later = {
            "derived": derived,
            "lists": self.lists,
            "lookups": self.lookups,
            "windows": [_content(window) for window in self.windows],
        }
        budget = {} if self.budget == Budget() else {"budget": self.budget}
        return digest(content | {key: value for key, value in later.items() if value} | budget)


def _content(window: Window) -> dict[str, object]:
    said = {field.name: getattr(window, field.name) for field in fields(window)}
    return said | {"over": window.over.total_seconds()}
