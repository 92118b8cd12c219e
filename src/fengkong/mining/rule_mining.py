"""Rules from past cases: conditions under which cases turned out badly more often, and that held on others too.

Candidates are found on one part of the cases and checked on the held-out part, where chance has no memory of the
search. Of those that hold, redundant ones go.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from fengkong.domain.errors import SettingsError
from fengkong.domain.findings import Finding
from fengkong.mining.binning import BoolArray
from fengkong.mining.candidates import frequent_patterns, items, paths
from fengkong.mining.cases import Cases
from fengkong.mining.chance import above_usual, at_least_p, believable
from fengkong.mining.clauses import Condition, Judge, written
from fengkong.mining.phrases import phrase_fields, telling_phrases

__all__ = ["Hits", "MinedRule", "MinedRules", "mine_rules"]

TRIED = 200
"""Candidates, those that chance explains least, that are checked on held-out cases."""
NEEDED = 3.0
"""A clause counts where the bad cases that it leaves are by so many standard errors more than without it: at 0.1%."""


@dataclass(frozen=True, slots=True)
class Hits:
    """What a condition does on cases: how many of `of` it hits, how many of them are bad, and the money at stake.

    lift: by how much the share of bad cases among the hits is above that among all. bad_money, good_money: of the bad
    and the good cases that it hits; None where no field tells the money.
    """

    of: int
    cases: int
    bad: int
    lift: float
    bad_money: float | None = None
    good_money: float | None = None

    @property
    def support(self) -> float:
        """The share of cases that are hit."""
        return self.cases / self.of if self.of else 0.0

    @property
    def precision(self) -> float:
        """The share of bad cases among the hits."""
        return self.bad / self.cases if self.cases else 0.0


@dataclass(frozen=True, slots=True)
class MinedRule:
    """A condition, what it did where it was found and on the held-out cases, and the chance that the latter is luck."""

    condition: Condition
    found: Hits
    held_out: Hits
    chance: float

    @property
    def when(self) -> str:
        """The condition in the rule language."""
        return written(self.condition)


@dataclass(frozen=True, slots=True)
class MinedRules:
    """The rules that held, the strongest first; cases: those they were found on, with the fields made of texts.

    tried: how many candidates were checked on held-out cases. false_rate: the share of those that held which may be
    chance.
    """

    rules: tuple[MinedRule, ...]
    cases: Cases
    tried: int
    false_rate: float
    findings: tuple[Finding, ...]


def mine_rules(
    cases: Cases,
    held_out: Cases,
    *,
    support: float = 0.01,
    lift: float = 1.5,
    most: int = 10,
    false_rate: float = 0.05,
    seed: int = 0,
) -> MinedRules:
    """Rules that hit at least `support` of the cases, bad at least `lift` times as often as all, on both parts.

    most: rules at most. false_rate: the share of rules that may be chance (false discovery rate).
    Raises SettingsError for a support or rate outside (0, 1), or a lift of at most 1.
    """
    _check(support, lift, false_rate)
    least = max(20, round(support * len(cases)))
    phrases = telling_phrases(cases, least)
    cases, held_out = (part.with_fields(phrase_fields(phrases, part)) for part in (cases, held_out))
    judge, other = Judge(cases), Judge(held_out)
    candidates = _candidates(cases, judge, least, lift, seed)
    mined = []
    for rule in candidates:
        hits = _hits(other.condition(rule), held_out)
        chance = at_least_p(len(held_out), int(held_out.bad.sum()), hits.cases, hits.bad)
        mined.append(MinedRule(rule, _hits(judge.condition(rule), cases), hits, chance))
    holds = believable(np.array([rule.chance for rule in mined]), false_rate)
    kept = [rule for rule, true in zip(mined, holds, strict=True) if true and rule.held_out.lift >= lift]
    rules = _distinct(kept, cases, judge, least, lift, most)
    return MinedRules(tuple(rules), cases, len(candidates), false_rate, cases.findings)


def _check(support: float, lift: float, false_rate: float) -> None:
    if not (0 < support < 1 and 0 < false_rate < 1 and lift > 1):
        received = f"support {support:g}, lift {lift:g}, false discoveries {false_rate:g}"
        cure = "give shares between 0 and 1, and a lift above 1"
        raise SettingsError("rules can't be mined so", received=received, cure=cure)


def _hits(held: BoolArray, cases: Cases) -> Hits:
    n, bad = int(held.sum()), int((held & cases.bad).sum())
    lift = bad / n / float(cases.bad.mean()) if n else 0.0
    if cases.money is None:
        return Hits(len(cases), n, bad, lift)
    money = [float(np.nansum(cases.money[held & part])) for part in (cases.bad, ~cases.bad)]
    return Hits(len(cases), n, bad, lift, *money)


def _candidates(cases: Cases, judge: Judge, least: int, lift: float, seed: int) -> list[Condition]:
    """The conditions that chance explains least on the cases that they were found on, each of whose clauses counts.

    Those that hit the same cases stand for one. That a text does not say something is no ground for a rule: anybody can
    say it.
    """
    bad = int(cases.bad.sum())
    said = {field.name for field in cases.fields if field.said}
    single = [each for each in items(cases, judge, least) if not (each.operator == "false" and each.field in said)]
    strong: list[tuple[float, int, Condition]] = []
    for rule in dict.fromkeys([*frequent_patterns(cases, judge, single, least), *paths(cases, least, seed)]):
        held = judge.condition(rule)
        n, found = int(held.sum()), int((held & cases.bad).sum())
        if n >= least and found >= lift * n * bad / len(cases):
            strong.append((-above_usual(len(cases), bad, n, found), len(rule), rule))
    candidates: dict[bytes, Condition] = {}
    for _, _, rule in sorted(strong):
        if len(candidates) < TRIED and _every_clause_counts(rule, cases.bad, judge, said):
            candidates.setdefault(judge.condition(rule).tobytes(), rule)
    return list(candidates.values())


def _every_clause_counts(rule: Condition, bad: BoolArray, judge: Judge, said: Container[str]) -> bool:
    for clause in rule:
        if clause.operator == "false" and clause.field in said:
            return False
        wider = judge.condition(other for other in rule if other != clause)
        kept = wider & judge.clause(clause)
        counts = (each.sum() for each in (wider, wider & bad, kept, kept & bad))
        if above_usual(*map(int, counts)) < NEEDED:
            return False
    return True


def _distinct(
    rules: Iterable[MinedRule], cases: Cases, judge: Judge, least: int, lift: float, most: int
) -> Iterator[MinedRule]:
    """In turn those that still hit enough cases, bad often enough, beside the ones before them."""
    left, base, given = np.ones(len(cases), dtype=bool), cases.bad.mean(), 0
    for rule in rules:
        held = judge.condition(rule.condition)
        new = held & left
        if given < most and new.sum() >= least / 2 and cases.bad[new].mean() >= lift * base:
            left &= ~held
            given += 1
            yield rule
