"""The typed tree of a checked expression: the only source that conditions are compiled from.

Every node is immutable, hashable and knows its type, so that equal meaning has equal trees. Operands of one node have
one type: where the author mixes numbers, the checker puts a `Convert`. Any value may be unknown (None), except that of
`Known` and `Const`.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast, dataclass_transform

from fengkong.rules.types import BOOLEAN, Type

__all__ = [
    "COMPARISONS",
    "And",
    "Arithmetic",
    "ArithmeticOperator",
    "AtLeast",
    "Call",
    "Case",
    "Compare",
    "CompareOperator",
    "Const",
    "ConstValue",
    "Convert",
    "Expr",
    "Input",
    "Known",
    "Member",
    "Negate",
    "Not",
    "Or",
    "canonical",
    "children",
    "input_names",
]

ConstValue = bool | int | float | Decimal | str | date | datetime | timedelta
CompareOperator = Literal["==", "!=", "<", "<=", ">", ">="]
COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What the comparisons of the language do, by their signs; on columns of Polars too."""

ArithmeticOperator = Literal["+", "-", "*", "/", "%"]

Node = TypeVar("Node")


class _Hashed:
    """Keeps a node's hash: sums over many rules stand in many conditions, and would be hashed again from the leaves."""

    __slots__ = ("_hash",)


@dataclass_transform(frozen_default=True)
def _node(cls: type[Node]) -> type[Node]:
    made: Any = dataclass(frozen=True, slots=True)(cls)
    compute = made.__hash__

    def kept(self: Any) -> int:
        try:
            found: int = self._hash
        except AttributeError:
            found = compute(self)
            object.__setattr__(self, "_hash", found)
        return found

    made.__hash__ = kept
    return cast("type[Node]", made)


@_node
class Const(_Hashed):
    """A literal, in the representation of its type: Decimal for decimal, float for probability."""

    value: ConstValue
    type: Type


@_node
class Input(_Hashed):
    """A declared input by its dotted name."""

    name: str
    type: Type


@_node
class Convert(_Hashed):
    """A number as another kind of number, exactly."""

    operand: "Expr"
    type: Type


@_node
class Not(_Hashed):
    """Kleene's not: unknown stays unknown."""

    operand: "Expr"
    type: Type = BOOLEAN


@_node
class And(_Hashed):
    """Kleene's and: false if any operand is false, else unknown if any is unknown."""

    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@_node
class Or(_Hashed):
    """Kleene's or: true if any operand is true, else unknown if any is unknown."""

    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@_node
class AtLeast(_Hashed):
    """True if `least` operands are true, false if they can't become so, else unknown."""

    least: int
    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@_node
class Known(_Hashed):
    """Whether the operand has a value; never unknown itself."""

    operand: "Expr"
    type: Type = BOOLEAN


@_node
class Compare(_Hashed):
    """Two values of one type compared; unknown if either is unknown."""

    operator: CompareOperator
    left: "Expr"
    right: "Expr"
    type: Type = BOOLEAN


@_node
class Member(_Hashed):
    """Whether the operand equals one of the literals; unknown if it is unknown."""

    operand: "Expr"
    items: tuple[Const, ...]
    type: Type = BOOLEAN


@_node
class Arithmetic(_Hashed):
    """Two values combined: numbers of one type, money and a number, days or moments and a duration.

    Unknown if either is unknown, the divisor is zero, or the result has no value.
    """

    operator: ArithmeticOperator
    left: "Expr"
    right: "Expr"
    type: Type


@_node
class Negate(_Hashed):
    """A number with its sign turned."""

    operand: "Expr"
    type: Type


@_node
class Call(_Hashed):
    """A builtin function: unknown if any argument is unknown.

    arguments: what is evaluated for each document; settings: literals fixed by the author (a pattern, digits, parts).
    """

    function: str
    arguments: tuple["Expr", ...]
    settings: tuple[str | int | tuple[str, ...], ...]
    type: Type


@_node
class Case(_Hashed):
    """The value of the first branch whose guard is true while all earlier ones are false; else `otherwise`.

    An unknown guard that is met first makes the value unknown; so does `otherwise=None` where no guard is true.
    branches: guard and value, at least one pair; the values are of the case's type.
    """

    branches: tuple[tuple["Expr", "Expr"], ...]
    otherwise: "Expr | None"
    type: Type


Expr = Const | Input | Convert | Not | And | Or | AtLeast | Known | Compare | Member | Arithmetic | Negate | Call | Case


def children(expr: Expr) -> tuple[Expr, ...]:
    """The nodes directly below, in the author's order."""
    match expr:
        case Const() | Input():
            return ()
        case Not() | Known() | Negate() | Convert():
            return (expr.operand,)
        case And() | Or() | AtLeast():
            return expr.operands
        case Compare() | Arithmetic():
            return (expr.left, expr.right)
        case Member():
            return (expr.operand, *expr.items)
        case Call():
            return expr.arguments
        case Case():
            pairs = tuple(part for branch in expr.branches for part in branch)
            return pairs if expr.otherwise is None else (*pairs, expr.otherwise)


def input_names(expr: Expr) -> Iterator[str]:
    """The names of the inputs that the expression reads, in order, with repeats."""
    if isinstance(expr, Input):
        yield expr.name
    for child in children(expr):
        yield from input_names(child)


def canonical(expr: Expr) -> list[object]:
    """The tree as nested lists of plain values, the same for every way of writing it; what hashes are taken over.

    The words are written out here, not taken from class names, so that hashes outlive changes of this code.
    """
    return [*_head(expr), *(canonical(child) for child in children(expr))]


def _head(expr: Expr) -> list[object]:
    match expr:
        case Const(value=Decimal() as number):
            return [str(expr.type), _digits(number)]
        case Const():
            return [str(expr.type), expr.value]
        case Input():
            return ["input", expr.name]
        case Convert():
            return ["convert", str(expr.type)]
        case AtLeast():
            return ["at_least", expr.least]
        case Compare() | Arithmetic():
            return [expr.operator]
        case Call():
            return ["call", expr.function, list(expr.settings)]
        case Case():
            return ["case", len(expr.branches)]
    return [_WORDS[type(expr)]]


def _digits(number: Decimal) -> str:
    # 0.70 and 0.7 are one number; `normalize` would round to the thread's precision.
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


_WORDS: Mapping[type, str] = {Not: "not", And: "and", Or: "or", Known: "known", Member: "in", Negate: "negate"}
