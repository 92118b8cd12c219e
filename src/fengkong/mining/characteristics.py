"""One line of a scorecard: a field cut into bins, each with its cases, weight of evidence and points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fengkong.mining.binning import BoolArray, Counts, FloatArray, count, cut_numbers, evidence, group_values, one_half
from fengkong.mining.chance import beyond, mean_gap
from fengkong.mining.fields import Field, literal, numeral
from fengkong.rules.types import NUMBERS, Kind, Type

__all__ = ["Bin", "Characteristic", "chance_of", "characteristic"]

CELL = 1_500
"""Characters of a cell at most; the values of a longer one stand in several, with the same points."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases with low <= value < high (None is unbounded), or with one of `values`; others: with a value in no each.

    good, bad: past cases. woe: weight of evidence, positive where safer than average. points: 0 is average.
    """

    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    others: bool = False
    good: int = 0
    bad: int = 0
    woe: float = 0.0
    points: int = 0

    def cells(self, kind: Kind) -> list[str]:
        """The bin as cells of a scorecard in the rule language, for a field of that kind."""
        if kind is Kind.BOOLEAN:
            return list(self.values)
        if kind not in NUMBERS:
            named = [] if self.others else list(_lists([literal(value) for value in self.values]))
            return [*named, *(["otherwise"] if self.others else [])]
        if self.low is None:
            return ["otherwise" if self.high is None else f"< {numeral(self.high)}"]
        if self.high is None:
            return [f">= {numeral(self.low)}"]
        return [f"[{numeral(self.low)}..{numeral(self.high)})"]


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A field in bins. unknown: the bin of cases without a value. iv: the information value, in nats."""

    name: str
    type: Type
    bins: tuple[Bin, ...]
    unknown: Bin
    iv: float

    def rows(self) -> list[tuple[str, Bin]]:
        """Each bin with what people call it, the unknown last."""
        named = [(" ".join(one.cells(self.type.kind)), one) for one in self.bins]
        return [*named, ("unknown", self.unknown)]

    def place(self, field: Field) -> NDArray[np.intp]:
        """(n,) the number of each case's bin; `len(bins)` where unknown, or a value that no bin takes."""
        place = np.full(len(field.values), len(self.bins))
        if field.number:
            edges = [each.low for each in self.bins[1:] if each.low is not None]
            place[field.known] = np.searchsorted(edges, field.values[field.known].astype(float), side="right")
            return place
        home = {value: at for at, each in enumerate(self.bins) for value in each.values}
        other = next((at for at, each in enumerate(self.bins) if each.others), len(self.bins))
        place[field.known] = [home.get(value, other) for value in field.values[field.known]]
        return place

    def weights(self, field: Field) -> FloatArray:
        """(n,) the weight of evidence of each case."""
        return np.array([each.woe for each in (*self.bins, self.unknown)])[self.place(field)]

    def points(self, field: Field) -> NDArray[np.int64]:
        """(n,) the points of each case."""
        return np.array([each.points for each in (*self.bins, self.unknown)])[self.place(field)]

    def with_points(self, per_woe: float) -> "Characteristic":
        """The same with points for each unit of weight of evidence, rounded."""
        bins = [replace(each, points=round(per_woe * each.woe)) for each in (*self.bins, self.unknown)]
        return replace(self, bins=tuple(bins[:-1]), unknown=bins[-1])


def characteristic(field: Field, bad: BoolArray) -> Characteristic:
    """The optimal bins of a field; one bin where no cut tells anything, and its information value is then small."""
    known = field.known
    if field.number:
        edges = cut_numbers(field.values[known].astype(float), bad[known])
        bins = [Bin(low, high) for low, high in zip((None, *edges), (*edges, None), strict=True)]
    else:
        writable = [value if literal(value) else "" for value in field.values[known].astype(str)]
        groups = group_values(np.array(writable, dtype=object), bad[known])
        bins = [Bin(values=values, others=at == groups.others) for at, values in enumerate(groups.named)]
        bins = bins or [Bin(others=True)]
    bare = Characteristic(field.name, field.type, tuple(bins), Bin(), 0.0)
    return _weighed(bare, count(bare.place(field), bad, len(bins) + 1))


def chance_of(field: Field, bad: BoolArray) -> float:
    """The chance that a field which tells nothing seems to tell as much.

    Weights found on one half of the cases are tried on the other and the other way round, since the best cut always
    tells something about the very cases that it was found on.
    """
    weights, half = np.empty(len(bad)), one_half(len(bad))
    for found, tried in ((half, ~half), (~half, half)):
        weights[tried] = characteristic(field.at(found), bad[found]).weights(field.at(tried))
    return beyond(mean_gap(weights[bad], weights[~bad]))


def _lists(literals: Sequence[str]) -> Iterator[str]:
    """Cells that list these values; a cell is a condition, whose length is limited."""
    part: list[str] = []
    for each in literals:
        if part and sum(map(len, part)) + 2 * len(part) + len(each) > CELL:
            yield f"in [{', '.join(part)}]"
            part = []
        part.append(each)
    yield f"in [{', '.join(part)}]"


def _weighed(bare: Characteristic, counts: Counts) -> Characteristic:
    woe, terms = evidence(counts, counts.sum(axis=0))
    bins = [
        replace(each, good=int(good), bad=int(poor), woe=float(weight))
        for each, (good, poor), weight in zip((*bare.bins, bare.unknown), counts, woe, strict=True)
    ]
    return replace(bare, bins=tuple(bins[:-1]), unknown=bins[-1], iv=float(terms.sum()))
