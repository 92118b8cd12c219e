"""Types of calls: the builtin functions, and the three forms that only look like calls (date, datetime, at_least)."""

import ast
from collections.abc import Callable, Sequence
from datetime import date, datetime

from fengkong.domain.errors import RuleError, likely_slip
from fengkong.rules.functions import FUNCTIONS, Argument, Function, Setting, compile_pattern
from fengkong.rules.numbers import are_numbers, as_decimal, to_calculate
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import AtLeast, Call, Const, Expr
from fengkong.rules.types import BOOLEAN, DATE, DATETIME, DECIMAL, TEXTS, Kind

__all__ = ["type_call"]

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
    if name not in FUNCTIONS:
        cure = likely_slip(name, [*FUNCTIONS, *_FORMS])
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
    if function.result == DECIMAL:
        arguments = tuple(map(as_decimal, arguments))
    elif Argument.NUMBER in kinds:
        arguments = to_calculate(arguments)
    return Call(name, arguments, settings, function.result or arguments[0].type)


_FITS: dict[Argument, Callable[[Expr], bool]] = {
    Argument.TEXT: lambda expr: expr.type.kind in TEXTS,
    Argument.NUMBER: lambda expr: are_numbers([expr]),
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


_FORMS: dict[str, Callable[[Sequence[ast.expr], Infer], Expr]] = {
    "date": _date,
    "datetime": _datetime,
    "at_least": _at_least,
}
