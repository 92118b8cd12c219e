"""Conditions worth trying: frequent patterns of one clause or two, and the paths of small trees."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fengkong.mining.binning import FloatArray, roundest
from fengkong.mining.cases import Cases
from fengkong.mining.clauses import Clause, Condition, Judge, Operator, simplified
from fengkong.mining.fields import Field, literal
from fengkong.mining.learners import tree_paths
from fengkong.rules.types import Kind

__all__ = ["frequent_patterns", "items", "paths"]

CUTS = 10
"""A number is cut into so many parts of equal size for patterns; trees find finer cuts."""
ITEMS = 400
"""Single clauses that are tried in pairs."""


_OPPOSITE: Mapping[Operator, Operator] = {"==": "!=", "true": "false", "unknown": "known"}


def items(cases: Cases, judge: Judge, least: int) -> list[Clause]:
    """Single clauses that hold for at least `least` cases: a side of a cut, a value, the truth, the unknown."""
    found = [clause for field in cases.fields for clause in _items(field, least)]
    return [clause for clause in found if judge.clause(clause).sum() >= least]


def _items(field: Field, least: int) -> Iterator[Clause]:
    if not field.known.all():
        yield Clause(field.name, "unknown")
    if field.number:
        distinct = np.unique(field.values[field.known].astype(float))
        ranks = np.quantile(field.values[field.known].astype(float), np.linspace(0, 1, CUTS + 1)[1:-1], method="lower")
        for at in np.unique(np.searchsorted(distinct, ranks, side="right")):
            if at < len(distinct):
                cut = roundest(float(distinct[at - 1]), float(distinct[at]))
                yield from (Clause(field.name, "<", cut), Clause(field.name, ">=", cut))
    elif field.type.kind is Kind.BOOLEAN:
        yield from (Clause(field.name, "true"), Clause(field.name, "false"))
    else:
        yield from (Clause(field.name, "==", value) for value in _values(field, least))


def _values(field: Field, least: int) -> list[str]:
    """The values that enough cases have and that a rule can write."""
    names, counts = np.unique(field.values[field.known].astype(str), return_counts=True)
    return [str(name) for name, n in zip(names, counts, strict=True) if n >= least and literal(str(name))]


def frequent_patterns(cases: Cases, judge: Judge, single: Sequence[Clause], least: int) -> Iterator[Condition]:
    """Each clause, and each pair of clauses on different fields that hold together for at least `least` cases.

    All pairs are counted at once, as a product of tables; of too many clauses, those that part good from bad best.
    """
    yield from ((clause,) for clause in single)
    table = np.array([judge.clause(each) for each in single], dtype=np.float32).reshape(len(single), len(cases))
    n, bad = table.sum(axis=1), table @ cases.bad.astype(np.float32)
    rate = cases.bad.mean()
    oddest = np.argsort(-np.abs(bad - rate * n) / np.sqrt(n), kind="stable")[:ITEMS]
    together = table[oddest] @ table[oddest].T
    for a, b in np.argwhere(np.triu(together >= least, k=1)):
        left, right = single[oddest[a]], single[oddest[b]]
        if left.field != right.field or {left.operator, right.operator} == {"<", ">="}:
            yield simplified((left, right))


def paths(cases: Cases, least: int, seed: int) -> Iterator[Condition]:
    """The conditions of the nodes of small trees on the fields, each once."""
    columns = [column for field in cases.fields for column in _columns(field, least)]
    if not columns:
        return
    table = np.stack([values for _, values in columns], axis=1)
    grids = {at: np.unique(values) for at, (name, values) in enumerate(columns) if name.operator == "<"}
    seen: set[Condition] = set()
    for path in tree_paths(table, cases.bad, depth=3, least=least, seed=seed):
        clauses = simplified(_clause(columns[at][0], grids.get(at), above, cut) for at, above, cut in path)
        if clauses not in seen:
            seen.add(clauses)
            yield clauses


def _columns(field: Field, least: int) -> Iterator[tuple[Clause, FloatArray]]:
    """What trees read of a field, each column with the clause that it stands for: numbers, or 1 where a clause holds.

    An unknown number stands in the middle; that it is unknown is a column of its own.
    """
    if not field.known.all():
        yield Clause(field.name, "unknown"), (~field.known).astype(np.float64)
    if field.number:
        values = field.values.astype(np.float64)
        yield Clause(field.name, "<"), np.where(field.known, values, np.nanmedian(values))
    elif field.type.kind is Kind.BOOLEAN:
        yield Clause(field.name, "true"), _ones(field, "true")
    else:
        for value in _values(field, least):
            yield Clause(field.name, "==", value), _ones(field, value)


def _ones(field: Field, value: str) -> FloatArray:
    ones: FloatArray = np.equal(field.values, value).astype(np.float64)
    return ones


def _clause(column: Clause, grid: NDArray[np.float64] | None, above: bool, cut: float) -> Clause:
    if grid is not None:
        at = int(np.searchsorted(grid, cut, side="right"))
        bound = roundest(float(grid[at - 1]), float(grid[at])) if 0 < at < len(grid) else cut
        return Clause(column.field, ">=" if above else "<", bound)
    return column if above else Clause(column.field, _OPPOSITE[column.operator], column.value)
