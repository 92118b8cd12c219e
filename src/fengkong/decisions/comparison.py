"""Two policies on the same documents: who would be decided otherwise, for which reasons, and for how much money."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

import polars as pl

from fengkong.domain.decisions import Decision, Outcome
from fengkong.domain.documents import Document

__all__ = ["Cell", "Comparison", "ReasonChange", "SegmentChange", "column", "compare", "pair", "pairs_frame"]

MONEY = pl.Decimal(38, 6)
"""Money is summed exactly, to the millionth."""

_CHUNK = 10_000

OUTCOME = pl.Enum([str(outcome) for outcome in Outcome])

PAIR = pl.Schema(
    {
        "decision": pl.String(),
        "document": pl.String(),
        "time": pl.Datetime("us", "UTC"),
        "before_policy": pl.String(),
        "after_policy": pl.String(),
        "before": OUTCOME,
        "after": OUTCOME,
        "before_reasons": pl.List(pl.String()),
        "after_reasons": pl.List(pl.String()),
        "failed": pl.String(),
    }
)
"""One document under two policies: what was decided, what would be, and why the second could not, where it failed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The documents that go from one outcome to another: how many, and the sum of each money field.

    before: None where nothing was decided on them.
    """

    before: str | None
    after: str
    n: int
    money: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ReasonChange:
    """How often a reason was given before and after; on how many documents it is new, on how many it is gone."""

    code: str
    before: int
    after: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """The documents of one value of a field: how many, how many change, and how many get each outcome."""

    field: str
    value: str | None
    n: int
    changed: int
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """n: documents; changed: those with another outcome; failed: those that the second could not decide.

    undecided: those on which nothing was decided before, so that they can't have changed.
    """

    n: int
    undecided: int
    changed: int
    failed: int
    matrix: tuple[Cell, ...]
    reasons: tuple[ReasonChange, ...]
    segments: tuple[SegmentChange, ...]


def pair(before: Decision, after: Decision | str, doc: Document, fields: Iterable[str]) -> dict[str, Any]:
    """One row of the frame that `compare` takes. after: the other decision, or why there is none.

    fields: the document's fields that the comparison is by, or sums; they stand as text, as `field.<name>`.
    """
    other = after if isinstance(after, Decision) else None
    return {
        "decision": before.id,
        "document": before.document,
        "time": before.time,
        "before_policy": before.policy,
        "after_policy": other and other.policy,
        "before": str(before.outcome),
        "after": other and str(other.outcome),
        "before_reasons": [reason.code for reason in before.reasons],
        "after_reasons": other and [reason.code for reason in other.reasons],
        "failed": None if other else after,
        **{column(name): None if doc.fields.get(name) is None else str(doc.fields[name]) for name in fields},
    }


def pairs_frame(rows: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> pl.DataFrame:
    """The rows of `pair` as one frame."""
    schema = pl.Schema({**PAIR, **{column(name): pl.String() for name in fields}})
    remaining = iter(rows)
    chunks = [pl.DataFrame(chunk, schema=schema) for chunk in iter(lambda: list(islice(remaining, _CHUNK)), [])]
    return pl.concat([schema.to_frame(), *chunks])


def column(name: str) -> str:
    """The column of a frame of pairs that holds a document's field."""
    return f"field.{name}"


def compare(pairs: pl.DataFrame, *, by: Sequence[str] = (), money: Sequence[str] = ()) -> Comparison:
    """What changes, all over and by reason and segment.

    pairs: one row a document, of the columns of `PAIR` and those of the fields named.
    by: the fields whose values are segments. money: the fields to sum; what is no number there counts as nothing.
    """
    both = pairs.filter(pl.col("after").is_not_null())
    return Comparison(
        n=len(pairs),
        undecided=pairs["before"].null_count(),
        changed=int((both["before"] != both["after"]).sum()),
        failed=len(pairs) - len(both),
        matrix=tuple(_matrix(both, money)),
        reasons=tuple(_reasons(both)),
        segments=tuple(segment for name in by for segment in _segments(both, name)),
    )


def _matrix(pairs: pl.DataFrame, money: Sequence[str]) -> Iterator[Cell]:
    sums = [pl.col(column(name)).cast(MONEY, strict=False).sum().alias(column(name)) for name in money]
    for row in pairs.group_by("before", "after").agg(pl.len(), *sums).sort("before", "after").iter_rows(named=True):
        yield Cell(row["before"], row["after"], row["len"], {name: row[column(name)] for name in money})


def _reasons(pairs: pl.DataFrame) -> Iterator[ReasonChange]:
    before, after = pl.col("before_reasons"), pl.col("after_reasons")
    sides = {
        "before": before,
        "after": after,
        "new": after.list.set_difference(before),
        "gone": before.list.set_difference(after),
    }
    counts: dict[str, dict[str, int]] = {}
    for side, codes in sides.items():
        for code, n in (
            pairs.select(codes.alias("code")).explode("code").drop_nulls().group_by("code").len().iter_rows()
        ):
            counts.setdefault(code, dict.fromkeys(sides, 0))[side] = n
    for code in sorted(counts):
        yield ReasonChange(code, **counts[code])


def _segments(pairs: pl.DataFrame, field: str) -> Iterator[SegmentChange]:
    changed = (pl.col("before") != pl.col("after")).sum()
    counts = [
        (pl.col(side) == str(outcome)).sum().alias(f"{side} {outcome}")
        for side in ("before", "after")
        for outcome in Outcome
    ]
    found = pairs.group_by(pl.col(column(field)).alias("value")).agg(pl.len(), changed.alias("changed"), *counts)
    for row in found.sort("len", "value", descending=[True, False]).iter_rows(named=True):
        before, after = (
            {str(outcome): row[f"{side} {outcome}"] for outcome in Outcome} for side in ("before", "after")
        )
        yield SegmentChange(field, row["value"], row["len"], row["changed"], before, after)
