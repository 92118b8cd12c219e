"""Putting the trees of derived values in the place of their names.

A derived value (the points of a group, a score, an output of a table) is named in conditions like an input. Before
anything is compiled its name gives way to its tree, so that whatever reads a condition meets inputs alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar, cast

from fengkong.rules.comparing import IN_LIST
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import Call, Expr, Input, children

__all__ = ["NODES", "Expansion"]

NODES = 50_000
"""How many parts a condition may have."""
ALL_NODES = 1_000_000
DEPTH = 150

Part = TypeVar("Part")


class Expansion:
    """Writes trees out within limits: of one condition, and of all the conditions of a rule set together."""

    def __init__(self) -> None:
        self._sizes: dict[Expr, tuple[int, int]] = {}
        self._nodes = 0

    def expand(self, expr: Expr, derived: Mapping[str, Expr], lists: Mapping[str, Callable[[Expr], Expr]]) -> Expr:
        """The tree with each input that `derived` names exchanged for its tree, and each look-up for its list's own.

        lists: by name, what makes the condition that a value is on the list.

        Raises ExpressionError (R022) where the whole then has more than 50,000 parts, is more than 150 deep, or has
        more than 1,000,000 parts together with all that were written out before.
        """
        if not derived and not lists:
            return expr
        whole = _Writer(derived, lists).written(expr)
        nodes, depth = self._size(whole)
        self._nodes += nodes
        if nodes > NODES or depth > DEPTH:
            what = f"the condition has {nodes} parts, {depth} deep, once its scores, points and tables are written out"
            raise ExpressionError(Fault("R022", what, f"use less of them; {NODES} parts, {DEPTH} deep, are allowed"))
        if self._nodes > ALL_NODES:
            what = f"the conditions up to here have {self._nodes} parts once scores, points and tables are written out"
            raise ExpressionError(Fault("R022", what, f"split the set; {ALL_NODES} parts are allowed"))
        return whole

    def _size(self, expr: Expr) -> tuple[int, int]:
        """Parts and depth. Shared parts count each time: what walks a tree walks them each time."""
        if expr not in self._sizes:
            below = [self._size(child) for child in children(expr)]
            deepest = max((depth for _, depth in below), default=0)
            self._sizes[expr] = 1 + sum(nodes for nodes, _ in below), 1 + deepest
        return self._sizes[expr]


@dataclass(frozen=True, slots=True)
class _Writer:
    derived: Mapping[str, Expr]
    lists: Mapping[str, Callable[[Expr], Expr]]

    def written(self, part: Part) -> Part:
        """The part of a tree with all names in it exchanged."""
        match part:
            case Input(name=name):
                return cast("Part", self.derived.get(name, part))
            case tuple():
                return cast("Part", tuple(map(self.written, part)))
            case Call(function=function, arguments=(value,), settings=(str() as name,)) if function == IN_LIST:
                return cast("Part", self.lists[name](self.written(value)))
        if isinstance(part, Expr):
            changes = {field.name: self.written(getattr(part, field.name)) for field in fields(part)}
            return cast("Part", replace(part, **changes))
        return part
