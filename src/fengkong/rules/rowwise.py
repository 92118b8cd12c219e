"""Answers of the row path inside Polars expressions, for what Polars can't answer exactly and only where needed."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl

from fengkong.rules.codegen import Evaluate, compile_conditions
from fengkong.rules.columns import DATA_TYPES, plain_column
from fengkong.rules.patterns import for_rust
from fengkong.rules.tree import Call, Expr, children, input_names
from fengkong.rules.types import Type

__all__ = ["ROW", "TEXT_CALLS", "Rows", "full", "goes_by_rows", "raw_name"]

ROW = "row"
"""A column with the rows' numbers, which tells how many there are: a literal and what is made of it has one value."""

TEXT_CALLS = frozenset({"contains", "starts", "ends", "contains_any", "matches"})
"""The functions of texts that Polars answers, patterns permitting."""

_POLARS_CALLS = TEXT_CALLS | {"abs", "days_between", "length", "max", "min", "round"}


def raw_name(name: str) -> str:
    """The column that holds an input as it came."""
    return f"raw {name}"


def goes_by_rows(expr: Expr) -> bool:
    """Whether a condition has a function in it that Polars can't answer."""
    match expr:
        case Call(function="matches", settings=(str(pattern),)) if for_rust(pattern) is None:
            return True
        case Call(function=function) if function not in _POLARS_CALLS:
            return True
    return any(map(goes_by_rows, children(expr)))


class Rows:
    """One expression evaluated by the row path, inside a Polars expression."""

    def __init__(self, expr: Expr, inputs: Mapping[str, Type], text_limit: int) -> None:
        self._expr = expr
        self._text_limit = text_limit
        self._read = {name: inputs[name] for name in dict.fromkeys(input_names(expr))}

    @cached_property
    def _evaluate(self) -> Evaluate:
        # Most are never needed: doubt is rare.
        return compile_conditions([self._expr], self._read, self._text_limit)

    def everywhere(self) -> pl.Expr:
        """The expression's value for all rows."""
        dtype = DATA_TYPES[self._expr.type.kind]
        if not self._read:
            (value,), _, _ = self._evaluate(lambda _: None)
            return pl.lit(self._plain([value])[0], dtype=dtype)

        def evaluate(series: Sequence[pl.Series]) -> pl.Series:
            row, *raw = series
            return self._plain(self._values(full(raw, len(row))))

        return pl.map_batches([pl.col(ROW), *self._raw()], evaluate, return_dtype=dtype)

    def where(self, answer: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        """An answer, with the expression's value in its place where there is doubt."""
        if not self._read:  # of literals alone: there is one value, and no column to find it by
            return pl.when(doubt).then(self.everywhere()).otherwise(answer)

        def settle(series: Sequence[pl.Series]) -> pl.Series:
            row, *others = series
            answers, doubts, *raw = full(others, len(row))
            rows = doubts.arg_true()
            if rows.is_empty():
                return answers
            return answers.scatter(rows, self._plain(self._values([column.gather(rows) for column in raw])))

        return pl.map_batches([pl.col(ROW), answer, doubt, *self._raw()], settle, return_dtype=pl.Boolean())

    def _raw(self) -> list[pl.Expr]:
        return [pl.col(raw_name(name)) for name in self._read]

    def _values(self, raw: Sequence[pl.Series]) -> list[Any]:
        evaluate, names = self._evaluate, tuple(self._read)
        columns = [column.to_list() for column in raw]
        return [evaluate(dict(zip(names, row, strict=True)).get)[0][0] for row in zip(*columns, strict=True)]

    def _plain(self, values: Sequence[Any]) -> pl.Series:
        return plain_column(values, self._expr.type)


def full(columns: Sequence[pl.Series], rows: int) -> list[pl.Series]:
    """The columns, with one that has one value drawn out to that many rows."""
    return [column if len(column) == rows else column.new_from_index(0, rows) for column in columns]
