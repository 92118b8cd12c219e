"""From comparisons and memberships to typed trees: which values may stand side by side, and what is said where not."""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from fengkong.domain.errors import likely_slip
from fengkong.rules.numbers import are_numbers, to_compare
from fengkong.rules.operations import as_entities, comparison_cure
from fengkong.rules.syntax import ExpressionError, Fault, Source, dotted_name
from fengkong.rules.tree import And, Call, Compare, CompareOperator, Const, Expr, Input, Known, Member, Not, input_names
from fengkong.rules.types import BOOLEAN, NUMBERS, ORDERED, TEXTS, Kind, Type

__all__ = ["IN_LIST", "LISTS", "Comparisons"]

LISTS = "lists."
"""What the names of declared lists begin with."""

IN_LIST = "in list"
"""The function of a call that stands for `value in lists.name`, until the list itself is put there."""

_COMPARE: dict[type[ast.cmpop], CompareOperator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Comparisons:
    """Types the comparisons of one expression. infer: types several nodes, gathering the faults of all of them."""

    def __init__(
        self, source: Source, inputs: Mapping[str, Type], infer: Callable[[Sequence[ast.expr]], list[Expr]]
    ) -> None:
        self._source = source
        self._inputs = inputs
        self._all = infer

    def _one(self, node: ast.expr) -> Expr:
        return self._all([node])[0]

    def between(self, node: ast.Call) -> Expr:
        """`between(x, low, high)`, which is `low <= x <= high`."""
        if len(node.args) != 3:
            usage = "write between(x, lowest, highest); both ends belong to it"
            raise ExpressionError(Fault("R024", f"between got {len(node.args)} arguments", usage))
        value, low, high = node.args
        return self.comparison(ast.copy_location(ast.Compare(low, [ast.LtE(), ast.LtE()], [value, high]), node))

    def comparison(self, node: ast.Compare) -> Expr:
        """One comparison or a chain of them, a membership, or a question whether a value is known."""
        match node.left:
            case ast.Call(func=ast.Name(id="any_of" | "all_of" as quantifier), args=[items]):
                return self._quantified(quantifier, node, items)
        match node.ops, node.comparators:
            case [ast.Is() | ast.IsNot() as operator], [right]:
                return self._known(node.left, operator, right)
            case [ast.In() | ast.NotIn() as operator], [ast.List() as literals]:
                member = self._member(node.left, self._one(node.left), literals.elts)
                return Not(member) if isinstance(operator, ast.NotIn) else member
            case [ast.In() | ast.NotIn() as operator], [ast.Attribute() as right] if dotted_name(right).startswith(
                LISTS
            ):
                listed = self._listed(node.left, dotted_name(right))
                return Not(listed) if isinstance(operator, ast.NotIn) else listed
            case [ast.In() | ast.NotIn() as operator], [ast.Name() | ast.Attribute() as right]:
                found = self._has(right, node.left)
                return Not(found) if isinstance(operator, ast.NotIn) else found
        if any(isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) for operator in node.ops):
            cure = "write x in [a, b], x is known, or contains(text, part)"
            raise ExpressionError(Fault("R021", f"`{self._source.written(node)}` can't be read", cure))
        sides = [node.left, *node.comparators]
        operands = self._all(sides)
        pairs = tuple(
            self._compare(_COMPARE[type(operator)], sides[at : at + 2], operands[at : at + 2])
            for at, operator in enumerate(node.ops)
        )
        return pairs[0] if len(pairs) == 1 else And(pairs)

    def _quantified(self, quantifier: str, node: ast.Compare, of: ast.expr) -> Expr:
        """any_of(items) > 5: the comparison is typed with one item in the place of the list."""
        items = self._one(of)
        item = self._item(of, items)
        match node.ops, node.comparators:
            case [ast.In()], [ast.List() as literals]:
                member = self._member(of, item, literals.elts)
                return Call(quantifier, (items, *member.items), ("in",), BOOLEAN)
            case [operator], [right] if type(operator) in _COMPARE:
                sign = _COMPARE[type(operator)]
                compared = self._compare(sign, [of, right], [item, self._one(right)])
                return Call(quantifier, (items, compared.right), (sign,), BOOLEAN)
        cure = f"write {quantifier}(items) > 5, one comparison, or {quantifier}(items) in [1, 2]"
        raise ExpressionError(Fault("R021", f"`{self._source.written(node)}` can't be read", cure))

    def _has(self, of: ast.expr, node: ast.expr) -> Expr:
        items, value = self._all([of, node])
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
                known = Known(self._one(node))
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
        typed = [as_entities([operand, item])[1] for item in self._all(items)]
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
        operand = self._one(node)
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


def _family(of: Type) -> str:
    """What types that can be compared have in common; money has its currency in it."""
    return "number" if of.kind in NUMBERS else "text" if of.kind in TEXTS else str(of)


def _written_name(operand: Expr) -> str:
    return operand.name if isinstance(operand, Input) else str(operand.type)
