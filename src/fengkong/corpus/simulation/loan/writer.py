"""From the facts and causes of one application to its text, with the place of every planted phrase."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from fengkong.corpus.simulation.composing import DISTRACTOR, Composed, Sentence, compose
from fengkong.corpus.simulation.language import Sense
from fengkong.corpus.simulation.loan.causal import INCONSISTENT, INCONSISTENT_EFFECT, REASONS, Facts
from fengkong.corpus.simulation.loan.phrases import Phrases

__all__ = ["Person", "Reason", "write_letter"]

PLAIN_SHARE = 0.7
"""Of the causes that have frames, how many are told straight. The rest need word order, negation or contrast."""


@dataclass(frozen=True, slots=True)
class Person:
    """One applicant; `id` groups the applications of one person."""

    id: str
    sex: str
    name: str
    region: str
    job: str
    income: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause to be written, in the risky or the benign sense."""

    cause: str
    sense: Sense

    @property
    def effect(self) -> float:
        """What it adds to the log-odds of `bad`."""
        effect = REASONS[self.cause]
        return effect.risky if self.sense == "risky" else effect.benign


def write_letter(rng: Random, phrases: Phrases, person: Person, facts: Facts, reasons: Sequence[Reason]) -> Composed:
    """The text of one application: who and what first, then reasons and distractors in any order."""
    values = {
        "name": person.name,
        "job": person.job,
        "region": phrases.regions[facts.region],
        "income": phrases.amount(facts.stated_income),
        "years": phrases.duration(facts.employment_years),
        "amount": phrases.amount(facts.amount),
        "term": str(facts.term_months),
        "debt": phrases.amount(facts.existing_debt),
        "thing": rng.choice(phrases.purposes[facts.purpose]),
        **phrases.pronouns[person.sex],
    }
    opening = list(_opening(rng, phrases, facts, values))
    body = [_reason(rng, phrases, facts, reason) for reason in reasons]
    body += _distractors(rng, phrases)
    rng.shuffle(opening)
    rng.shuffle(body)
    return compose(phrases, [*_signed(rng, phrases, opening + body, values)])


def _opening(rng: Random, phrases: Phrases, facts: Facts, values: Mapping[str, str]) -> Iterator[Sentence]:
    stated = phrases.fill(rng, rng.choice(phrases.facts), values)
    yield Sentence(stated, label=INCONSISTENT, effect=INCONSISTENT_EFFECT) if facts.inconsistent else Sentence(stated)
    yield Sentence(phrases.fill(rng, rng.choice(phrases.requests), values))
    if facts.existing_debt and rng.random() < 0.15:
        yield Sentence(phrases.fill(rng, rng.choice(phrases.debts), values))


def _reason(rng: Random, phrases: Phrases, facts: Facts, reason: Reason) -> Sentence:
    if reason.cause in phrases.clauses:
        clause = rng.choice(phrases.clauses[reason.cause][reason.sense])
        values = _rival_amounts(rng, phrases, facts, reason)
    else:
        clause = rng.choice(phrases.plain_frames if rng.random() < PLAIN_SHARE else phrases.frames)
        values = _predicates(rng, phrases, reason.cause, holds="bad" if reason.sense == "risky" else "good")
    phrase = phrases.fill(rng, clause, values)
    return Sentence(phrase, rng.choice(phrases.openers), reason.cause, reason.effect)


def _predicates(rng: Random, phrases: Phrases, cause: str, *, holds: str) -> dict[str, str]:
    """The predicate that holds and one that doesn't. A frame that uses only one of them says the same by denial."""
    opposite = "good" if holds == "bad" else "bad"
    sides = phrases.predicates[cause]
    return {"true": rng.choice(sides[holds]), "false": rng.choice(sides[opposite]), "money": _sum(rng, phrases)}


def _rival_amounts(rng: Random, phrases: Phrases, facts: Facts, reason: Reason) -> dict[str, str]:
    """Two monthly amounts that speak against each other; the applicant's stated income is one of them."""
    income = facts.stated_income
    income_is_less = reason.cause == "shortfall" and reason.sense == "risky"
    other = income * (rng.uniform(1.15, 1.7) if income_is_less else rng.uniform(0.3, 0.75))
    low, high = sorted((income, round(other / 50) * 50))
    return {"less": phrases.amount(low), "more": phrases.amount(high)}


def _distractors(rng: Random, phrases: Phrases) -> list[Sentence]:
    """None or one loaded phrase without effect: small talk, or what another person did."""
    chance = rng.random()
    if chance < 0.5:
        return []
    if chance < 0.75:
        return [Sentence(phrases.fill(rng, rng.choice(phrases.distractors), {}), label=DISTRACTOR)]
    cause = rng.choice(tuple(phrases.predicates))
    values = {"any": rng.choice(phrases.predicates[cause][rng.choice(("bad", "good"))]), "money": _sum(rng, phrases)}
    return [Sentence(phrases.fill(rng, rng.choice(phrases.others), values), label=DISTRACTOR)]


def _signed(rng: Random, phrases: Phrases, sentences: list[Sentence], values: Mapping[str, str]) -> Iterator[Sentence]:
    """The sentences, and in most letters a name before them or a note with a pronoun after them."""
    chance = rng.random()
    if chance < 0.4:
        yield Sentence(phrases.fill(rng, rng.choice(phrases.introductions), values))
    yield from sentences
    if chance > 0.6:
        yield Sentence(phrases.fill(rng, rng.choice(phrases.notes), values))


def _sum(rng: Random, phrases: Phrases) -> str:
    return phrases.amount(rng.randrange(3, 60) * 100 * phrases.money_scale)
