"""Short names for the nodes of Python's own syntax tree that generated code is made of."""

import ast
from collections.abc import Sequence

__all__ = ["call", "either", "join", "load", "not_same", "outside", "same", "store", "tuple_of"]


def load(name: str) -> ast.expr:
    """A name that is read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.expr:
    """A name that is assigned."""
    return ast.Name(name, ast.Store())


def call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    """A call without keywords."""
    return ast.Call(function, list(arguments), [])


def tuple_of(items: Sequence[ast.expr]) -> ast.expr:
    """A tuple."""
    return ast.Tuple(list(items), ast.Load())


def same(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is right`."""
    return ast.Compare(left, [ast.Is()], [right])


def not_same(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is not right`."""
    return ast.Compare(left, [ast.IsNot()], [right])


def outside(value: ast.expr, low: float, high: float) -> ast.expr:
    """Whether a value is not from low to high; true for NaN, too."""
    inside = ast.Compare(ast.Constant(low), [ast.LtE(), ast.LtE()], [value, ast.Constant(high)])
    return ast.UnaryOp(ast.Not(), inside)


def either(tests: Sequence[ast.expr]) -> ast.expr:
    """Whether one of the tests holds."""
    return join(ast.Or(), tests)


def join(operator: ast.boolop, tests: Sequence[ast.expr]) -> ast.expr:
    """Tests joined by `and` or `or`; a single one stands alone."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(operator, list(tests))
