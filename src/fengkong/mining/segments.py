"""Segments where a model is weak: its probabilities are off, or tell less than elsewhere.

Segments are found on one part of the cases and confirmed on the held-out part, as mined rules are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from fengkong.domain.errors import InputError, SettingsError, likely_slip
from fengkong.domain.findings import Finding
from fengkong.mining.binning import BoolArray, FloatArray
from fengkong.mining.candidates import frequent_patterns, items
from fengkong.mining.cases import Cases
from fengkong.mining.chance import believable, beyond, mean_gap
from fengkong.mining.clauses import Condition, Judge, written
from fengkong.mining.phrases import shape_fields

__all__ = ["Performance", "WeakSegment", "WeakSegments", "Weakness", "weak_segments"]

Weakness = Literal["too low", "too high", "tells little"]
"""The probabilities are below or above what came true, or part good from bad less well than elsewhere."""
WEAKNESSES: tuple[Weakness, ...] = get_args(Weakness)

TRIED = 100
"""Segments of each weakness, those that chance explains least, that are looked at on held-out cases."""
CLEAR = 2.0
"""By how many standard errors a segment must be weak to be looked at."""
GAP = 0.02
"""By how much probabilities are off, on average, in a segment worth telling."""
SKILL = 0.05
"""By how much less of the error is avoided in a segment worth telling."""


@dataclass(frozen=True, slots=True)
class Performance:
    """A model on some cases. bad: the share that turned out so. foretold: the mean of its probabilities.

    skill: the share of the squared error of guessing `bad` for each case that the model avoids (Brier skill score); so
    a segment with more bad cases is not weak for that alone.
    """

    cases: int
    bad: float
    foretold: float
    skill: float


@dataclass(frozen=True, slots=True)
class WeakSegment:
    """A segment, how the model does in it where it was found and on held-out cases, and the chance that it is luck."""

    condition: Condition
    weakness: Weakness
    found: Performance
    held_out: Performance
    chance: float

    @property
    def when(self) -> str:
        """The condition in the rule language."""
        return written(self.condition)


@dataclass(frozen=True, slots=True)
class WeakSegments:
    """The segments that were confirmed, the clearest first. overall: the model on all held-out cases.

    cases: those that segments were found on, with the fields made of texts. tried: how many were looked at.
    """

    segments: tuple[WeakSegment, ...]
    overall: Performance
    cases: Cases
    tried: int
    findings: tuple[Finding, ...]


def weak_segments(
    cases: Cases, held_out: Cases, *, probability: str, support: float = 0.02, most: int = 10, false_rate: float = 0.05
) -> WeakSegments:
    """Segments of one clause or two, of fields and of the text's length and script, where a model is weak.

    probability: the field with the model's probability that a case turns out badly, such as "signals.risk.p". Cases
    without one are left out; so are other signals, which are no properties of a case.
    support: the least share of cases in a segment. false_rate: the share of segments that may be chance.
    Raises InputError where there is no such probability, SettingsError for shares outside (0, 1).
    """
    if not (0 < support < 1 and 0 < false_rate < 1):
        received, cure = f"support {support:g}, false discoveries {false_rate:g}", "give shares between 0 and 1"
        raise SettingsError("segments can't be found so", received=received, cure=cure)
    found, other = _Part(cases, probability), _Part(held_out, probability)
    least = max(30, round(support * len(found.cases)))
    conditions = list(frequent_patterns(found.cases, found.judge, items(found.cases, found.judge, least), least))
    segments = []
    for condition, weakness in _clearest(conditions, found):
        here, there = found.judge.condition(condition), other.judge.condition(condition)
        chance = beyond(other.deviation(there, weakness))
        segments.append(WeakSegment(condition, weakness, found.performance(here), other.performance(there), chance))
    holds = believable(np.array([segment.chance for segment in segments]), false_rate)
    usual = (found.overall, other.overall)
    confirmed = [each for each, true in zip(segments, holds, strict=True) if true and _matters(each, usual)]
    distinct = tuple(_distinct(confirmed, found.judge))[:most]
    return WeakSegments(distinct, other.overall, found.cases, len(segments), cases.findings)


class _Part:
    """Cases with the probabilities of a model."""

    def __init__(self, cases: Cases, probability: str) -> None:
        field = cases.by_name.get(probability)
        known = field.values[field.known].astype(float) if field is not None and field.number else np.empty(0)
        if field is None or not len(known) or known.min() < 0 or known.max() > 1:
            names = [one.name for one in cases.fields if one.number]
            cure = likely_slip(probability, names)
            raise InputError("no field holds a probability of that name", received=repr(probability), cure=cure)
        told = cases.at(field.known)
        kept = [one for one in told.fields if one.name != probability and not one.name.startswith("signals.")]
        shape = shape_fields(told) if any(told.texts) else ()
        self.cases = Cases(told.bad, (*kept, *shape), told.texts, told.money, told.findings)
        self.judge = Judge(self.cases)
        self.p: FloatArray = known
        self.overall = self.performance(np.ones(len(self.cases), dtype=bool))

    def performance(self, held: BoolArray) -> Performance:
        if not held.any():
            return Performance(0, 0.0, 0.0, 0.0)
        bad, foretold = float(self.cases.bad[held].mean()), float(self.p[held].mean())
        return Performance(int(held.sum()), bad, foretold, float(self._avoided(held).mean()))

    def _avoided(self, held: BoolArray) -> FloatArray:
        """What each of these cases adds to their skill."""
        truth, p = self.cases.bad[held].astype(float), self.p[held]
        usual = truth.mean()
        avoided: FloatArray = ((truth - usual) ** 2 - (truth - p) ** 2) / max(usual * (1 - usual), 1e-12)
        return avoided

    def deviation(self, held: BoolArray, weakness: Weakness) -> float:
        """By how many standard errors the model is weaker so on these cases."""
        if weakness == "tells little":
            bad = self.cases.bad
            if min(held.sum(), (~held).sum()) < 2 or not 0 < bad[held].mean() < 1 or not 0 < bad[~held].mean() < 1:
                return 0.0
            return mean_gap(self._avoided(held), self._avoided(~held))
        spread = np.sqrt((self.p[held] * (1 - self.p[held])).sum())
        gap = float((self.cases.bad[held] - self.p[held]).sum() / spread) if spread else 0.0
        return gap if weakness == "too low" else -gap


def _clearest(conditions: Iterable[Condition], part: _Part) -> Iterator[tuple[Condition, Weakness]]:
    """For each weakness the conditions under which it is clearest; those that hold for the same cases stand for one."""
    for weakness in WEAKNESSES:
        deviations = [(-part.deviation(part.judge.condition(each), weakness), len(each), each) for each in conditions]
        seen: set[bytes] = set()
        for deviation, _, condition in sorted(deviations):
            held = part.judge.condition(condition).tobytes()
            if deviation < -CLEAR and len(seen) < TRIED and held not in seen:
                seen.add(held)
                yield condition, weakness


def _matters(segment: WeakSegment, usual: tuple[Performance, Performance]) -> bool:
    """Whether the model is weak enough there to be worth telling, on both parts; usual: the model on all of either."""
    parts = (segment.found, segment.held_out)
    match segment.weakness:
        case "too low":
            return min(here.bad - here.foretold for here in parts) >= GAP
        case "too high":
            return min(here.foretold - here.bad for here in parts) >= GAP
        case "tells little":
            return min(all_.skill - here.skill for all_, here in zip(usual, parts, strict=True)) >= SKILL


def _distinct(segments: Iterable[WeakSegment], judge: Judge) -> Iterator[WeakSegment]:
    """In turn those of whose cases no more than half are in a segment before them of the same weakness."""
    told: dict[Weakness, BoolArray] = {}
    for segment in sorted(segments, key=lambda each: each.chance):
        held = judge.condition(segment.condition)
        before = told.get(segment.weakness, np.zeros_like(held))
        if (held & before).sum() <= held.sum() / 2:
            told[segment.weakness] = before | held
            yield segment
