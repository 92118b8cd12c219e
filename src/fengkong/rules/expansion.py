"""Putting the trees of derived values in the place of their names.

A derived value (the points of a group, a score, an output of a table) is named in conditions like an input. Before
anything is compiled its name gives way to its tree, so that whatever reads a condition meets inputs alone.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar, cast

from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import Expr, Input, children

__all__ = ["Expansion"]

NODES = 50_000
ALL_NODES = 1_000_000
DEPTH = 150

Part = TypeVar("Part")


class Expansion:
    """Writes trees out within limits: of one condition, and of all the conditions of a rule set together."""

    def __init__(self) -> None:
        self._sizes: dict[Expr, tuple[int, int]] = {}
        self._nodes = 0

    def expand(self, expr: Expr, derived: Mapping[str, Expr]) -> Expr:
        """The tree with each input that `derived` names exchanged for its tree.

        Raises ExpressionError (R022) where the whole then has more than 50,000 parts, is more than 150 deep, or has
        more than 1,000,000 parts together with all that were written out before.
        """
        if not derived:
            return expr
        whole = _expanded(expr, derived)
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


def _expanded(part: Part, derived: Mapping[str, Expr]) -> Part:
    if isinstance(part, Input):
        return cast("Part", derived.get(part.name, part))
    if isinstance(part, tuple):
        return cast("Part", tuple(_expanded(item, derived) for item in part))
    if not isinstance(part, Expr):
        return part
    changes = {field.name: _expanded(getattr(part, field.name), derived) for field in fields(part)}
    return cast("Part", replace(part, **changes))
