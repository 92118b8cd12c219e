"""What names mean in the expressions of one rule set: inputs, and values derived from inputs.

A derived value is built when it is first named, so declarations may stand in any order; one that needs itself is
refused. Expressions are typed with the names of derived values as if they were inputs, then `expansion` puts the trees
in their place.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from fengkong.rules.declarations import Inputs
from fengkong.rules.expansion import Expansion
from fengkong.rules.inference import infer, names_in
from fengkong.rules.syntax import ExpressionError, Fault, Source, parse_expression
from fengkong.rules.tree import Expr, input_names
from fengkong.rules.types import TEXT, Type

__all__ = ["Build", "Condition", "Scope"]

STEPS = 20
"""How many derived values may stand one on another."""

Build = Callable[[], Expr | None]
"""Makes a derived value's tree; None where a fault in it was reported."""


class _BrokenNameError(Exception):
    """A name whose declaration has a fault; it was reported there."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A typed condition. written: with derived values by their names; expression: with their trees in place."""

    source: Source
    written: Expr
    expression: Expr


@dataclass
class Scope(Mapping[str, Type]):
    """The type by name of everything that an expression may name; derived values are built on the way.

    used: the names that expressions named. broken: names, and beginnings of names up to a point, of what has a fault.
    """

    inputs: Inputs
    used: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    _lists: dict[str, Callable[[Expr], Expr]] = field(default_factory=dict)
    _builders: dict[str, Build] = field(default_factory=dict)
    _built: dict[str, Expr | None] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _expansion: Expansion = field(default_factory=Expansion)

    def define(self, name: str, build: Build) -> None:
        """Gives a derived value its name."""
        self._builders[name] = build

    def define_list(self, name: str, holds: Callable[[Expr], Expr] | None) -> None:
        """Gives a list its name. holds: makes the condition that a value is on it; None where the list has a fault."""
        if holds is None:
            self.broken.add(name)
        else:
            self._lists[name] = holds

    def derived(self) -> dict[str, Expr]:
        """Every derived value that has no fault, by name, in the order of its declaration."""
        values = {name: self.build(name) for name in self._builders}
        return {name: value for name, value in values.items() if value is not None}

    def build(self, name: str) -> Expr | None:
        """The tree of a derived value; None where it has a fault. Raises ExpressionError where it needs itself."""
        if name in self._built:
            return self._built[name]
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise ExpressionError(Fault("R019", f"{name!r} would need itself: {circle}", "break the circle"))
        if len(self._open) >= STEPS:
            what = f"{name!r} stands on more than {STEPS} scores, points or tables, one on another"
            raise ExpressionError(Fault("R022", what, "take out some of the steps"))
        self._open.append(name)
        try:
            return self._built.setdefault(name, self._builders[name]())
        finally:
            self._open.pop()

    def condition(self, text: str) -> Condition | None:
        """The typed condition, or None where it names what has a fault. Raises ExpressionError with its own faults."""
        source = parse_expression(text)
        if self.inputs.broken & names_in(source.root):
            return None
        try:
            written = infer(source, source.root, self)
        except _BrokenNameError:
            return None
        return Condition(source, written, self.expanded(written))

    def part(self, condition: Condition, node: ast.expr) -> Expr:
        """The tree of a part of a condition."""
        return self.expanded(infer(condition.source, node, self))

    def expanded(self, expr: Expr) -> Expr:
        """The tree with those of derived values in place of their names."""
        return self._expansion.expand(expr, dict(self.named(expr)), self._lists)

    def named(self, expr: Expr) -> tuple[tuple[str, Expr], ...]:
        """The derived values that the expression names, with their trees."""
        values = {name: self._built.get(name) for name in input_names(expr)}
        return tuple((name, value) for name, value in values.items() if value is not None)

    def __getitem__(self, name: str) -> Type:
        self.used.add(name)
        if not self.broken.isdisjoint({name, f"{name.rpartition('.')[0]}."}):
            raise _BrokenNameError
        if name in self._lists:
            return TEXT
        if name not in self._builders:
            return self.inputs.types[name]
        value = self.build(name)
        if value is None:
            raise _BrokenNameError
        return value.type

    def __iter__(self) -> Iterator[str]:
        yield from self.inputs.types
        yield from self._builders
        yield from self._lists

    def __len__(self) -> int:
        return len(self.inputs.types) + len(self._builders) + len(self._lists)
