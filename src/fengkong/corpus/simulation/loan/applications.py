"""Simulated loan applications and their truth: labelled texts whose causes are known exactly."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import get_args

from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.loan.causal import (
    AGREEMENT,
    BASE,
    FRAUD,
    INCONSISTENT,
    PROTECTED_ATTRIBUTE,
    PROTECTED_VALUE,
    REASONS,
    REGIONS,
    Facts,
    draw_facts,
    draw_income,
    fact_contributions,
    probability,
)
from fengkong.corpus.simulation.loan.phrases import Phrases, load_phrases
from fengkong.corpus.simulation.loan.writer import Person, Reason, write_letter
from fengkong.corpus.simulation.simulated import Simulation
from fengkong.domain.documents import Example, FieldValue, Place
from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.domain.spans import Span

__all__ = ["BAD", "GOOD", "Truth", "simulate"]

GOOD, BAD = "good", "bad"

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 700
REPEAT_SHARE = 0.08
UNKNOWN_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one application because it was made so.

    probability: causal, of the label `bad`; the logistic of the sum of `contributions` (log-odds by cause).
    planted: phrases in characters of the text; `label` is the cause, `weight` its effect in log-odds.
    distractors: loaded phrases that have no effect.
    protected: the attribute and this applicant's value of it.
    fraud: the fraud patterns written into the application.
    """

    id: str
    label: str
    probability: float
    contributions: Mapping[str, float]
    planted: tuple[Span, ...]
    distractors: tuple[Span, ...]
    protected: Mapping[str, str]
    fraud: tuple[str, ...]


def simulate(n: int, *, language: Language = "en", seed: int = 42, protected_effect: float = 0.0) -> Simulation[Truth]:
    """`n` loan applications with labels `good` and `bad`, in order of time, from the causal model in `causal`.

    protected_effect: added to the log-odds of `bad` for women, all else equal; zero means that sex has no effect.
    The same arguments give the same bytes. Another `protected_effect` changes labels and probabilities alone: texts,
    fields and the draws behind the labels stay, so that its effect can be seen by itself.
    Raises SettingsError for a count below one, an unknown language, or an effect that is not finite.
    """
    if n < 1:
        raise SettingsError("the number of applications must be at least 1", received=str(n))
    if language not in get_args(Language):
        raise SettingsError(
            "the language is not known", received=repr(language), cure=likely_slip(str(language), get_args(Language))
        )
    if not math.isfinite(protected_effect):
        raise SettingsError("the protected effect must be finite", received=str(protected_effect))
    rng = Random(seed)  # noqa: S311 - simulated data, not a secret
    phrases = load_phrases(language)
    times = sorted(FIRST_DAY + timedelta(seconds=rng.randrange(DAYS * 86_400)) for _ in range(n))
    persons: list[Person] = []
    pairs = [
        _apply(rng, phrases, _applicant(rng, phrases, persons), f"{language}-{number:06d}", time, protected_effect)
        for number, time in enumerate(times, start=1)
    ]
    return Simulation(tuple(ex for ex, _ in pairs), tuple(truth for _, truth in pairs))


def _applicant(rng: Random, phrases: Phrases, persons: list[Person]) -> Person:
    """Somebody new, who joins `persons`, or now and then somebody who has applied before."""
    if persons and rng.random() < REPEAT_SHARE:
        return rng.choice(persons)
    sex = rng.choice((PROTECTED_VALUE, "male"))
    person = Person(
        id=f"A{len(persons) + 1:06d}",
        sex=sex,
        name=phrases.name(rng, sex),
        region=rng.choice(REGIONS),
        job=rng.choice(phrases.slots["job"]),
        income=draw_income(rng, phrases.money_scale),
    )
    persons.append(person)
    return person


def _apply(
    rng: Random, phrases: Phrases, person: Person, row: str, time: datetime, protected_effect: float
) -> tuple[Example, Truth]:
    facts = draw_facts(rng, income=person.income, region=person.region)
    reasons = _draw_reasons(rng)
    letter = write_letter(rng, phrases, person, facts, reasons)
    contributions = {
        "base": BASE,
        **fact_contributions(facts, phrases.money_scale),
        **{reason.cause: reason.effect for reason in reasons},
        "protected": protected_effect if person.sex == PROTECTED_VALUE else 0.0,
    }
    p = probability(contributions)
    label = BAD if rng.random() < p else GOOD
    fields = _fields(rng, facts)
    fraud = [reason.cause for reason in reasons if reason.sense == "risky" and reason.cause in FRAUD]
    fraud += [INCONSISTENT] if facts.inconsistent else []
    return (
        Example(letter.text, label, time=time, group=person.id, fields=fields, place=Place(name=row)),
        Truth(
            id=row,
            label=label,
            probability=p,
            contributions=contributions,
            planted=letter.planted,
            distractors=letter.distractors,
            protected={PROTECTED_ATTRIBUTE: person.sex},
            fraud=tuple(fraud),
        ),
    )


def _draw_reasons(rng: Random) -> list[Reason]:
    """One or two different causes. The first sense is drawn; a second leans the same way, as troubles come together."""
    causes = rng.sample(tuple(REASONS), rng.choice((1, 2)))
    risky = rng.random() < REASONS[causes[0]].share_risky
    senses = [risky, risky if rng.random() < AGREEMENT else not risky]
    return [Reason(cause, "risky" if sense else "benign") for cause, sense in zip(causes, senses, strict=False)]


def _fields(rng: Random, facts: Facts) -> dict[str, FieldValue]:
    """The application form. Some applicants leave a box empty; that says nothing about them."""

    def filled(value: int) -> int | None:
        return None if rng.random() < UNKNOWN_SHARE else value

    return {
        "amount": facts.amount,
        "income": facts.income,
        "term_months": facts.term_months,
        "purpose": facts.purpose,
        "employment_years": filled(facts.employment_years),
        "existing_debt": filled(facts.existing_debt),
        "region": facts.region,
    }
