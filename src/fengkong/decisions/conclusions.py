"""What a policy concludes on a whole table of cases at once: the same outcomes and reasons as case by case.

`Policy.conclude` is the reference. Here the rules run twice over the table, as there over the document: first without
any signal, to see which models each case needs, then with what those said.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from fengkong.decisions.cases import SIGNAL
from fengkong.decisions.comparison import OUTCOME
from fengkong.decisions.policy import Policy
from fengkong.decisions.reasons import MOST_REASONS
from fengkong.decisions.values import TEXT, signal_of, signal_prefix
from fengkong.domain.decisions import Outcome, RuleState
from fengkong.rules.definition import Rule
from fengkong.rules.points import SNOOZED
from fengkong.rules.ruletable import RuleTable
from fengkong.rules.tree import input_names

__all__ = ["conclude_table", "needed_signals"]

CHUNK = 65_536
"""Cases worked on at a time: some hundred columns are in between."""

Asked = tuple[pl.Expr, pl.Expr]
"""The outcome that something asks for, null where it asks for none, and the code of its reason."""

_SAID = ("p", "label", "labels", "value", "spans")


def needed_signals(policy: Policy, cases: pl.DataFrame) -> dict[str, pl.Series]:
    """Which cases need each signal that the policy's rules read, as `Pending.needed` says of one."""
    needs = policy.needs
    if not needs.all:
        return {}
    without = cases.drop(name for name in cases.columns if signal_of(name))
    states = policy.rules.run_table(without).states
    never = pl.repeat(False, len(cases), eager=True)
    needed = {name: ~never if name in needs.counted else never for name in sorted(needs.all)}
    for state, (read, asks_known) in zip(states, needs.rules, strict=True):
        open_states = [RuleState.UNKNOWN, *([RuleState.HIT, RuleState.NO_HIT] if asks_known else [])]
        still = state.is_in([RuleTable.STATES.index(word) for word in open_states])
        for name in read:
            needed[name] = needed[name] | still
    return needed


def conclude_table(policy: Policy, cases: pl.DataFrame) -> pl.DataFrame:
    """The outcome (`after`) and at most four reason codes (`after_reasons`) of every case.

    cases: as `cases.case_table` makes them. A signal that a case needs and hasn't is unknown.
    """
    parts = [_Chunk(policy, cases.slice(at, CHUNK)).conclude() for at in range(0, max(len(cases), 1), CHUNK)]
    return pl.concat(parts)


class _Chunk:
    """Some cases under a policy, with what they may look at: only the signals that each of them needs."""

    def __init__(self, policy: Policy, cases: pl.DataFrame) -> None:
        self._policy = policy
        self._needed = needed_signals(policy, cases)
        self._cases = _heard(cases, self._needed)
        self._lost = frozenset(self._cases["case lost"].explode().drop_nulls())

    def conclude(self) -> pl.DataFrame:
        default = self._policy.rules.default
        states = self._policy.rules.run_table(self._cases).states
        frame = self._cases.with_columns(column.alias(f"state {at}") for at, column in enumerate(states))
        asked = [*self._rule_reasons(), *self._doubts()]
        named = {f"{at}": outcome for at, (outcome, _) in enumerate(asked)}
        judged = frame.select(
            *(outcome.alias(name) for name, outcome in named.items()),
            *(code.alias(f"code {at}") for at, (_, code) in enumerate(asked)),
        )
        worst = pl.max_horizontal(*named) if named else pl.lit(None, pl.UInt8)
        judged = judged.with_columns(worst.alias("worst"), pl.int_range(pl.len()).alias("row"))
        reasons = judged.filter(pl.col("worst").is_not_null()).select("row", _principal(len(asked)).alias("codes"))
        given = judged.select("row", "worst").join(reasons, on="row", how="left", maintain_order="left")
        otherwise = ["D-DEFAULT"] if default > Outcome.APPROVE else []
        words = {int(outcome): str(outcome) for outcome in Outcome}
        return given.select(
            pl.col("worst").fill_null(int(default)).replace_strict(words, return_dtype=OUTCOME).alias("after"),
            pl.when(pl.col("worst").is_null())
            .then(pl.lit(otherwise, dtype=pl.List(pl.String)))
            .otherwise(pl.col("codes"))
            .alias("after_reasons"),
        )

    def _rule_reasons(self) -> Iterator[Asked]:
        """In the order of `reasons.rule_reasons`."""
        for at, rule in sorted(enumerate(self._policy.rules.rules), key=lambda placed: -placed[1].priority):
            if rule.then is not None:
                yield _if(_is(at, RuleState.HIT), rule.then), pl.lit(rule.reason)

    def _doubts(self) -> Iterator[Asked]:
        """In the order of `reasons.doubts`."""
        for at, rule in enumerate(self._policy.rules.rules):
            error = _is(at, RuleState.ERROR)
            outcome = _if(error, Outcome.REVIEW)
            if rule.unknown is not None:
                doubt = _is(at, RuleState.UNKNOWN) & ~self._explained(rule)
                outcome = outcome.fill_null(_if(doubt, max(rule.unknown, Outcome.REVIEW)))
            yield outcome, pl.when(error).then(pl.lit("D-RULE-ERROR")).otherwise(pl.lit("D-UNKNOWN"))
        if self._policy.reads_text:
            yield _if(pl.col("case empty"), Outcome.REVIEW), pl.lit("D-EMPTY")
        for name in self._needed:
            prefix = signal_prefix(name)
            said = {
                "D-MODEL-FAILED": pl.col(f"{prefix}failed"),
                "D-ABSTAINED": pl.col(f"{prefix}abstained"),
                "D-UNREAD": pl.col(f"{prefix}unread") > 0,
                "D-NO-FIELDS": pl.col(f"{prefix}fieldless"),
            }
            for code, holds in said.items():
                yield _if(holds, Outcome.REVIEW), pl.lit(code)
        looked_at = {name for rule in self._policy.rules.rules for name in input_names(rule.condition)}
        for name in sorted(self._lost & looked_at):
            yield _if(pl.col("case lost").list.contains(name), Outcome.REVIEW), pl.lit("D-SOURCE-FAILED")

    def _explained(self, rule: Rule) -> pl.Expr:
        """Where all that a rule misses was lost with a model or source, whose own reason says it better."""
        names = {name for name in input_names(rule.condition) if name != TEXT and not name.startswith(SNOOZED)}
        causes = {name: cause for name in names if (cause := self._cause(name)) is not None}
        if not causes or rule.unknown is None or rule.unknown > Outcome.REVIEW:
            return pl.lit(False)
        missing = {name: self._missing(name) for name in names}
        unexplained = [gone & ~causes.get(name, pl.lit(False)) for name, gone in missing.items()]
        return pl.any_horizontal(missing.values()) & ~pl.any_horizontal(unexplained)

    def _cause(self, name: str) -> pl.Expr | None:
        if signal := signal_of(name):
            silent = (pl.col(f"{signal_prefix(signal)}{part}").fill_null(False) for part in ("failed", "abstained"))
            return pl.any_horizontal(*silent)
        return pl.col("case lost").list.contains(name).fill_null(False) if name in self._lost else None

    def _missing(self, name: str) -> pl.Expr:
        return pl.col(name).is_null() if name in self._cases.columns else pl.lit(True)


def _heard(cases: pl.DataFrame, needed: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The cases with the signals that they need; what a model that failed or abstained said is unknown."""
    kept = cases.drop(name for name in cases.columns if signal_of(name))
    for signal, mask in needed.items():
        prefix = signal_prefix(signal)
        parts = {part: cases[prefix + part] for part in SIGNAL if prefix + part in cases.columns}
        given = pl.DataFrame(
            [
                parts.get(part, pl.repeat(None, len(cases), dtype=dtype, eager=True)).alias(part)
                for part, dtype in SIGNAL.items()
            ]
        )
        spoke = pl.any_horizontal(pl.col("p", "label", "value").is_not_null())
        flags = {part: pl.col(part).fill_null(pl.when(spoke).then(pl.lit(False))) for part in ("failed", "abstained")}
        given = given.with_columns(**flags)
        silent = pl.col("failed").fill_null(False) | pl.col("abstained").fill_null(False)
        given = given.with_columns(pl.when(~silent).then(pl.col(part)).alias(part) for part in _SAID)
        heard = given.select(pl.when(mask).then(pl.col(part)).alias(prefix + part) for part in SIGNAL)
        kept = kept.with_columns(heard)
    return kept


def _is(at: int, state: RuleState) -> pl.Expr:
    return pl.col(f"state {at}") == RuleTable.STATES.index(state)


def _if(condition: pl.Expr, outcome: Outcome) -> pl.Expr:
    return pl.when(condition).then(pl.lit(int(outcome), dtype=pl.UInt8))


def _principal(n: int) -> pl.Expr:
    """As `reasons.principal_reasons`: the most severe first, then as given; each code once; at most four."""

    def codes(*severities: Outcome) -> pl.Expr:
        entries = [
            pl.when(pl.col(f"{at}") == int(severity)).then(pl.col(f"code {at}"))
            for severity in severities
            for at in range(n)
        ]
        return pl.concat_list(entries).list.drop_nulls().list.unique(maintain_order=True).list.head(MOST_REASONS)

    adverse = codes(Outcome.DECLINE, Outcome.REVIEW)
    return pl.when(pl.col("worst") > int(Outcome.APPROVE)).then(adverse).otherwise(codes(Outcome.APPROVE))
