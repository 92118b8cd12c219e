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
from fengkong.rules.numbers import are_numbers, to_calculate, to_compare
from fengkong.rules.operations import CALCULABLE, arithmetic_cure, as_entities, combine, comparison_cure
from fengkong.rules.syntax import ExpressionError, Fault, Source
from fengkong.rules.tree import (
    And,
    ArithmeticOperator,
    Call,
    Compare,
    CompareOperator,
    Const,
    Expr,
    Input,
    Known,
    Member,
    Negate,
    Not,
    Or,
    input_names,
)
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER, NUMBERS, ORDERED, TEXT, TEXTS, Kind, Type

__all__ = ["IN_LIST", "LISTS", "RESERVED", "infer", "names_in"]

LISTS = "lists."
"""What the names of declared lists begin with."""

IN_LIST = "in list"
"""The function of a call that stands for `value in lists.name`, until the list itself is put there."""

RESERVED = frozenset({"known", "unknown", "true", "false"})
"""Words with a meaning of their own, which no input may be called."""

_COMPARE: dict[type[ast.cmpop], CompareOperator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}

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
    return {_dotted(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}


class _Inference:
    def __init__(self, source: Source, inputs: Mapping[str, Type]) -> None:
        self._source = source
        self._inputs = inputs

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
                return self._comparison(node)
            case ast.Call(func=ast.Name(id="between")):
                return self._between(node)
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
        name = _dotted(node)
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

    def _between(self, node: ast.Call) -> Expr:
        if len(node.args) != 3:
            usage = "write between(x, lowest, highest); both ends belong to it"
            raise ExpressionError(Fault("R024", f"between got {len(node.args)} arguments", usage))
        value, low, high = node.args
        return self._comparison(ast.copy_location(ast.Compare(low, [ast.LtE(), ast.LtE()], [value, high]), node))

    def _comparison(self, node: ast.Compare) -> Expr:
        match node.left:
            case ast.Call(func=ast.Name(id="any_of" | "all_of" as quantifier), args=[items]):
                return self._quantified(quantifier, node, items)
        match node.ops, node.comparators:
            case [ast.Is() | ast.IsNot() as operator], [right]:
                return self._known(node.left, operator, right)
            case [ast.In() | ast.NotIn() as operator], [ast.List() as literals]:
                member = self._member(node.left, self.one(node.left), literals.elts)
                return Not(member) if isinstance(operator, ast.NotIn) else member
            case [ast.In() | ast.NotIn() as operator], [ast.Attribute() as right] if _dotted(right).startswith(LISTS):
                listed = self._listed(node.left, _dotted(right))
                return Not(listed) if isinstance(operator, ast.NotIn) else listed
            case [ast.In() | ast.NotIn() as operator], [ast.Name() | ast.Attribute() as right]:
                found = self._has(right, node.left)
                return Not(found) if isinstance(operator, ast.NotIn) else found
        if any(isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) for operator in node.ops):
            cure = "write x in [a, b], x is known, or contains(text, part)"
            raise ExpressionError(Fault("R021", f"`{self._source.written(node)}` can't be read", cure))
        sides = [node.left, *node.comparators]
        operands = self.all(sides)
        pairs = tuple(
            self._compare(_COMPARE[type(operator)], sides[at : at + 2], operands[at : at + 2])
            for at, operator in enumerate(node.ops)
        )
        return pairs[0] if len(pairs) == 1 else And(pairs)

    def _quantified(self, quantifier: str, node: ast.Compare, of: ast.expr) -> Expr:
        """any_of(items) > 5: the comparison is typed with one item in the place of the list."""
        items = self.one(of)
        item = self._item(of, items)
        match node.ops, node.comparators:
            case [ast.In()], [ast.List() as literals]:
                member = self._member(of, item, literals.elts)
                return Call(quantifier, (items, *member.items), ("in",), BOOLEAN)
            case [operator], [right] if type(operator) in _COMPARE:
                sign = _COMPARE[type(operator)]
                compared = self._compare(sign, [of, right], [item, self.one(right)])
                return Call(quantifier, (items, compared.right), (sign,), BOOLEAN)
        cure = f"write {quantifier}(items) > 5, one comparison, or {quantifier}(items) in [1, 2]"
        raise ExpressionError(Fault("R021", f"`{self._source.written(node)}` can't be read", cure))

    def _has(self, of: ast.expr, node: ast.expr) -> Expr:
        items, value = self.all([of, node])
        compared = self._compare("==", [of, node], [self._item(of, items), value])
        return Call("has", (items, compared.right), (), BOOLEAN)

    def _item(self, node: ast.expr, items: Expr) -> Input:
        """What stands for one item of a list while what is done with it is typed."""
        if items.type.of is None:
            what = f"`{self._source.written(node)}` of type {items.type} is not a list"
            raise ExpressionError(Fault("R025", what, "write x in [a, b], or name an input that is a list"))
        return Input(self._source.written(node), items.type.of)

    def _known(self, node: ast.expr, operator: ast.cmpop, right: ast.expr) -> Expr:
        match right:
            case ast.Name(id="known" | "unknown" as word):
                known = Known(self.one(node))
                return known if (word == "known") is isinstance(operator, ast.Is) else Not(known)
        raise ExpressionError(
            Fault("R021", f"`is {self._source.written(right)}` can't be read", "write `is known`, `is unknown` or ==")
        )

    def _compare(self, operator: CompareOperator, nodes: Sequence[ast.expr], operands: Sequence[Expr]) -> Compare:
        left, right = operands = as_entities(operands)
        self._same_family(nodes, operands)
        if left.type.kind is Kind.LIST:
            what = f"`{self._source.written(nodes[0])}` is a list, which can't be compared as a whole"
            raise ExpressionError(
                Fault("R025", what, "write any_of(items) == x, all_of(items) == x or count(items) == 0")
            )
        if operator not in {"==", "!="} and left.type.kind not in ORDERED:
            what = f"values of type {left.type} have no order, so `{operator}` can't compare them"
            raise ExpressionError(Fault("R025", what, "use == or !="))
        self._declared(left, right)
        self._declared(right, left)
        if are_numbers(operands):
            left, right = to_compare(operands)
        return Compare(operator, left, right)

    def _member(self, node: ast.expr, operand: Expr, items: Sequence[ast.expr]) -> Member:
        if not items:
            raise ExpressionError(Fault("R025", "the list after `in` is empty", "write its values"))
        typed = [as_entities([operand, item])[1] for item in self.all(items)]
        faults: list[Fault] = []
        for item, value in zip(items, typed, strict=True):
            if not isinstance(value, Const):
                what = f"`{self._source.written(item)}` is not a literal"
                faults.append(Fault("R025", what, "a list after `in` holds literals; compare the others with =="))
                continue
            try:
                self._same_family([node, item], [operand, value])
                self._declared(operand, value)
            except ExpressionError as error:
                faults.extend(error.faults)
        if faults:
            raise ExpressionError(*dict.fromkeys(faults))
        if are_numbers([operand]):
            operand, *typed = to_compare([operand, *typed])
        return Member(operand, tuple(dict.fromkeys(cast("list[Const]", typed))))

    def _listed(self, node: ast.expr, name: str) -> Expr:
        if name not in self._inputs:
            lists = [other for other in self._inputs if other.startswith(LISTS)]
            cure = likely_slip(name, lists) + "; or add it under lists"
            raise ExpressionError(Fault("R023", f"there is no list {name!r}", cure))
        operand = self.one(node)
        if operand.type.kind not in TEXTS | {Kind.ENTITY} or not any(input_names(operand)):
            what = f"`{self._source.written(node)}` can't be looked up in a list"
            raise ExpressionError(Fault("R025", what, "lists hold texts: name an input that is one"))
        return Call(IN_LIST, (operand,), (name,), BOOLEAN)

    def _same_family(self, nodes: Sequence[ast.expr], operands: Sequence[Expr]) -> None:
        families = {_family(operand.type) for operand in operands}
        if len(families) == 1:
            return
        left, right = (
            f"`{self._source.written(node)}` of type {operand.type}"
            for node, operand in zip(nodes, operands, strict=True)
        )
        raise ExpressionError(Fault("R025", f"{left} can't be compared with {right}", comparison_cure(operands)))

    def _declared(self, operand: Expr, other: Expr) -> None:
        if operand.type.kind is Kind.CATEGORY and isinstance(other, Const) and other.value not in operand.type.values:
            what = f"{other.value!r} is not among the declared values of `{_written_name(operand)}`"
            raise ExpressionError(Fault("R026", what, likely_slip(str(other.value), operand.type.values)))


def _dotted(node: ast.expr) -> str:
    """The dotted name that a chain of attributes spells, or "" where it starts from something else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            prefix = _dotted(value)
            return f"{prefix}.{attribute}" if prefix else ""
    return ""


def _family(of: Type) -> str:
    """What types that can be compared have in common; money has its currency in it."""
    return "number" if of.kind in NUMBERS else "text" if of.kind in TEXTS else str(of)


def _written_name(operand: Expr) -> str:
    return operand.name if isinstance(operand, Input) else str(operand.type)
