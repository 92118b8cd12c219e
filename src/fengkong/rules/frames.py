"""From the typed trees of many conditions to Polars expressions, which answer for all rows of a table at once.

The second compiler beside codegen.py, from the same trees, with the same answers: unknown is null, and `and`, `or` and
`not` of Polars are Kleene's. Each distinct part becomes a column, computed once, level by level. What Polars can't
answer exactly is answered by the generated Python function for those rows alone: comparisons of decimals that doubles
leave in doubt, and functions that Polars lacks or reads otherwise.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce

import polars as pl

from fengkong.rules import bounds
from fengkong.rules.bounds import Bounded
from fengkong.rules.columns import DATA_TYPES, plain_value
from fengkong.rules.numbers import fits_double
from fengkong.rules.patterns import for_rust
from fengkong.rules.rowwise import TEXT_CALLS, Rows, full, goes_by_rows
from fengkong.rules.tree import (
    COMPARISONS,
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
    children,
    input_names,
)
from fengkong.rules.types import AMOUNTS, Kind, Type

__all__ = ["Program", "read_name"]


def read_name(name: str) -> str:
    """The column that holds an input as it was read."""
    return f"read {name}"


class Program:
    """The steps that answer all conditions on a frame with `ROW` and, for each input, `read_name` and `raw_name`.

    doubles: the inputs whose doubles compare as the numbers that they stand for. text_limit: of the row path.
    """

    def __init__(
        self, conditions: Sequence[Expr], inputs: Mapping[str, Type], doubles: frozenset[str], text_limit: int
    ) -> None:
        self._inputs = inputs
        self._text_limit = text_limit
        self._uses = Counter(child for part in _distinct(conditions) for child in children(part))
        self._uses.update(conditions)
        self._doubles = doubles
        self._columns: dict[Expr, str] = {}
        self._numbers: dict[Expr, Bounded] = {}
        self._branches: dict[tuple[Expr, ...], str] = {}
        self._levels: dict[Expr, int] = {}
        self._steps: defaultdict[int, list[pl.Expr]] = defaultdict(list)
        self._answers = [self._column(condition) for condition in conditions]

    def run(self, frame: pl.DataFrame) -> list[pl.Series]:
        """The answer of each condition by row: true, false or null."""
        for level in sorted(self._steps):
            # Polars may keep a column of one value as that value, and then loses count of the rows (2.1).
            frame = pl.DataFrame(frame.with_columns(self._steps[level]).get_columns())
        answers = frame.select(answer.alias(str(at)) for at, answer in enumerate(self._answers))
        return full(list(answers), len(frame))

    def _column(self, expr: Expr) -> pl.Expr:
        """What stands for the expression's value; a number's double."""
        match expr:
            case Input():
                return pl.col(read_name(expr.name))
            case Const():
                return pl.lit(plain_value(expr.value), dtype=DATA_TYPES[expr.type.kind])
        if expr.type.kind in AMOUNTS:
            return self._number(expr).value
        if expr not in self._columns:
            self._columns[expr] = self._step(expr, self._value(expr), "")
        return pl.col(self._columns[expr])

    def _number(self, expr: Expr) -> Bounded:
        match expr:
            case Const(value=int() | float() | Decimal() as number):
                return bounds.literal(number, doubles=fits_double(expr))
            case Convert():
                return self._number(expr.operand)
        if expr not in self._numbers:
            computed = self._computed(expr)
            value = pl.col(self._step(expr, computed.value, "value"))
            self._numbers[expr] = Bounded(value, pl.col(self._step(expr, computed.error, "error")), computed.doubles)
        return self._numbers[expr]

    def _step(self, expr: Expr, value: pl.Expr, part: str) -> str:
        return self._place(self._level(expr), value, part)

    def _place(self, level: int, value: pl.Expr, part: str) -> str:
        name = f"{level} {len(self._steps[level])} {part}"
        self._steps[level].append(value.alias(name))
        return name

    def _level(self, expr: Expr) -> int:
        if expr not in self._levels:
            below = 2 if isinstance(expr, Case) else 1  # the branch that is taken comes first
            self._levels[expr] = below + max(map(self._level, children(expr)), default=0)
        return self._levels[expr]

    def _value(self, expr: Expr) -> pl.Expr:
        match expr:
            case And():
                return self._joined(expr.operands, pl.all_horizontal, decisive=False)
            case Or():
                return self._joined(expr.operands, pl.any_horizontal, decisive=True)
            case Not():
                return self._column(expr.operand).not_()
            case AtLeast():
                return self._at_least(expr)
            case Known(operand=operand) if operand.type.kind in AMOUNTS:
                return self._settled(expr, *bounds.certain(self._number(operand)))
            case Known():
                return self._column(expr.operand).is_not_null()
            case Compare(left=left, right=right) if left.type.kind in AMOUNTS:
                compared = bounds.compare(expr.operator, self._number(left), self._number(right))
                return self._settled(expr, *compared)
            case Compare():
                answer: pl.Expr = COMPARISONS[expr.operator](self._column(expr.left), self._column(expr.right))
                return answer
            case Member():
                return self._member(expr)
            case Case():
                return self._case(expr, self._column)
            case Call():
                return self._text_call(expr)
        return self._by_rows(expr)

    def _joined(self, operands: Sequence[Expr], join: Callable[..., pl.Expr], *, decisive: bool) -> pl.Expr:
        """The cheap operands first; those that go row by row only where no cheap one is decisive."""
        slow = [part for part in dict.fromkeys(operands) if self._uses[part] == 1 and goes_by_rows(part)]
        quick = [self._column(part) for part in operands if part not in slow]
        if not quick:
            return join(*map(self._column, operands))
        open_rows = (join(*quick) == decisive).not_().fill_null(True)
        return join(*quick, *[self._rows(part).where(pl.lit(None, dtype=pl.Boolean), open_rows) for part in slow])

    def _at_least(self, expr: AtLeast) -> pl.Expr:
        operands = list(map(self._column, expr.operands))
        true = pl.sum_horizontal(operand.fill_null(False).cast(pl.UInt32) for operand in operands)
        possible = pl.sum_horizontal(operand.fill_null(True).cast(pl.UInt32) for operand in operands)
        return pl.when(true >= expr.least).then(True).when(possible < expr.least).then(False)

    def _member(self, expr: Member) -> pl.Expr:
        if expr.operand.type.kind not in AMOUNTS:
            return self._column(expr.operand).is_in([plain_value(item.value) for item in expr.items])
        number = self._number(expr.operand)
        if number.doubles and all(map(fits_double, expr.items)):
            return number.value.is_in([float(item.value) for item in expr.items])  # type: ignore[arg-type]
        found = [bounds.compare("==", number, self._number(item)) for item in expr.items]
        doubts = [doubt for _, doubt in found if doubt is not None]
        return self._settled(expr, pl.any_horizontal(answer for answer, _ in found), pl.any_horizontal(doubts))

    def _case(self, expr: Case, of: Callable[[Expr], pl.Expr]) -> pl.Expr:
        """Without nesting, so that a long table is no deep expression: first the branch's number, then its value."""
        guards = [self._column(guard) for guard, _ in expr.branches]
        values = [of(value) for _, value in expr.branches]
        taken = self._taken(expr, guards)
        chosen = [pl.when(taken == at).then(value) for at, value in enumerate(values)]
        if expr.otherwise is not None:
            chosen.append(pl.when(taken == len(guards)).then(of(expr.otherwise)))
        return pl.coalesce(*chosen)

    def _taken(self, expr: Case, guards: Sequence[pl.Expr]) -> pl.Expr:
        """The number of the branch that is taken, in a column of its own: all outputs of a table ask for it."""
        key = tuple(guard for guard, _ in expr.branches)
        if key in self._branches:
            return pl.col(self._branches[key])
        stops = [
            pl.when(guard.is_null()).then(-1).when(guard).then(at).otherwise(None) for at, guard in enumerate(guards)
        ]
        taken = pl.coalesce(*stops, pl.lit(len(stops)))
        level = 1 + max(map(self._level, key))
        self._branches[key] = self._place(level, taken, "taken")
        return pl.col(self._branches[key])

    def _computed(self, expr: Expr) -> Bounded:
        match expr:
            case Input(name=name):
                doubles = name in self._doubles
                measure = bounds.whole if expr.type.kind is Kind.INTEGER else bounds.measured
                return measure(self._column(expr), doubles=doubles)
            case Arithmetic() if expr.left.type.kind in AMOUNTS:
                return _ARITHMETIC[expr.operator](self._number(expr.left), self._number(expr.right))
            case Negate():
                return bounds.negate(self._number(expr.operand))
            case Case():
                chosen = self._case(expr, lambda branch: self._number(branch).value)
                return Bounded(chosen, self._case(expr, lambda branch: self._number(branch).error).fill_null(0.0))
            case Call() if (computed := self._number_call(expr)) is not None:
                return computed
        measure = bounds.whole if expr.type.kind is Kind.INTEGER else bounds.measured
        return measure(self._by_rows(expr), doubles=expr.type.kind is Kind.PROBABILITY)

    def _number_call(self, expr: Call) -> Bounded | None:
        match expr.function:
            case "abs":
                return bounds.absolute(self._number(expr.arguments[0]))
            case "min" | "max" as name:
                return reduce(lambda left, right: bounds.extreme(name, left, right), map(self._number, expr.arguments))
            case "round" if isinstance(expr.settings[0], int):
                return bounds.round_half_up(self._number(expr.arguments[0]), expr.settings[0])
            case "days_between":
                start, end = map(self._column, expr.arguments)
                if expr.arguments[0].type.kind is Kind.DATETIME:
                    return bounds.whole(((end - start) // _DAY).cast(pl.Float64), doubles=True)
                return bounds.whole((end.cast(pl.Int64) - start.cast(pl.Int64)).cast(pl.Float64), doubles=True)
            case "length":
                return bounds.whole(self._column(expr.arguments[0]).str.len_chars().cast(pl.Float64), doubles=True)
        return None

    def _text_call(self, expr: Call) -> pl.Expr:
        if expr.function not in TEXT_CALLS:
            return self._by_rows(expr)
        arguments = list(map(self._column, expr.arguments))
        match expr.function, expr.settings:
            case "contains", ():
                return arguments[0].str.contains(arguments[1], literal=True)
            case "starts", ():
                return arguments[0].str.starts_with(arguments[1])
            case "ends", ():
                return arguments[0].str.ends_with(arguments[1])
            case "contains_any", (tuple(parts),):
                return pl.any_horizontal(arguments[0].str.contains(part, literal=True) for part in parts)
            case "matches", (str(pattern),) if rust := for_rust(pattern):
                return arguments[0].str.contains(rust)
        return self._by_rows(expr)

    def _settled(self, expr: Expr, answer: pl.Expr, doubt: pl.Expr | None) -> pl.Expr:
        """The answer, but the row path's where it is in doubt."""
        if doubt is None:
            return answer
        if not any(input_names(expr)):
            return self._by_rows(expr)
        return self._rows(expr).where(answer, doubt)

    def _by_rows(self, expr: Expr) -> pl.Expr:
        return self._rows(expr).everywhere()

    def _rows(self, expr: Expr) -> Rows:
        return Rows(expr, self._inputs, self._text_limit)


_DAY = 86_400_000_000

_ARITHMETIC: Mapping[str, Callable[[Bounded, Bounded], Bounded]] = {
    "+": bounds.add,
    "-": bounds.subtract,
    "*": bounds.multiply,
    "/": bounds.divide,
    "%": bounds.remainder,
}


def _distinct(conditions: Iterable[Expr]) -> Iterator[Expr]:
    seen: set[Expr] = set()
    waiting = list(conditions)
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen.add(part)
            waiting.extend(children(part))
            yield part
