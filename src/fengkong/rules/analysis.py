"""What is suspicious in a condition that is correctly written: it never varies, or no value can meet it.

Ranges are judged input by input: comparisons of one input with literals, within one `and`.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fengkong.domain.findings import Severity
from fengkong.rules.codegen import compile_conditions
from fengkong.rules.syntax import Fault
from fengkong.rules.tree import (
    COMPARISONS,
    And,
    Compare,
    Const,
    Convert,
    Expr,
    Input,
    Member,
    Not,
    Or,
    children,
    input_names,
)
from fengkong.rules.types import Kind

__all__ = ["suspicions"]


def suspicions(condition: Expr) -> list[Fault]:
    """Warnings on a typed condition: R030 for parts that never vary, R031 for what no value can meet."""
    return list(dict.fromkeys([*_constants(condition), *_contradictions(condition)]))


@dataclass(frozen=True, slots=True)
class _Limit:
    """A comparison of one input with one literal, the input on the left."""

    input: Input
    operator: str
    value: Any


_MIRRORED: Mapping[str, str] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _limit(expr: Expr) -> _Limit | None:
    match expr:
        case Compare(operator=word, left=left, right=Const(value=value)) if of := _input(left):
            return _Limit(of, word, value)
        case Compare(operator=word, left=Const(value=value), right=right) if of := _input(right):
            return _Limit(of, _MIRRORED[word], value)
    return None


def _input(expr: Expr) -> Input | None:
    inner = expr.operand if isinstance(expr, Convert) else expr
    return inner if isinstance(inner, Input) else None


def _constants(condition: Expr) -> Iterator[Fault]:
    if not any(input_names(condition)):
        (value,), _, _ = compile_conditions([condition], {})(lambda _: None)
        word = "unknown" if value is None else str(value).lower()
        yield Fault("R030", f"a part of the condition is always {word}", "leave it out", Severity.WARNING)
    elif isinstance(condition, And | Or | Not):
        for operand in children(condition):
            yield from _constants(operand)
    elif (limit := _limit(condition)) and limit.input.type.kind is Kind.PROBABILITY:
        always = _always(limit)
        if always is not None:
            what = f"a comparison of {limit.input.name} is always {str(always).lower()}: it lies between 0 and 1"
            yield Fault("R030", what, "write 80% as 0.8", Severity.WARNING)


def _always(limit: _Limit) -> bool | None:
    """The one answer of a probability's comparison, when both ends of its range give the same."""
    if limit.operator in {"==", "!="}:
        return None if 0 <= limit.value <= 1 else limit.operator == "!="
    at_zero, at_one = (COMPARISONS[limit.operator](end, limit.value) for end in (0, 1))
    return at_zero if at_zero == at_one else None


def _contradictions(condition: Expr) -> Iterator[Fault]:
    if isinstance(condition, And):
        limits: dict[Input, list[_Limit]] = defaultdict(list)
        points: dict[Input, list[frozenset[Any]]] = defaultdict(list)
        for operand in _flat(condition):
            limit = _limit(operand)
            if limit and limit.operator == "==":
                points[limit.input].append(frozenset({limit.value}))
            elif limit:
                limits[limit.input].append(limit)
            elif isinstance(operand, Member) and (of := _input(operand.operand)):
                points[of].append(frozenset(item.value for item in operand.items))
            else:
                yield from _contradictions(operand)
        for of in dict.fromkeys([*limits, *points]):
            if _nothing_meets(of, limits[of], points[of]):
                what = f"no value of {of.name} meets the whole condition, so it is never true"
                yield Fault("R031", what, "widen the range, or write `or`", Severity.WARNING)
    else:
        for operand in children(condition):
            yield from _contradictions(operand)


def _flat(condition: And) -> Iterator[Expr]:
    for operand in condition.operands:
        if isinstance(operand, And):
            yield from _flat(operand)
        else:
            yield operand


def _nothing_meets(of: Input, limits: Sequence[_Limit], points: Sequence[frozenset[Any]]) -> bool:
    if points:
        candidates = frozenset.intersection(*points)
        return not any(all(COMPARISONS[limit.operator](point, limit.value) for limit in limits) for point in candidates)
    lows = [(limit.value, limit.operator == ">") for limit in limits if limit.operator in {">", ">="}]
    highs = [(limit.value, limit.operator == "<=") for limit in limits if limit.operator in {"<", "<="}]
    if not lows or not highs:
        return False
    (low, low_open), (high, high_closed) = max(lows), min(highs)
    if of.type.kind is Kind.INTEGER:
        first: int = math.floor(low) + 1 if low_open else math.ceil(low)
        last: int = math.floor(high) if high_closed else math.ceil(high) - 1
        return first > last
    return bool(low > high or (low == high and (low_open or not high_closed)))
