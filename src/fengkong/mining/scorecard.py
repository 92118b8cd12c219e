"""A scorecard from past cases: optimal bins, weight of evidence, a logistic model on it, and points.

Points are additive and a person can check them by hand: a base, and for each characteristic the points of its bin.
The way is that of Siddiqi 2006, "Credit Risk Scorecards".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Place
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Finding, Severity
from fengkong.mining.binning import FloatArray
from fengkong.mining.cases import Cases
from fengkong.mining.chance import believable
from fengkong.mining.characteristics import Characteristic, chance_of, characteristic
from fengkong.mining.learners import fit_logistic
from fengkong.mining.measuring import Ranking, rank, stability_index

__all__ = ["Scorecard", "scorecard"]

WEAK = 0.01
"""Information value below which a field tells next to nothing."""
FALSE = 0.05
"""The share of fields that chance may bring in."""
STRONG = 0.8
"""Information value above which a field probably tells what is known only afterwards."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A fitted scorecard: the higher the score, the safer.

    base: the points of a case that is average in everything. Every `double` points the odds of good to bad double, and
    a score of `anchor` means odds of `odds` to one.
    characteristics: in the order of what they tell. train, held_out: AUC and KS of the score as rounded.
    psi: how far the scores of the held-out cases are from those it was made from.
    """

    base: int
    characteristics: tuple[Characteristic, ...]
    anchor: int
    odds: float
    double: int
    train: Ranking
    held_out: Ranking
    psi: float
    findings: tuple[Finding, ...]

    def scores(self, cases: Cases) -> NDArray[np.int64]:
        """(n,) the score of each case."""
        return _scores(self.base, self.characteristics, cases)

    def probabilities(self, cases: Cases) -> FloatArray:
        """(n,) the probability that each case turns out badly, as its score says."""
        doublings = (self.scores(cases) - self.anchor) / self.double
        risk: FloatArray = 1 / (1 + self.odds * 2.0**doublings)
        return risk

    def reasons(self, cases: Cases) -> list[tuple[str, ...]]:
        """For each case the characteristics that cost it points against its best bin, the costliest first."""
        best = [max(one.points for one in each.bins) for each in self.characteristics]
        lost = np.array(best) - _points(self.characteristics, cases)
        order = np.argsort(-lost, axis=1, kind="stable")
        return [
            tuple(self.characteristics[at].name for at in row if costs[at] > 0)
            for row, costs in zip(order, lost, strict=True)
        ]


def scorecard(
    cases: Cases, held_out: Cases, *, anchor: int = 600, odds: float = 50.0, double: int = 20, seed: int = 0
) -> Scorecard:
    """The scorecard of these cases, measured on those held out.

    anchor, odds: a score of `anchor` means `odds` good cases to a bad one. double: the points that double the odds.
    Fields that tell no more than chance would, or nothing beside the others, are left out with a finding.
    Raises InputError where no field tells anything, SettingsError for odds or points that are not positive.
    """
    if min(odds, double) <= 0:
        received, cure = f"odds {odds:g}, {double} points", "give positive ones, such as 50 and 20"
        raise SettingsError("the scale of the score can't be used", received=received, cure=cure)
    binned = [characteristic(field, cases.bad) for field in cases.fields]
    telling = believable(np.array([chance_of(field, cases.bad) for field in cases.fields]), FALSE)
    weak = [each for each, tells in zip(binned, telling, strict=True) if not tells or each.iv < WEAK]
    chosen = sorted((each for each in binned if each not in weak), key=lambda each: (-each.iv, each.name))
    if not chosen:
        received = f"{len(binned)} usable fields"
        raise InputError("no field tells good cases from bad", received=received, cure="give fields that may tell them")
    intercept, slopes, chosen = _fit(chosen, cases)
    per_log_odds = double / math.log(2)
    card = [each.with_points(per_log_odds * slope) for each, slope in zip(chosen, slopes, strict=True)]
    base = round(anchor + per_log_odds * (intercept - math.log(odds)))
    scores = [_scores(base, card, part).astype(np.float64) for part in (cases, held_out)]
    return Scorecard(
        base,
        tuple(card),
        anchor,
        odds,
        double,
        rank(-scores[0], cases.bad, seed=seed),
        rank(-scores[1], held_out.bad, seed=seed),
        stability_index(*scores),
        (*cases.findings, *_findings(binned, weak, card)),
    )


def _scores(base: int, card: Sequence[Characteristic], cases: Cases) -> NDArray[np.int64]:
    scores: NDArray[np.int64] = base + _points(card, cases).sum(axis=1)
    return scores


def _points(card: Sequence[Characteristic], cases: Cases) -> NDArray[np.int64]:
    """(n, characteristics)."""
    return np.stack([each.points(cases.by_name[each.name]) for each in card], axis=1)


def _fit(chosen: list[Characteristic], cases: Cases) -> tuple[float, FloatArray, list[Characteristic]]:
    """Log odds of good: intercept and a positive slope for each characteristic kept.

    A negative slope would give points for what is risky by itself: the field repeats others, and goes.
    """
    while True:
        table = np.stack([each.weights(cases.by_name[each.name]) for each in chosen], axis=1)
        intercept, slopes = fit_logistic(table, ~cases.bad)
        if slopes.min() > 0:
            return intercept, slopes, chosen
        del chosen[int(slopes.argmin())]


def _findings(
    binned: Sequence[Characteristic], weak: Sequence[Characteristic], card: Sequence[Characteristic]
) -> list[Finding]:
    kept = {each.name for each in card}
    findings = []
    for each in binned:
        place, iv = Place(name=each.name), f"information value {each.iv:.3f}"
        if each in weak:
            what = f"the field tells next to nothing, or no more than chance would ({iv})"
            findings.append(Finding("M006", Severity.INFO, what, place))
        elif each.name not in kept:
            findings.append(Finding("M007", Severity.INFO, "the field tells nothing beside the others", place))
        elif each.iv > STRONG:
            what, cure = f"the field tells suspiciously much ({iv})", "leave it out if it is known only afterwards"
            findings.append(Finding("M008", Severity.WARNING, what, place, cure))
    return findings
