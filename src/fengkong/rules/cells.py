"""What a cell of a decision table or a bin of a scorecard says of one input, as a condition.

    >= 1000        a comparison: == != < <= > >=         [1000..5000)   a range; [ ] take the end in, ( ) leave it out
    in ["A", "B"]  one of; not in [...] none of          unknown        the input is unknown; known: it is not
    "A"            exactly that                          -              anything, an unknown value too

A literal is written as in a condition; a day, a moment and a length of time without date(...) and the like, an amount
of money as CNY 3000 or, in the declared currency, 3000, and a category's value without quotes if it likes.
What fits none of these forms is refused: it must not turn into a text that nothing equals.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

from fengkong.domain.documents import Place
from fengkong.domain.findings import Finding
from fengkong.rules.calls import read_money
from fengkong.rules.loading import Nodes
from fengkong.rules.scope import Condition, Scope
from fengkong.rules.syntax import EXPRESSION_LENGTH, ExpressionError, Fault
from fengkong.rules.times import fits, parse_duration
from fengkong.rules.tree import Known
from fengkong.rules.types import NUMBERS, Kind, Type

__all__ = ["ANY", "Column", "cell_text", "literal_text", "read_cell", "read_column", "report_at"]

ANY = "-"

_NUMBER = re.compile(r"-?[0-9]+(_[0-9]+)*(\.[0-9]+)?", re.ASCII)
_COMPARISON = re.compile(r"(==|!=|<=|>=|<|>)\s*(.+)", re.DOTALL)
_MEMBER = re.compile(r"((?:not\s+)?in)\s*\[(.*)\]", re.DOTALL)
_LISTED = re.compile(r"(?:not\s+)?in\s+lists\.\w+")
# Blanks around an item belong to it: taken apart here, a long run of them could be parted in too many ways.
_ITEM = re.compile(r"""(\s*"[^"]*"\s*|\s*'[^']*'\s*|[^,"']+)(?:,|\Z)""")
_QUOTED = re.compile(r"""("[^"]*")|('[^']*')""")
_FORMS = "write it like >= 1000, [1000..5000), in [A, B], a plain value, unknown, or - for anything"


class Column:
    """An input of a table or a characteristic of a scorecard: an expression that each cell says something of."""

    __slots__ = ("name", "text", "type")

    def __init__(self, name: str, text: str, of: Type) -> None:
        self.name, self.text, self.type = name, text, of


def read_column(scope: Scope, name: str, text: str) -> Column | None:
    """The column of that expression, or None where it names what has a fault. Raises ExpressionError."""
    condition = scope.condition(f"({text}) is known")
    if condition is None:
        return None
    if not isinstance(condition.written, Known):
        raise ExpressionError(Fault("R020", f"`{text}` is no single expression", "put it between brackets"))
    return Column(name, text, condition.written.operand.type)


def read_cell(scope: Scope, column: Column, cell: str) -> Condition | None:
    """The condition of a cell; None where it takes anything.

    Raises ExpressionError where it can't be read; without faults where it names what has one, which was reported.
    """
    text = cell_text(column, cell)
    if text is None:
        return None
    condition = scope.condition(text)
    if condition is None:
        raise ExpressionError
    return condition


def cell_text(column: Column, cell: str) -> str | None:
    """The cell as a condition in the rule language; None where it takes anything. Raises ExpressionError."""
    cell, plain = cell.strip(), all(part.isidentifier() for part in column.text.split("."))
    name = column.text if plain else f"({column.text})"
    if cell in {"", ANY}:
        return None
    if len(cell) > EXPRESSION_LENGTH:
        what = f"the cell has {len(cell)} characters; {EXPRESSION_LENGTH} are allowed"
        raise ExpressionError(Fault("R022", what, "put the values into a list and write: in lists.NAME"))
    if cell in {"known", "unknown"}:
        return f"{name} is {cell}"
    if cell[0] in "[(" and cell[-1] in "])" and ".." in cell:
        low, _, high = cell[1:-1].partition("..")
        above, below = "<=" if cell[0] == "[" else "<", "<=" if cell[-1] == "]" else "<"
        return f"{literal_text(low, column.type)} {above} {name} {below} {literal_text(high, column.type)}"
    if match := _COMPARISON.fullmatch(cell):
        return f"{name} {match[1]} {literal_text(match[2], column.type)}"
    if _LISTED.fullmatch(cell):
        return f"{name} {cell}"
    if match := _MEMBER.fullmatch(cell):
        return f"{name} {match[1]} [{', '.join(_items(match[2], column.type))}]"
    if cell in {"true", "false"} and column.type.kind is Kind.BOOLEAN:
        return name if cell == "true" else f"not {name}"
    return f"{name} == {literal_text(cell, column.type)}"


def _items(text: str, of: Type) -> Sequence[str]:
    items, at = [], 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None or match.end() == at:
            raise ExpressionError(Fault("R017", f"the list [{text[:40]}] can't be read", "write it like [A, B]"))
        items.append(literal_text(match[1], of))
        at = match.end()
    return items


def literal_text(text: str, of: Type) -> str:
    """The literal as it stands in a condition. Raises ExpressionError (R017) for what is none of that type."""
    text = text.strip()
    quoted = bool(_QUOTED.fullmatch(text))
    bare = text[1:-1] if quoted else text
    match of.kind:
        case Kind.TEXT | Kind.ENTITY if quoted:
            return text
        case Kind.CATEGORY if quoted or bare in of.values:
            return text if quoted else _quote(text)
        case Kind.DATE if _is_iso(bare, date):
            return f'date("{bare}")'
        case Kind.DATETIME if _is_iso(bare, datetime):
            return f'datetime("{bare}")'
        case Kind.MONEY if amount := _amount(bare, of):
            return f'money("{amount}")'
        case Kind.DURATION if _is_duration(bare):
            return f'duration("{bare}")'
        case Kind.BOOLEAN if text in {"true", "false"}:
            return text
        case _ if of.kind in NUMBERS and _NUMBER.fullmatch(text):
            return text
    raise ExpressionError(Fault("R017", f"{text[:40]!r} is no {of}", _cure(of)))


def _cure(of: Type) -> str:
    match of.kind:
        case Kind.TEXT | Kind.ENTITY:
            return f"{_FORMS}; a text stands between quotes"
        case Kind.CATEGORY:
            return f"{_FORMS}; declared are {', '.join(of.values[:20])}"
        case Kind.MONEY:
            return f"write it like < {of.currency} 3000, < 3000 or [1000..3000), in {of.currency} alone"
        case Kind.DURATION:
            return "write it like < 30 d or [12 h..1 d 12 h), in w, d, h, min and s"
        case Kind.LIST:
            return 'ask for one value of the list, such as count(items) or `"A" in items`; a list is known or unknown'
    return _FORMS


def _amount(text: str, of: Type) -> str:
    """The amount with its currency, the declared one where none is written; "" for what is none in that currency."""
    written = f"{of.currency} {text.replace('_', '')}" if _NUMBER.fullmatch(text) else text
    amount = read_money(written)
    return written if amount is not None and amount.type == of else ""


def _is_duration(text: str) -> bool:
    span = parse_duration(text)
    return span is not None and fits(span)


def _is_iso(text: str, of: type[date]) -> bool:
    try:
        of.fromisoformat(text)
    except ValueError:
        return False
    return text.isascii() and '"' not in text


def _quote(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"


def report_at(nodes: Nodes, error: ExpressionError, place: Place) -> None:
    """Adds what is wrong with a cell at its place."""
    nodes.findings += [Finding(fault.code, fault.severity, fault.message, place, fault.cure) for fault in error.faults]
