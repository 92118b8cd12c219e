"""Cells of JDM decision tables (ZEN unary tests and literals) as cells of ours, where both mean the same."""

import re
from dataclasses import dataclass

from fengkong.domain.errors import RuleError
from fengkong.rules.loading import read_number

__all__ = ["ANY", "Cell", "Literal", "read_cell", "read_literal"]

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_STRING = r"""'[^'"\\]*'|"[^'"\\]*\""""
_LITERAL = re.compile(rf"(?P<number>{_NUMBER})|(?P<text>{_STRING})|(?P<boolean>true|false)", re.ASCII)
_COMPARISON = re.compile(rf"(==|!=|<=|>=|<|>)\s*({_NUMBER}|{_STRING}|true|false)", re.ASCII)
_BOTH = re.compile(rf"(>=?)\s*({_NUMBER})\s+and\s+(<=?)\s*({_NUMBER})", re.ASCII)
_RANGE = re.compile(rf"([\[(\]])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\])\[])", re.ASCII)
_ITEMS = rf"(?:{_NUMBER}|{_STRING})(?:\s*,\s*(?:{_NUMBER}|{_STRING}))*"
_LIST = re.compile(_ITEMS, re.ASCII)
_MEMBER = re.compile(rf"(in|not in)\s*\[\s*({_ITEMS})\s*\]", re.ASCII)
_ITEM = re.compile(rf"{_NUMBER}|{_STRING}", re.ASCII)

ANY = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal and its kind: "number", "text" or "boolean"."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell in our form, and the kind of value that it speaks of; "" where it speaks of any."""

    text: str
    kind: str = ""


def read_cell(cell: str) -> Cell:
    """The cell in our form. Raises RuleError for what has no equal here."""
    cell = cell.strip()
    if not cell:
        return Cell(ANY)
    if cell == "null":
        return Cell("unknown")
    if match := _LITERAL.fullmatch(cell):
        return Cell(cell, match.lastgroup or "")
    if match := _COMPARISON.fullmatch(cell):
        return _comparison(match[1], match[2])
    if match := _BOTH.fullmatch(cell):
        low, high = "[" if match[1] == ">=" else "(", "]" if match[3] == "<=" else ")"
        return Cell(f"{low}{match[2]}..{match[4]}{high}", "number")
    if match := _RANGE.fullmatch(cell):
        low, high = "[" if match[1] == "[" else "(", "]" if match[4] == "]" else ")"
        return Cell(f"{low}{match[2]}..{match[3]}{high}", "number")
    if match := _MEMBER.fullmatch(cell):
        return _members(match[1], match[2])
    if _LIST.fullmatch(cell):
        return _members("in", cell)
    raise RuleError("the cell has no equal here", received=cell[:60], cure="write it as comparison, range or list")


def read_literal(cell: str) -> Literal:
    """The literal that an output's cell is. Raises RuleError for an expression, and for one that has no equal here."""
    cell = cell.strip()
    match = _LITERAL.fullmatch(cell)
    if match is None:
        what = "the output is empty" if not cell else "the output is no plain value"
        raise RuleError(what, received=cell[:60], cure="write a number, a text or a boolean")
    if match["number"] and read_number(cell) is None:
        raise RuleError("the number has too many digits", received=cell[:60], cure="round it")
    text = cell[1:-1] if match["text"] else cell
    if text != text.strip() or not text or not text.isprintable():
        raise RuleError("the text is empty or has blanks around it", received=cell[:60], cure="write a plain text")
    return Literal(text, match.lastgroup or "")


def _comparison(operator: str, literal: str) -> Cell:
    kind = _kind(literal)
    if kind != "number" and operator not in {"==", "!="}:
        raise RuleError("a text or boolean has no order here", received=literal[:60], cure="compare it with == or !=")
    return Cell(f"{operator} {literal}", kind)


def _members(word: str, items: str) -> Cell:
    found = _ITEM.findall(items)
    kinds = {_kind(item) for item in found}
    if len(kinds) > 1:
        raise RuleError("the list mixes numbers and texts", received=items[:60], cure="write two rows")
    return Cell(f"{word} [{', '.join(found)}]", kinds.pop())


def _kind(literal: str) -> str:
    match = _LITERAL.fullmatch(literal)
    return (match.lastgroup or "") if match else ""
