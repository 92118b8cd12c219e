"""Types of calls: the builtin functions, and forms that only look like calls (literals, at_least, parts of days)."""

import ast
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from fengkong.domain.errors import RuleError, likely_slip
from fengkong.rules.functions import FUNCTIONS, Argument, Function, Setting, compile_pattern
from fengkong.rules.numbers import as_decimal, to_calculate
from fengkong.rules.sequences import QUANTIFIERS
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.times import PARTS, fits, parse_duration, parse_zone
from fengkong.rules.tree import AtLeast, Call, Const, Expr
from fengkong.rules.types import (
    AMOUNTS,
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    DURATION,
    INTEGER,
    NUMBERS,
    ORDERED,
    TEXTS,
    Kind,
    Type,
)

__all__ = ["read_money", "type_call"]

ROUND_DIGITS = 12

Infer = Callable[[Sequence[ast.expr]], list[Expr]]
"""Types several nodes, gathering the faults of all of them."""


def type_call(node: ast.Call, infer: Infer) -> Expr:
    """The typed call. Raises ExpressionError for unknown functions and wrong arguments."""
    if not isinstance(node.func, ast.Name):
        raise ExpressionError(Fault("R021", "only builtin functions can be called", "write it as name(...)"))
    name = node.func.id
    if name in _FORMS:
        return _FORMS[name](node.args, infer)
    if name in _OF_LIST and (name not in FUNCTIONS or len(node.args) == 1):
        return _of_list(name, node.args, infer)
    if name in QUANTIFIERS:
        raise _misused(
            name, "stands only on the left of one comparison", f"{name}(items) > 5 or {name}(items) in [1, 2]"
        )
    if name not in FUNCTIONS:
        cure = likely_slip(name, [*FUNCTIONS, *_FORMS, *_OF_LIST, *QUANTIFIERS, "between"])
        raise ExpressionError(Fault("R024", f"there is no function {name!r}", cure))
    return _builtin(name, FUNCTIONS[name], node.args, infer)


def _misused(name: str, why: str, usage: str) -> ExpressionError:
    return ExpressionError(Fault("R024", f"{name} {why}", f"write {usage}"))


def _builtin(name: str, function: Function, nodes: Sequence[ast.expr], infer: Infer) -> Expr:
    wanted, literal = len(function.arguments), len(function.settings)
    if len(nodes) < 2 if function.many else len(nodes) != wanted + literal:
        raise _misused(name, f"got {len(nodes)} arguments", function.usage)
    split = len(nodes) - literal
    settings = tuple(_setting(name, kind, node) for kind, node in zip(function.settings, nodes[split:], strict=True))
    arguments = tuple(infer(nodes[:split]))
    kinds = function.arguments * len(arguments) if function.many else function.arguments
    for kind, argument in zip(kinds, arguments, strict=True):
        if not _FITS[kind](argument):
            raise _misused(name, f"got a value of type {argument.type}", function.usage)
    if Argument.DAY in kinds and arguments[0].type != arguments[1].type:
        raise _misused(name, "got a date and a datetime", "two of one type")
    if Argument.NUMBER in kinds and any(argument.type.kind is Kind.MONEY for argument in arguments):
        return _of_money(name, arguments, settings)
    if function.result == DECIMAL:
        arguments = tuple(map(as_decimal, arguments))
    elif Argument.NUMBER in kinds:
        arguments = to_calculate(arguments)
    return Call(name, arguments, settings, function.result or arguments[0].type)


def _of_money(name: str, arguments: tuple[Expr, ...], settings: tuple[str | int | tuple[str, ...], ...]) -> Expr:
    types = dict.fromkeys(str(argument.type) for argument in arguments)
    if len(types) > 1:
        raise ExpressionError(Fault("R025", f"{name} can't take together {' and '.join(types)}", "use one currency"))
    return Call(name, arguments, settings, arguments[0].type)


_FITS: dict[Argument, Callable[[Expr], bool]] = {
    Argument.TEXT: lambda expr: expr.type.kind in TEXTS,
    Argument.NUMBER: lambda expr: expr.type.kind in AMOUNTS,
    Argument.LIST: lambda expr: expr.type.kind is Kind.LIST,
    Argument.TEXTS: lambda expr: expr.type.of is not None and expr.type.of.kind in TEXTS,
    Argument.DAY: lambda expr: expr.type.kind in {Kind.DATE, Kind.DATETIME},
}


def _setting(name: str, kind: Setting, node: ast.expr) -> str | int | tuple[str, ...]:
    match kind, node:
        case Setting.PATTERN, ast.Constant(value=str(pattern)):
            try:
                compile_pattern(pattern)
            except RuleError as error:
                raise ExpressionError(Fault("R027", f"{error.what}: {error.received}", error.cure)) from error
            return pattern
        case Setting.DIGITS, ast.Constant(value=int(digits)) if not isinstance(digits, bool) and digits <= ROUND_DIGITS:
            return digits
        case Setting.PARTS, ast.List(elts=[_, *_] as nodes):
            parts = tuple(
                part.value for part in nodes if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            if len(parts) == len(nodes):
                return parts
    raise _misused(name, f"needs {_LITERALS[kind]} as its last argument", FUNCTIONS[name].usage)


_LITERALS: dict[Setting, str] = {
    Setting.PATTERN: "a literal text",
    Setting.DIGITS: f"a literal number from 0 to {ROUND_DIGITS}",
    Setting.PARTS: "a list of literal texts",
}


def _date(nodes: Sequence[ast.expr], _: Infer) -> Expr:
    match nodes:
        case [ast.Constant(value=str(text))]:
            try:
                return Const(date.fromisoformat(text), DATE)
            except ValueError:
                pass
    raise _misused("date", "needs one literal day", 'date("2025-01-31")')


def _datetime(nodes: Sequence[ast.expr], _: Infer) -> Expr:
    match nodes:
        case [ast.Constant(value=str(text))]:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                pass
            else:
                if moment.utcoffset() is not None:
                    return Const(moment, DATETIME)
    raise _misused("datetime", "needs one literal moment with its zone", 'datetime("2025-01-31T09:30:00+08:00")')


def _at_least(nodes: Sequence[ast.expr], infer: Infer) -> Expr:
    usage = "at_least(2, [condition, condition, condition])"
    match nodes:
        case [ast.Constant(value=int(least)), ast.List(elts=conditions)]:
            operands = tuple(infer(conditions))
            if any(operand.type != BOOLEAN for operand in operands):
                raise _misused("at_least", "needs conditions", usage)
            if not 1 <= least <= len(operands):
                raise _misused("at_least", f"can't find {least} true ones among {len(operands)}", usage)
            return AtLeast(least, operands)
    raise _misused("at_least", "needs a literal number and a list", usage)


def _duration(nodes: Sequence[ast.expr], _: Infer) -> Expr:
    match nodes:
        case [ast.Constant(value=str(text))]:
            span = parse_duration(text)
            if span is not None and fits(span):
                return Const(span, DURATION)
    raise _misused("duration", "needs one literal length of time", 'duration("30 d"), "1 d 12 h", "15 min" or "10 s"')


_MONEY = re.compile(r"([A-Z]{3}) (-?[0-9]{1,20}(?:\.[0-9]{1,8})?)", re.ASCII)


def read_money(text: str) -> Const | None:
    """The amount that is written as "CNY 1234.50"; None for any other text."""
    written = _MONEY.fullmatch(text)
    return Const(Decimal(written[2]), Type(Kind.MONEY, currency=written[1])) if written else None


def _money(nodes: Sequence[ast.expr], _: Infer) -> Expr:
    match nodes:
        case [ast.Constant(value=str(text))] if amount := read_money(text):
            return amount
    raise _misused("money", "needs one literal amount with its currency", 'money("CNY 1234.50")')


def _part(name: str, nodes: Sequence[ast.expr], infer: Infer) -> Expr:
    usage = f'{name}(moment, "Asia/Shanghai")' + ("" if name == "hour" else f", or {name}(day)")
    match nodes:
        case [node]:
            (day,) = infer([node])
            if day.type == DATE and name != "hour":
                return Call(name, (day,), (), INTEGER)
            raise _misused(name, f"got a value of type {day.type} without a zone", usage)
        case [node, ast.Constant(value=str(zone))]:
            (moment,) = infer([node])
            if moment.type != DATETIME:
                raise _misused(name, f"got a value of type {moment.type} with a zone", usage)
            if parse_zone(zone) is None:
                raise _misused(name, f"does not know the zone {zone!r}", usage)
            return Call(name, (moment,), (zone,), INTEGER)
    raise _misused(name, f"got {len(nodes)} arguments", usage)


_OF_LIST = {"sum": "total", "min": "smallest", "max": "largest"}
"""Functions of one list, by the word that authors write, with the name that the tree has for them."""


def _of_list(name: str, nodes: Sequence[ast.expr], infer: Infer) -> Expr:
    arguments = infer(nodes)
    item = arguments[0].type.of if len(arguments) == 1 else None
    if item is None or item.kind not in (NUMBERS if name == "sum" else ORDERED):
        given = " and ".join(str(argument.type) for argument in arguments)
        raise _misused(name, f"got {given or 'nothing'}", f"{name}(list of numbers)")
    function = "total of integers" if name == "sum" and item == INTEGER else _OF_LIST[name]
    return Call(function, tuple(arguments), (), item)


_FORMS: dict[str, Callable[[Sequence[ast.expr], Infer], Expr]] = {
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "money": _money,
    "at_least": _at_least,
    **{name: partial(_part, name) for name in PARTS},
}
