"""Past cases through any policy, with any bundle: what it would have decided, beside what was decided.

A case's facts and signals are those that were stored; a model is asked only for a signal that the policy needs and that
this very bundle hasn't given. The rules run over the whole table at once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

import polars as pl

from fengkong.decisions.cases import CASE, SIGNAL, signal_columns
from fengkong.decisions.comparison import OUTCOME, PAIR, column
from fengkong.decisions.conclusions import conclude_table, needed_signals
from fengkong.decisions.policy import Policy
from fengkong.decisions.signals import ask_all, check_scorers
from fengkong.decisions.values import TEXT, signal_of, signal_prefix
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, likely_slip
from fengkong.domain.signals import Signal
from fengkong.scoring.protocol import TextScorer

__all__ = ["backtest"]

BATCH = 2048
"""Documents scored together."""


def backtest(
    policy: Policy,
    cases: pl.DataFrame,
    scorers: Mapping[str, TextScorer] | None = None,
    *,
    fields: Collection[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """One row a case: what was decided and what the policy decides, in the columns that `compare` takes.

    cases: as `case_table` makes or `read_cases` reads them. scorers: the models to ask where a signal is missing or is
    another bundle's; None takes the stored signals alone, and what is missing is unknown.
    fields: the columns of the cases that a comparison is by, or sums.
    progress: called with the number of documents scored so far.
    Raises InputError for a field that the cases don't have, SettingsError for models that don't fit the rules.
    """
    for name in fields:
        if name not in cases.columns:
            known = [other for other in cases.columns if other not in CASE and not signal_of(other)]
            raise InputError("the cases have no such field", received=repr(name), cure=likely_slip(name, known))
    if scorers is not None:
        check_scorers(policy.rules, scorers)
        cases = _scored(policy, cases, list(scorers.values()), progress)
    outcomes = [str(outcome) for outcome in OUTCOME.categories]
    before = pl.col("case outcome")
    pairs = cases.select(
        *(pl.col(f"case {name}").alias(name) for name in ("decision", "document", "time")),
        pl.col("case policy").alias("before_policy"),
        pl.lit(policy.version).alias("after_policy"),
        pl.when(before.is_in(outcomes)).then(before).cast(OUTCOME).alias("before"),
        pl.col("case reasons").alias("before_reasons"),
        pl.lit(None, pl.String).alias("failed"),
    ).with_columns(conclude_table(policy, cases))
    texts = [
        pl.Series(column(name), [None if v is None else str(v) for v in cases[name]], pl.String) for name in fields
    ]
    return pairs.select(*PAIR).with_columns(texts)


def _scored(
    policy: Policy, cases: pl.DataFrame, scorers: Sequence[TextScorer], progress: Callable[[int], None]
) -> pl.DataFrame:
    """The cases with every signal that they need, of these scorers' bundles."""
    needed, done = needed_signals(policy, cases), 0
    for scorer in scorers:
        if scorer.name not in needed:
            continue
        bundle = f"{signal_prefix(scorer.name)}bundle"
        asked = needed[scorer.name]
        if bundle in cases.columns:
            asked = asked & (cases[bundle] != scorer.bundle_id).fill_null(True)
        rows = asked.arg_true()
        signals: list[Signal] = []
        documents = _documents(cases[rows])
        while docs := list(islice(documents, BATCH)):
            signals += ask_all([scorer], docs)[0]
            done += len(docs)
            progress(done)
        cases = _with_signals(cases, scorer.name, rows, signals)
    return cases


def _documents(cases: pl.DataFrame) -> Iterator[Document]:
    names = [name for name in cases.columns if name not in CASE and name != TEXT and not signal_of(name)]
    pairs = cases["case pair"].fill_null("")
    ids = cases["case document"].fill_null("case")
    columns = [cases[name] for name in names]
    for text, pair, doc_id, *values in zip(cases[TEXT], pairs, ids, *columns, strict=True):
        fields = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield Document(text or "", fields, id=doc_id, pair=pair)


def _with_signals(cases: pl.DataFrame, name: str, rows: pl.Series, signals: Sequence[Signal]) -> pl.DataFrame:
    """The cases with a signal of some rows put in place of what was there."""
    prefix, places = signal_prefix(name), rows.to_list()
    given = [signal_columns([sig]) for sig in signals]
    for part, dtype in SIGNAL.items():
        held = prefix + part
        values = cases[held].to_list() if held in cases.columns else [None] * len(cases)
        for place, columns in zip(places, given, strict=True):
            values[place] = columns[held]
        cases = cases.with_columns(pl.Series(held, values, dtype, strict=False))
    return cases
