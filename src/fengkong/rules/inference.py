"""From an allowed syntax tree to a typed tree, against the declared inputs.

Every fault of an expression is reported, not only the first: operands are judged one by one.
"""

import ast
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from fengkong.domain.errors import likely_slip
from fengkong.rules.arithmetic import negate
from fengkong.rules.calls import type_call
from fengkong.rules.comparing import LISTS, Comparisons
from fengkong.rules.numbers import are_numbers, to_calculate
from fengkong.rules.operations import CALCULABLE, arithmetic_cure, combine
from fengkong.rules.syntax import ExpressionError, Fault, Source, dotted_name
from fengkong.rules.tree import (
    And,
    ArithmeticOperator,
    Const,
    Expr,
    Input,
    Negate,
    Not,
    Or,
)
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER, TEXT, Kind, Type

__all__ = ["RESERVED", "infer", "names_in"]

RESERVED = frozenset({"known", "unknown", "true", "false"})
"""Words with a meaning of their own, which no input may be called."""

_ARITHMETIC: dict[type[ast.operator], ArithmeticOperator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
}


def infer(source: Source, node: ast.expr, inputs: Mapping[str, Type]) -> Expr:
    """The typed tree of a condition. Raises ExpressionError with all faults; a condition is boolean."""
    expr = _Inference(source, inputs).one(node)
    if expr.type != BOOLEAN:
        what = f"`{source.written(node)}` is a value of type {expr.type}, not a condition"
        raise ExpressionError(Fault("R025", what, "compare it with something"))
    return expr


def names_in(node: ast.expr) -> set[str]:
    """The dotted names in an expression, and the beginnings of those names."""
    return {dotted_name(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}


class _Inference:
    def __init__(self, source: Source, inputs: Mapping[str, Type]) -> None:
        self._source = source
        self._inputs = inputs
        self._comparisons = Comparisons(source, inputs, self.all)

    def one(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.BoolOp():
                operands = tuple(self._conditions(node.values))
                return And(operands) if isinstance(node.op, ast.And) else Or(operands)
            case ast.UnaryOp(op=ast.Not()):
                (operand,) = self._conditions([node.operand])
                return Not(operand)
            case ast.UnaryOp():
                return self._negate(node.operand)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparisons.comparison(node)
            case ast.Call(func=ast.Name(id="between")):
                return self._comparisons.between(node)
            case ast.Call():
                return type_call(node, self.all)
        cure = "a list stands after `in`, in at_least or in contains_any"
        raise ExpressionError(Fault("R021", f"`{self._source.written(node)}` can't be used here", cure))

    def all(self, nodes: Sequence[ast.expr]) -> list[Expr]:
        typed: list[Expr] = []
        faults: list[Fault] = []
        for node in nodes:
            try:
                typed.append(self.one(node))
            except ExpressionError as error:
                faults.extend(error.faults)
        if faults:
            raise ExpressionError(*dict.fromkeys(faults))
        return typed

    def _conditions(self, nodes: Sequence[ast.expr]) -> list[Expr]:
        typed = self.all(nodes)
        faults = [
            Fault("R025", f"`{self._source.written(node)}` is a value of type {expr.type}, not a condition")
            for node, expr in zip(nodes, typed, strict=True)
            if expr.type != BOOLEAN
        ]
        if faults:
            raise ExpressionError(*faults)
        return typed

    def _constant(self, node: ast.Constant) -> Const:
        match node.value:
            case bool(value):
                return Const(value, BOOLEAN)
            case int(value):
                return Const(value, INTEGER)
            case float():
                return Const(Decimal(self._source.segment(node).replace("_", "")), DECIMAL)
        return Const(cast("str", node.value), TEXT)

    def _name(self, node: ast.Name | ast.Attribute) -> Expr:
        name = dotted_name(node)
        if name in {"true", "false"}:
            return Const(name == "true", BOOLEAN)
        if name in RESERVED:
            raise ExpressionError(Fault("R021", f"{name!r} stands only after `is`", f"write `x is {name}`"))
        if not name:
            what = f"`{self._source.written(node)}` takes a part of a value"
            raise ExpressionError(Fault("R021", what, "a point stands only inside the name of an input"))
        if name.startswith(LISTS):
            raise ExpressionError(Fault("R021", f"the list {name!r} can't be used here", f"write `x in {name}`"))
        if name not in self._inputs:
            raise ExpressionError(
                Fault("R023", f"there is no input {name!r}", likely_slip(name, self._inputs) + "; or declare it")
            )
        return Input(name, self._inputs[name])

    def _negate(self, node: ast.expr) -> Expr:
        operand = self.one(node)
        if operand.type.kind in {Kind.MONEY, Kind.DURATION} and not isinstance(operand, Const):
            return Negate(operand, operand.type)
        if not are_numbers([operand]):
            raise ExpressionError(self._not_a_number(node, operand))
        if isinstance(operand, Const):
            value = cast("int | Decimal", operand.value)
            return Const(negate(value) if isinstance(value, Decimal) else -value, operand.type)
        (number,) = to_calculate([operand])
        return Negate(number, number.type)

    def _arithmetic(self, node: ast.BinOp) -> Expr:
        nodes = (node.left, node.right)
        operands = self.all(nodes)
        faults = [
            self._not_a_number(side, operand)
            for side, operand in zip(nodes, operands, strict=True)
            if operand.type.kind not in CALCULABLE
        ]
        if faults:
            raise ExpressionError(*faults)
        operator, (left, right) = _ARITHMETIC[type(node.op)], operands
        combined = combine(operator, left, right)
        if combined is None:
            what = f"`{self._source.written(node)}`: {left.type} {operator} {right.type} has no meaning"
            raise ExpressionError(Fault("R025", what, arithmetic_cure(left, right)))
        return combined

    def _not_a_number(self, node: ast.expr, operand: Expr) -> Fault:
        return Fault("R025", f"`{self._source.written(node)}` is of type {operand.type}, not a number")
