"""The typed tree of a checked expression: the only source that conditions are compiled from.

Every node is immutable, hashable and knows its type, so that equal meaning has equal trees. Operands of one node have
one type: where the author mixes numbers, the checker puts a `Convert`. Any value may be unknown (None), except that of
`Known` and `Const`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from fengkong.rules.types import BOOLEAN, Type

__all__ = [
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

ConstValue = bool | int | float | Decimal | str | date | datetime
CompareOperator = Literal["==", "!=", "<", "<=", ">", ">="]
ArithmeticOperator = Literal["+", "-", "*", "/", "%"]


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, in the representation of its type: Decimal for decimal, float for probability."""

    value: ConstValue
    type: Type


@dataclass(frozen=True, slots=True)
class Input:
    """A declared input by its dotted name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Convert:
    """A number as another kind of number, exactly."""

    operand: "Expr"
    type: Type


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene's not: unknown stays unknown."""

    operand: "Expr"
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class And:
    """Kleene's and: false if any operand is false, else unknown if any is unknown."""

    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Or:
    """Kleene's or: true if any operand is true, else unknown if any is unknown."""

    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True if `least` operands are true, false if they can't become so, else unknown."""

    least: int
    operands: tuple["Expr", ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Known:
    """Whether the operand has a value; never unknown itself."""

    operand: "Expr"
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values of one type compared; unknown if either is unknown."""

    operator: CompareOperator
    left: "Expr"
    right: "Expr"
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Member:
    """Whether the operand equals one of the literals; unknown if it is unknown."""

    operand: "Expr"
    items: tuple[Const, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers of one type combined; unknown if either is unknown or the divisor is zero."""

    operator: ArithmeticOperator
    left: "Expr"
    right: "Expr"
    type: Type


@dataclass(frozen=True, slots=True)
class Negate:
    """A number with its sign turned."""

    operand: "Expr"
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """A builtin function: unknown if any argument is unknown.

    arguments: what is evaluated for each document; settings: literals fixed by the author (a pattern, digits, parts).
    """

    function: str
    arguments: tuple["Expr", ...]
    settings: tuple[str | int | tuple[str, ...], ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Case:
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
