"""Putting the trees of derived values in the place of their names.

A derived value (the points of a group, a score, an output of a table) is named in conditions like an input. Before
anything is compiled its name gives way to its tree, so that whatever reads a condition meets inputs alone.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar, cast

from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import Expr, Input, children

__all__ = ["expand"]

NODES = 50_000
DEPTH = 150

Part = TypeVar("Part")


def expand(expr: Expr, derived: Mapping[str, Expr]) -> Expr:
    """The tree with each input that `derived` names exchanged for its tree.

    Raises ExpressionError (R022) where the whole then has more than 50,000 parts or is more than 150 deep: such a
    condition would cost more than a condition may.
    """
    if not derived:
        return expr
    whole = _expanded(expr, derived)
    nodes, depth = _size(whole, {})
    if nodes > NODES or depth > DEPTH:
        what = f"the condition has {nodes} parts, {depth} deep, once its scores, points and tables are written out"
        raise ExpressionError(Fault("R022", what, f"use less of them; {NODES} parts, {DEPTH} deep, are allowed"))
    return whole


def _expanded(part: Part, derived: Mapping[str, Expr]) -> Part:
    if isinstance(part, Input):
        return cast("Part", derived.get(part.name, part))
    if isinstance(part, tuple):
        return cast("Part", tuple(_expanded(item, derived) for item in part))
    if not isinstance(part, Expr):
        return part
    changes = {field.name: _expanded(getattr(part, field.name), derived) for field in fields(part)}
    return cast("Part", replace(part, **changes))


def _size(expr: Expr, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Parts and depth. Shared parts count each time: what walks a tree walks them each time."""
    if id(expr) not in known:
        below = [_size(child, known) for child in children(expr)]
        known[id(expr)] = (1 + sum(nodes for nodes, _ in below), 1 + max((depth for _, depth in below), default=0))
    return known[id(expr)]
