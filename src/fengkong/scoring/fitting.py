"""From the fields of training examples to the specs that encode them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import FieldValue, Place
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.amounts import parse_number
from fengkong.scoring.fields import CategoryField, NumberField, category_of

__all__ = ["fit_fields"]

_NUMERIC_SHARE = 0.95
"""A field is a number when at least this share of its values reads as one; the rest are slips."""
_MOST_CATEGORIES = 64
_LEAST_COVERAGE = 0.5
"""A category field whose frequent values cover less than this is a name or an id, not a category."""
_TAIL = 0.005
"""The outer edges leave out this share of values at either end, so that one typo doesn't stretch the last bin."""
_ID_ROWS = 50
_ID_DENSITY = 20
_ID_SIZE = 1e9


def fit_fields(
    rows: Sequence[Mapping[str, FieldValue]],
    *,
    bins: int = 16,
    report: Callable[[Finding], object] | None = None,
) -> tuple[NumberField | CategoryField, ...]:
    """Specs for the fields of these training rows, by name in alphabetical order. The same rows, the same specs.

    Numbers get up to `bins` bins at the quantiles of the training values; other fields become categories, of
    which those too rare to learn from count as "other". Fields that hold nothing to learn (constant, never
    given, dates) and fields that name the applicant (ids, free text: nearly every value another) are dropped;
    each gives `report` a finding (F001) that says why.
    """
    specs = []
    for name in sorted({name for row in rows for name in row}):
        fitted = _fit(name, [row.get(name) for row in rows], bins)
        if not isinstance(fitted, str):
            specs.append(fitted)
        elif report is not None:
            report(
                Finding(
                    "F001",
                    Severity.INFO,
                    f"the model doesn't read this field: {fitted}",
                    Place(name=name),
                    cure="give it as a number or as one of a few categories where it should count",
                )
            )
    return tuple(specs)


def _fit(name: str, values: Sequence[FieldValue], bins: int) -> NumberField | CategoryField | str:
    """The spec of one field, or why it has none."""
    categories = [category for value in values if (category := category_of(value)) is not None]
    if not categories:
        return "it is never given"
    if any(isinstance(value, date) for value in values):  # a datetime is a date too
        return "dates are not read, for those to come are never those learnt from"
    numbers = [number for value in values if (number := parse_number(value)) is not None]
    truths = sum(isinstance(value, bool) for value in values)
    if len(numbers) - truths >= _NUMERIC_SHARE * len(categories):
        return _fit_number(name, np.array(numbers), len(values), bins)
    return _fit_category(name, categories, len(values))


def _fit_number(name: str, numbers: NDArray[np.float64], rows: int, bins: int) -> NumberField | str:
    if _is_identifier(numbers):
        return "its numbers are all different, as ids are"
    distinct = np.unique(numbers)
    if len(distinct) > bins + 1:
        distinct = np.unique(np.quantile(numbers, np.linspace(_TAIL, 1 - _TAIL, bins + 1)))
    if len(distinct) == 1 and len(numbers) == rows:
        return "it is always the same"
    return NumberField(name=name, edges=tuple(distinct.tolist()))


def _is_identifier(numbers: NDArray[np.float64]) -> bool:
    """Whole numbers that never repeat and either lie as dense as a counter or are as long as account numbers."""
    if len(numbers) < _ID_ROWS or len(np.unique(numbers)) < len(numbers) or (numbers != np.floor(numbers)).any():
        return False
    return bool(np.ptp(numbers) < _ID_DENSITY * len(numbers) or numbers.min() >= _ID_SIZE)


def _fit_category(name: str, categories: Sequence[str], rows: int) -> CategoryField | str:
    least = min(10, max(2, rows // 100))
    counts = sorted(Counter(categories).items(), key=lambda item: (-item[1], item[0]))
    frequent = [(value, count) for value, count in counts if count >= least][:_MOST_CATEGORIES]
    if sum(count for _, count in frequent) < _LEAST_COVERAGE * len(categories):
        return "most of its values are rare, as names, dates and ids are"
    if len(counts) == 1 and len(categories) == rows:
        return "it is always the same"
    return CategoryField(name=name, values=tuple(value for value, _ in frequent))
