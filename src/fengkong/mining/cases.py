"""Past cases as a table: fields as rules see them, which cases turned out bad, and which are held out.

What is found is found on one part and checked on the other, which the finding never sees.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from fengkong.corpus.giveaways import give_aways
from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example, FieldValue
from fengkong.domain.errors import InputError, likely_slip
from fengkong.domain.findings import Finding
from fengkong.mining.binning import BoolArray, FloatArray
from fengkong.mining.fields import Field, left_out, read_field
from fengkong.rules.types import PROBABILITY, Kind
from fengkong.scoring.protocol import TextScorer
from fengkong.text.normalising import normalise

__all__ = ["Cases", "past_cases"]

_COLUMN: Mapping[Kind, type[pl.DataType]] = {
    Kind.BOOLEAN: pl.Boolean,
    Kind.INTEGER: pl.Int64,
    Kind.DECIMAL: pl.Float64,
    Kind.PROBABILITY: pl.Float64,
}

LEAST = 10
"""Cases of each outcome that either part must have."""


@dataclass(frozen=True)
class Cases:
    """Past cases (n of them) and what is known of them.

    bad: (n,) whether the case turned out badly. money: (n,) what was at stake, NaN where unknown; None where no field
    tells it. texts: as rules see them, normalised. findings: the fields that were left out, and why.
    """

    bad: BoolArray
    fields: tuple[Field, ...]
    texts: tuple[str, ...]
    money: FloatArray | None = None
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.bad)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    def table(self) -> pl.DataFrame:
        """A column for each input of rules, the text among them, as `fengkong backtest` reads it."""
        inputs = [field for field in self.fields if not field.said]
        columns = [pl.Series(field.name, field.plain(), _COLUMN.get(field.type.kind, pl.String)) for field in inputs]
        return pl.DataFrame([*columns, pl.Series("text", self.texts, pl.String)])

    def with_fields(self, fields: Iterable[Field]) -> "Cases":
        """The same cases with more fields."""
        return replace(self, fields=(*self.fields, *fields))

    def at(self, rows: BoolArray) -> "Cases":
        """Some of the cases (n,)."""
        return Cases(
            self.bad[rows],
            tuple(field.at(rows) for field in self.fields),
            tuple(text for text, chosen in zip(self.texts, rows, strict=True) if chosen),
            None if self.money is None else self.money[rows],
            self.findings,
        )


def past_cases(splits: Splits, *, bad: str, money: str = "", scorers: Sequence[TextScorer] = ()) -> tuple[Cases, Cases]:
    """The cases to find things in (train and dev), and those held out to check them on (test).

    bad: the label of a case that turned out badly. money: the field that says what was at stake.
    scorers: models whose signals the cases bear as fields, as rules see them (`signals.<name>.p`).
    Raises InputError where no case is bad, all are, there are too few of either, or `money` is no number.
    """
    found = [*splits.train, *splits.dev]
    examples = [*found, *splits.test]
    outcomes = np.array([ex.label == bad for ex in examples], dtype=bool)
    held_out = np.arange(len(examples)) >= len(found)
    _check_outcomes(examples, outcomes, held_out, bad)
    read = [read_field(name, values) for name, values in _columns(examples).items()]
    leaks = {leak.field for leak in give_aways([replace(ex, label=str(ex.label == bad)) for ex in examples])}
    cure = "leave out what is known only afterwards"
    findings = [column for column in read if isinstance(column, Finding)]
    findings += [left_out("M002", name, "it alone tells nearly every outcome", cure) for name in sorted(leaks)]
    fields = [column for column in read if isinstance(column, Field)]
    cases = Cases(
        outcomes,
        (*(field for field in fields if field.name not in leaks), *_signal_fields(examples, scorers)),
        tuple(normalise(ex.text).text for ex in examples),
        _money(fields, money),
        tuple(findings),
    )
    return cases.at(~held_out), cases.at(held_out)


def _columns(examples: Sequence[Example]) -> dict[str, list[FieldValue]]:
    names = dict.fromkeys(name for ex in examples for name in ex.fields)
    return {name: [ex.fields.get(name) for ex in examples] for name in names}


def _check_outcomes(examples: Sequence[Example], outcomes: BoolArray, held_out: BoolArray, bad: str) -> None:
    labels = {ex.label for ex in examples}
    if bad not in labels:
        raise InputError("no case bears the label of a bad outcome", received=repr(bad), cure=likely_slip(bad, labels))
    if labels == {bad}:
        raise InputError("every case turned out badly", received=f"{len(examples):,} cases", cure="give good ones too")
    for name, part in (("to find things in", ~held_out), ("held out", held_out)):
        good, poor = int((part & ~outcomes).sum()), int((part & outcomes).sum())
        if min(good, poor) < LEAST:
            received, cure = f"{good:,} good and {poor:,} bad", f"give at least {LEAST} of each"
            raise InputError(f"there are too few cases {name}", received=received, cure=cure)


def _money(fields: Sequence[Field], name: str) -> FloatArray | None:
    if not name:
        return None
    found = next((field for field in fields if field.name == name and field.number), None)
    if found is None:
        cure = likely_slip(name, [field.name for field in fields if field.number])
        raise InputError("no field of numbers tells the money", received=repr(name), cure=cure)
    return found.values.astype(np.float64)


def _signal_fields(examples: Sequence[Example], scorers: Sequence[TextScorer]) -> list[Field]:
    documents = [ex.document() for ex in examples]
    columns: dict[str, list[FieldValue]] = {}
    for scorer in scorers:
        signals = scorer.score(documents)
        columns[f"signals.{scorer.name}.p"] = [None if sig.failed or sig.abstained else sig.p for sig in signals]
        columns[f"signals.{scorer.name}.label"] = [
            None if sig.failed or sig.abstained else sig.label for sig in signals
        ]
    fields = [field for name, values in columns.items() if isinstance(field := read_field(name, values), Field)]
    return [replace(field, type=PROBABILITY) if field.number else field for field in fields]
