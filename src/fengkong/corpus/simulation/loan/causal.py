"""The causal model of simulated loan applications: what makes one bad, and by how much.

The log-odds of the label `bad` are a sum:

    BASE
    + facts      debt burden, income, employment and purpose (`fact_contributions`)
    + reasons    each planted phrase adds its cause's effect: `risky` where the trait holds of the applicant, `benign`
                 where its opposite does (REASONS)
    + protected  `protected_effect` for applicants of PROTECTED_VALUE; zero unless asked for

and the label is one Bernoulli draw from them: an oracle that knows every cause has an AUC of about 0.98, and nobody can
do better. Region, name, job, distractor phrases, and what is said about other people have no effect at all.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

__all__ = [
    "AGREEMENT",
    "BASE",
    "FRAUD",
    "INCONSISTENT",
    "PROTECTED_ATTRIBUTE",
    "PROTECTED_VALUE",
    "PURPOSES",
    "REASONS",
    "REGIONS",
    "Effect",
    "Facts",
    "draw_facts",
    "draw_income",
    "fact_contributions",
    "probability",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a cause adds to the log-odds of `bad` in either sense, and how often it is written in the risky one."""

    risky: float
    benign: float
    share_risky: float = 0.45


REASONS: Mapping[str, Effect] = MappingProxyType(
    {
        "arrears": Effect(3.8, -3.2),
        "gambling": Effect(4.0, -2.8),
        "employment": Effect(3.4, -3.4),
        "borrowing": Effect(3.4, -3.0),
        "reserves": Effect(3.0, -3.2),
        "shortfall": Effect(3.2, -3.0),
        "coached": Effect(4.2, -2.6, 0.42),
        "pressure": Effect(3.8, -2.6, 0.42),
        "identity": Effect(4.6, -2.6, 0.42),
        "script": Effect(3.4, -2.4, 0.42),
        "contradiction": Effect(4.0, -2.6, 0.42),
    }
)
"""Causes written as phrases. The risky sense of those in FRAUD is a fraud pattern."""

AGREEMENT = 0.85
"""How often the second cause of an application has the sense of the first."""

INCONSISTENT = "inconsistent"
"""The fraud pattern that lies between text and fields: the text states a far higher income than the field."""

FRAUD = frozenset({"coached", "pressure", "identity", "script", "contradiction", INCONSISTENT})

INCONSISTENT_EFFECT = 2.2
INCONSISTENT_SHARE = 0.05
INFLATION = (1.7, 2.6)

BASE = -0.75

PROTECTED_ATTRIBUTE = "sex"
PROTECTED_VALUE = "female"

REGIONS = ("north", "south", "east", "west", "centre")

PURPOSES: Mapping[str, float] = MappingProxyType(
    {
        "car": 0.0,
        "home": -0.3,
        "education": -0.2,
        "medical": 0.1,
        "consolidation": 0.3,
        "business": 0.4,
        "travel": 0.2,
    }
)
"""Purposes, and what each adds to the log-odds."""

MEDIAN_INCOME = 2_800
MONTHS_TO_REPAY_OLD_DEBT = 36
LONGEST_EMPLOYMENT = 30


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one application. Money in whole units of currency, income a month."""

    amount: int
    income: int
    term_months: int
    purpose: str
    employment_years: int
    existing_debt: int
    region: str
    stated_income: int
    """What the text says of the income; another figure than `income` where the facts are inconsistent."""

    @property
    def inconsistent(self) -> bool:
        """Whether the text contradicts the fields."""
        return self.stated_income != self.income


def draw_income(rng: Random, scale: int) -> int:
    """A monthly income, log-normal around the median of the currency (`scale` units to one)."""
    return _round(math.exp(rng.gauss(math.log(MEDIAN_INCOME), 0.4)), 50) * scale


def draw_facts(rng: Random, *, income: int, region: str) -> Facts:
    """The facts of one application by an applicant of that income and region."""
    inflation = rng.uniform(*INFLATION) if rng.random() < INCONSISTENT_SHARE else 1.0
    return Facts(
        amount=_round(income * rng.uniform(1, 9), 100),
        income=income,
        term_months=rng.choice((12, 24, 36, 48, 60)),
        purpose=rng.choice(tuple(PURPOSES)),
        employment_years=min(int(rng.expovariate(1 / 5)), LONGEST_EMPLOYMENT),
        existing_debt=_round(income * 12 * rng.random() ** 2, 100) if rng.random() < 0.8 else 0,
        region=region,
        stated_income=income if inflation == 1 else _round(income * inflation, 50),
    )


def fact_contributions(facts: Facts, scale: int) -> dict[str, float]:
    """What each fact adds to the log-odds, by name.

    Burden is the share of income that repaying this loan and older debts takes each month.
    """
    burden = (facts.amount / facts.term_months + facts.existing_debt / MONTHS_TO_REPAY_OLD_DEBT) / facts.income
    contributions = {
        "debt_burden": max(-0.6, min(1.2, 3 * (burden - 0.3))),
        "income": -0.5 * math.log(facts.income / (MEDIAN_INCOME * scale)),
        "employment_years": -0.12 * (min(facts.employment_years, 10) - 4),
        "purpose": PURPOSES[facts.purpose],
    }
    if facts.inconsistent:
        contributions[INCONSISTENT] = INCONSISTENT_EFFECT
    return contributions


def probability(contributions: Mapping[str, float]) -> float:
    """The probability of `bad` from the summed log-odds."""
    return 1 / (1 + math.exp(-sum(contributions.values())))


def _round(value: float, step: int) -> int:
    return max(step, round(value / step) * step)
