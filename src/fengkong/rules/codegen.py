"""From the typed trees of a whole rule set to one plain Python function, which computes every clause of every rule.

The function is built as a syntax tree of our own nodes: no text of the author gets into it, names are numbered, and it
is compiled with no builtins. Each distinct part of all the conditions is computed once. Nothing is skipped: the trace
shows every clause, and the cost does not depend on the data.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import CodeType, FunctionType
from typing import Any, cast

from fengkong.rules.arithmetic import (
    add,
    decimal_remainder,
    divide,
    from_integer,
    from_probability,
    integer_remainder,
    multiply,
    negate,
    subtract,
)
from fengkong.rules.doubles import DOUBLE_LIMIT, comparable_as_doubles
from fengkong.rules.functions import at_least, plain_function
from fengkong.rules.pynodes import call, either, join, load, not_same, outside, same, store, tuple_of
from fengkong.rules.times import OPERATIONS
from fengkong.rules.tree import (
    And,
    Arithmetic,
    AtLeast,
    Call,
    Case,
    Compare,
    Const,
    Convert,
    Expr,
    Input,
    Known,
    Member,
    Negate,
    Not,
    Or,
)
from fengkong.rules.types import AMOUNTS, Kind, Type
from fengkong.rules.values import INTEGER_LIMIT, TEXT_LIMIT, Faults, reader

__all__ = ["Evaluate", "Evaluation", "compile_conditions"]

Evaluation = tuple[tuple[bool | None, ...], tuple[object, ...], Faults]
"""Values of the asked conditions, values of the inputs, and the inputs that could not be read."""

Evaluate = Callable[[Callable[[str], object]], Evaluation]
"""Takes a getter: name -> value, None where it is unknown."""


def compile_conditions(
    conditions: Sequence[Expr], inputs: Mapping[str, Type], text_limit: int = TEXT_LIMIT
) -> Evaluate:
    """The function that reads the inputs and evaluates all conditions, in their order.

    It never raises for values of a wrong type: it says so in its faults, and takes them as unknown.
    """
    exact = _compile(conditions, inputs, _Emitter(text_limit))
    doubles = comparable_as_doubles(conditions)
    return _compile(conditions, inputs, _Emitter(text_limit, doubles, exact)) if doubles else exact


def _compile(conditions: Sequence[Expr], inputs: Mapping[str, Type], emitter: "_Emitter") -> Evaluate:
    emitter.read_inputs(inputs)
    answers = [emitter.emit(condition) for condition in conditions]
    values = [emitter.emit(Input(name, declared)) for name, declared in inputs.items()]
    return emitter.function(answers, values)


_GET, _FAULTS = "get", "faults"


class _Emitter:
    """Writes statements that assign each distinct expression to a local name of its own.

    doubles: decimal inputs to leave as the numbers that they came as. exact: what to answer with where one of them came
    as something else than a double or integer of a common size.
    """

    def __init__(self, text_limit: int, doubles: frozenset[str] = frozenset(), exact: Evaluate | None = None) -> None:
        self._text_limit = text_limit
        self._doubles = doubles
        self._exact = exact
        self._body: list[ast.stmt] = []
        self._names: dict[Expr, str] = {}
        self._globals: dict[str, object] = {"__builtins__": {}, "type": type, "len": len}

    def function(self, answers: Sequence[ast.expr], values: Sequence[ast.expr]) -> Evaluate:
        """The compiled function. It is taken out of its module's code, so nothing is ever executed here."""
        result = tuple_of([tuple_of(answers), tuple_of(values), load(_FAULTS)])
        start: ast.stmt = ast.Assign([store(_FAULTS)], ast.Dict([], []))
        arguments = ast.arguments([], [ast.arg(_GET)], None, [], [], None, [])
        define = ast.FunctionDef("evaluate", arguments, [start, *self._body, ast.Return(result)], [], None, None)
        module = ast.fix_missing_locations(ast.Module([define], []))
        code = compile(module, "<rules>", "exec")
        body = next(constant for constant in code.co_consts if isinstance(constant, CodeType))
        return cast("Evaluate", FunctionType(body, self._globals))

    def read_inputs(self, inputs: Mapping[str, Type]) -> None:
        """Statements that fetch each input once and check its type: inline where that is cheap, else by its reader."""
        for name, declared in inputs.items():
            variable = self._fresh(Input(name, declared))
            self._assign(variable, call(load(_GET), ast.Constant(name)))
            if name in self._doubles:
                self._leave_unless_double(load(variable))
                continue
            read = call(
                self._global(reader(declared, self._text_limit)), load(variable), ast.Constant(name), load(_FAULTS)
            )
            suspect = self._suspect(variable, declared)
            test = join(ast.And(), [not_same(load(variable), ast.Constant(None)), *suspect])
            self._body.append(ast.If(test, [ast.Assign([store(variable)], read)], []))

    def _leave_unless_double(self, value: ast.expr) -> None:
        strange = join(ast.And(), [self._is_no(value, float), self._is_no(value, int)])
        unfit = either([strange, outside(value, -DOUBLE_LIMIT, DOUBLE_LIMIT)])
        test = join(ast.And(), [not_same(value, ast.Constant(None)), unfit])
        leave = ast.Return(call(self._global(self._exact), load(_GET)))
        self._body.append(ast.If(test, [leave], []))

    def _suspect(self, variable: str, declared: Type) -> list[ast.expr]:
        """Tests, quicker than the reader, of which one holds wherever the reader has something to do."""
        value = load(variable)
        match declared.kind:
            case Kind.BOOLEAN:
                return [not_same(value, ast.Constant(True)), not_same(value, ast.Constant(False))]
            case Kind.INTEGER:
                return [either([self._is_no(value, int), outside(value, -INTEGER_LIMIT, INTEGER_LIMIT - 1)])]
            case Kind.PROBABILITY:
                return [either([self._is_no(value, float), outside(value, 0.0, 1.0)])]
            case Kind.TEXT:
                return [either([self._is_no(value, str), self._is_long(value)])]
            case Kind.CATEGORY:
                unlisted = ast.Compare(value, [ast.NotIn()], [self._global(frozenset(declared.values))])
                return [either([self._is_no(value, str), unlisted])]
        return []

    def _is_long(self, value: ast.expr) -> ast.expr:
        return ast.Compare(call(load("len"), value), [ast.Gt()], [ast.Constant(self._text_limit)])

    def _is_no(self, value: ast.expr, kind: type) -> ast.expr:
        return not_same(call(load("type"), value), self._global(kind))

    def emit(self, expr: Expr) -> ast.expr:
        """What stands for the expression's value: a constant or a local name, assigned before."""
        if isinstance(expr, Const):
            return ast.Constant(expr.value) if isinstance(expr.value, _PLAIN) else self._global(expr.value)
        if expr not in self._names:
            if isinstance(expr, Case):
                self._choose(expr)
            else:
                value = self._value(expr)
                self._assign(self._fresh(expr), value)
            if isinstance(expr, And | Or):
                self._settle(expr)
        return load(self._names[expr])

    def _choose(self, expr: Case) -> None:
        """From the last branch to the first, one statement each: a long table must not become a deep expression."""
        branches = [(self.emit(guard), self.emit(value)) for guard, value in expr.branches]
        chosen = ast.Constant(None) if expr.otherwise is None else self.emit(expr.otherwise)
        name = self._fresh(expr)
        for guard, value in reversed(branches):
            unless = ast.IfExp(same(guard, ast.Constant(None)), ast.Constant(None), chosen)
            self._assign(name, ast.IfExp(guard, value, unless))
            chosen = load(name)

    def _value(self, expr: Expr) -> ast.expr:
        match expr:
            case And():
                return ast.BoolOp(ast.And(), [self.emit(operand) for operand in expr.operands])
            case Or():
                return ast.BoolOp(ast.Or(), [self.emit(operand) for operand in expr.operands])
            case Known(operand=Const()):
                return ast.Constant(True)
            case Known():
                return not_same(self.emit(expr.operand), ast.Constant(None))
            case AtLeast():
                operands = tuple_of([self.emit(operand) for operand in expr.operands])
                return call(self._global(at_least), ast.Constant(expr.least), operands)
            case Not():
                return self._unless_unknown([expr.operand], ast.UnaryOp(ast.Not(), self.emit(expr.operand)))
            case Compare():
                left, right = map(self.emit, self._operands(expr.left, expr.right))
                compared = ast.Compare(left, [_COMPARE[expr.operator]], [right])
                return self._unless_unknown([expr.left, expr.right], compared)
            case Member():
                _, *literals = self._operands(expr.operand, *expr.items)
                items = self._global(frozenset(item.value for item in literals if isinstance(item, Const)))
                return self._unless_unknown([expr.operand], ast.Compare(self.emit(expr.operand), [ast.In()], [items]))
            case _:
                return self._calculated(expr)

    def _operands(self, *operands: Expr) -> list[Expr]:
        """What is compared, with literals as doubles where an input is left as one."""
        if not any(isinstance(operand, Input) and operand.name in self._doubles for operand in operands):
            return list(operands)
        return [
            Const(float(operand.value), operand.type)
            if isinstance(operand, Const) and isinstance(operand.value, Decimal)
            else operand
            for operand in operands
        ]

    def _calculated(self, expr: Expr) -> ast.expr:
        whole = expr.type.kind is Kind.INTEGER
        match expr:
            case Arithmetic() if found := OPERATIONS.get((expr.operator, expr.left.type.kind, expr.right.type.kind)):
                return self._applied(found[1], [expr.left, expr.right])
            case Arithmetic(operator=operator) if whole and operator in _INTEGER:
                combined = ast.BinOp(self.emit(expr.left), _INTEGER[operator], self.emit(expr.right))
                return self._unless_unknown([expr.left, expr.right], combined)
            case Arithmetic():
                calculate = integer_remainder if whole else _DECIMAL[expr.operator]
                return self._applied(calculate, [expr.left, expr.right])
            case Negate():
                if expr.type.kind in AMOUNTS and not whole:
                    return self._applied(negate, [expr.operand])
                return self._unless_unknown([expr.operand], ast.UnaryOp(ast.USub(), self.emit(expr.operand)))
            case Convert():
                convert = from_integer if expr.operand.type.kind is Kind.INTEGER else from_probability
                return self._applied(convert, [expr.operand])
            case Call():
                return self._applied(plain_function(expr.function, expr.settings), expr.arguments)
        raise AssertionError(f"inputs are read first, and {type(expr).__name__} is emitted above")

    def _applied(self, function: Callable[..., Any], operands: Sequence[Expr]) -> ast.expr:
        applied = call(self._global(function), *map(self.emit, operands))
        return self._unless_unknown(operands, applied)

    def _unless_unknown(self, operands: Sequence[Expr], value: ast.expr) -> ast.expr:
        """The value, but None where one of the operands is None."""
        doubtful = [operand for operand in dict.fromkeys(operands) if not isinstance(operand, Const | Known)]
        if not doubtful:
            return value
        unknown = either([same(self.emit(operand), ast.Constant(None)) for operand in doubtful])
        return ast.IfExp(unknown, ast.Constant(None), value)

    def _settle(self, expr: And | Or) -> None:
        """Python's `and` stops at the first None, though a false operand may follow; its `or` forgets a None before a
        last false. Correct both, at no cost where the answer is settled.
        """
        got, name = self._names[expr], [self.emit(operand) for operand in expr.operands]
        if isinstance(expr, And):
            wrong, others, right = None, name[1:], False
        else:
            wrong, others, right = False, name[:-1], None
        decisive = either([same(other, ast.Constant(right)) for other in others])
        test = join(ast.And(), [same(load(got), ast.Constant(wrong)), decisive])
        self._body.append(ast.If(test, [ast.Assign([store(got)], ast.Constant(right))], []))

    def _fresh(self, expr: Expr) -> str:
        return self._names.setdefault(expr, f"v{len(self._names)}")

    def _assign(self, name: str, value: ast.expr) -> None:
        self._body.append(ast.Assign([store(name)], value))

    def _global(self, value: object) -> ast.expr:
        name = f"k{len(self._globals)}"
        self._globals[name] = value
        return load(name)


# What a code object may hold as a constant; a Decimal or a date is a global.
_PLAIN = (bool, int, float, str)

_COMPARE: Mapping[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
}
_INTEGER: Mapping[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult()}
_DECIMAL: Mapping[str, Callable[[Decimal, Decimal], Decimal | None]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": decimal_remainder,
}
