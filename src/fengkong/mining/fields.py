"""What each field of past cases is: its type in the rule language, and its values as a column.

Types are found from the data, and only such as the rule language has: what rules could not read live is left out with
a finding, never bent into shape.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import FieldValue, Place
from fengkong.domain.findings import Finding, Severity
from fengkong.mining.binning import BoolArray, FloatArray
from fengkong.rules.checking import check
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER, NUMBERS, TEXT, Kind, Type
from fengkong.rules.values import INTEGER_LIMIT

__all__ = ["Field", "left_out", "literal", "numeral", "read_field"]

CATEGORIES = 20
"""Texts of at most so many values, each seen a few times, are a category; those of more are texts."""
SEEN = 5
EXACT = 2**53
"""Whole numbers up to here are told apart as float64, and every number up to here can be written in a rule."""

_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]{1,34}(\.[0-9]{1,34})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    name: what rules call it: an input, or an expression on the text. values: (n,) float64 of numbers, else texts, a
    truth value as "true" or "false"; NaN or None where they are not `known` (n,).
    said: what people call it, in English and Chinese, where it is no input.
    """

    name: str
    type: Type
    values: FloatArray | NDArray[np.object_]
    known: BoolArray
    said: tuple[str, str] | tuple[()] = ()

    @property
    def number(self) -> bool:
        """Whether its values have an order."""
        return self.type.kind in NUMBERS

    def plain(self) -> list[FieldValue]:
        """The values as a document would bear them; None where unknown."""
        kind = self.type.kind
        return [
            None
            if not known
            else value == "true"
            if kind is Kind.BOOLEAN
            else int(value)
            if kind is Kind.INTEGER
            else value
            for value, known in zip(self.values.tolist(), self.known, strict=True)
        ]

    def at(self, rows: BoolArray) -> "Field":
        """The same field of some of the cases (n,)."""
        return replace(self, values=self.values[rows], known=self.known[rows])


def read_field(name: str, values: Sequence[FieldValue]) -> Field | Finding:
    """The column of a field, or the finding that says why no rule can use it."""
    if cure := _name_cure(name):
        return left_out("M005", name, "rules can't call an input so", cure)
    known = [value for value in values if value is not None]
    if not known:
        return left_out("M001", name, "it is unknown in every case", "find where it was lost")
    if len(known) == len(values) and len(set(known)) == 1:
        return left_out("M001", name, "it is the same in every case", "give cases that differ in it")
    declared = _type(known)
    if declared is None:
        cure = "write numbers as numbers, and a date as the days since then"
        return left_out("M003", name, "its values are dates, or of several types", cure)
    if declared == TEXT and _seldom_shared(known):
        cure = "group its values, or write numbers without their units"
        return left_out("M004", name, "most cases have a value of their own", cure)
    if declared.kind in NUMBERS and any(map(_too_large, known)):
        cure = "write what names a case as a text, or an amount in a larger unit"
        return left_out("M009", name, "its numbers are too large to be counted with", cure)
    there = np.array([value is not None for value in values], dtype=bool)
    if declared.kind in NUMBERS:
        return Field(name, declared, np.array(values, dtype=np.float64), there)
    texts = [str(value).lower() if isinstance(value, bool) else value for value in values]
    return Field(name, declared, np.array(texts, dtype=object), there)


def _type(known: Sequence[FieldValue]) -> Type | None:
    kinds = {bool if isinstance(value, bool) else type(value) for value in known}
    if kinds == {bool}:
        return BOOLEAN
    if kinds == {int} and all(-INTEGER_LIMIT <= value < INTEGER_LIMIT for value in known if isinstance(value, int)):
        return INTEGER
    texts = [value for value in known if isinstance(value, str)]
    if kinds <= {int, float, Decimal, str} and all(_DECIMAL_TEXT.fullmatch(text) for text in texts):
        return DECIMAL
    if kinds != {str}:
        return None
    counts = Counter(texts)
    plain = all(literal(value) and value == value.strip() for value in counts)
    if plain and len(counts) <= CATEGORIES and min(counts.values()) >= SEEN:
        return Type(Kind.CATEGORY, tuple(sorted(counts)))
    return TEXT


def _too_large(number: FieldValue) -> bool:
    return abs(number if isinstance(number, int) else float(str(number))) > EXACT


def _seldom_shared(known: Sequence[FieldValue]) -> bool:
    """Whether most cases have a value that next to no other case has."""
    return sum(n for n in Counter(known).values() if n >= SEEN) < len(known) / 2


def _name_cure(name: str) -> str:
    """What the rule language itself says against an input of that name; "" where it takes it."""
    quoted = "'" + name.replace("'", "''") + "'"
    stub = f"{{format: 1, name: n, version: 1, inputs: {{{quoted}: decimal}}, reasons: {{R: {{en: r, zh: r}}}}, "
    stub += "rules: [{id: r, when: text is known, then: review, reason: R}]}"
    faults = [finding for finding in check(stub) if finding.severity is Severity.ERROR]
    return faults[0].cure if faults else ""


def left_out(code: str, name: str, why: str, cure: str) -> Finding:
    """A field that is not used, and why."""
    return Finding(code, Severity.WARNING, f"the field is left out: {why}", Place(name=name), cure)


def literal(value: str) -> str:
    """A text as the rule language writes it; "" where no literal can hold it: both quotes, a line break, nothing."""
    if not value or not value.isprintable() or value.endswith("\\"):
        return ""
    return next((f"{quote}{value}{quote}" for quote in "\"'" if quote not in value), "")


def numeral(value: float) -> str:
    """A number as the rule language writes it, every digit and no exponent."""
    return format(Decimal(repr(value)).normalize(), "f")
