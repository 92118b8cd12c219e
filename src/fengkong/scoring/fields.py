"""Application facts as numbers that a model reads beside the text."""

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fengkong.domain.documents import FieldValue
from fengkong.scoring.amounts import parse_number

__all__ = ["CategoryField", "FieldEncoder", "FieldSpec", "NumberField", "category_of"]

_MISSING = frozenset({"", "n/a", "nan", "null"})


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1, max_length=200)]


class NumberField(_Spec):
    """A number, piecewise-linear encoded between `edges` (ascending), then one column that flags it missing.

    With bins [b0, b1], [b1, b2], ... a value gives 1 for each bin below it, 0 for each bin above it, and its
    place within its own bin. Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular
    Deep Learning"; unlike there, values outside all bins are held at the ends, so that no outlier takes over.
    One edge alone encodes nothing but whether the value is missing.
    """

    kind: Literal["number"] = "number"
    edges: Annotated[tuple[float, ...], Field(min_length=1, max_length=257)]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("edges must ascend")
        return self

    @property
    def width(self) -> int:
        """Columns in the encoding: the bins and the flag."""
        return len(self.edges)

    def encode(self, values: Sequence[FieldValue]) -> NDArray[np.float64]:
        """(values, width) in [0, 1]. What can't be read as a number counts as missing."""
        numbers = np.array([parse_number(value) for value in values], dtype=np.float64)  # None becomes NaN
        edges = np.array(self.edges)
        columns = np.zeros((len(values), self.width))
        with np.errstate(over="ignore"):
            columns[:, :-1] = np.clip((numbers[:, None] - edges[:-1]) / np.diff(edges), 0, 1)
        missing = np.isnan(numbers)
        columns[missing] = 0
        columns[missing, -1] = 1
        return columns


class CategoryField(_Spec):
    """One column for each of `values` (in the form of `category_of`), one for any other, one for missing."""

    kind: Literal["category"] = "category"
    values: Annotated[tuple[str, ...], Field(max_length=1024)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("values must differ from each other")
        return self

    @property
    def width(self) -> int:
        """Columns in the encoding: the known values, other, missing."""
        return len(self.values) + 2

    def encode(self, values: Sequence[FieldValue]) -> NDArray[np.float64]:
        """(values, width), one 1 a row."""
        other, missing = len(self.values), len(self.values) + 1
        at = {value: column for column, value in enumerate(self.values)}
        categories = map(category_of, values)
        columns = np.zeros((len(values), self.width))
        columns[range(len(values)), [missing if c is None else at.get(c, other) for c in categories]] = 1
        return columns


FieldSpec = Annotated[NumberField | CategoryField, Field(discriminator="kind")]
"""How one field is encoded; sealed in the bundle's manifest."""


def category_of(value: FieldValue) -> str | None:
    """The value as a category, without regard to case, width and blanks; None when it is missing."""
    if value is None:
        return None
    category = " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split())
    return None if category in _MISSING else category


class FieldEncoder:
    """Encodes mappings of field values by the given specs, in their order; fields without a spec are ignored."""

    def __init__(self, specs: Sequence[NumberField | CategoryField]) -> None:
        self.specs = tuple(specs)
        self.width = sum(spec.width for spec in self.specs)
        self._flags = np.cumsum([spec.width for spec in self.specs], dtype=np.intp) - 1

    def encode(self, rows: Sequence[Mapping[str, FieldValue]]) -> NDArray[np.float32]:
        """float32 (rows, width), every value in [0, 1]. A field that a row lacks counts as missing."""
        blocks = [spec.encode([row.get(spec.name) for row in rows]) for spec in self.specs]
        empty = np.zeros((len(rows), 0))
        return np.concatenate([empty, *blocks], axis=1, dtype=np.float32, casting="same_kind")

    def all_missing(self, encoded: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(rows,) whether not one field of an encoded row is known: each spec's last column flags it missing."""
        missing: NDArray[np.bool_] = (encoded[:, self._flags] == 1).all(axis=1)
        return missing
