"""Simulated past cases whose truth is known."""

import random
from collections.abc import Callable

import pytest

from fengkong.corpus import Splits, split_examples
from fengkong.domain.documents import Example

Make = Callable[..., Splits]


def loan(rng: random.Random, number: int, planted: bool) -> Example:
    """One case: bad more often where income is low, the town is Ost, or the text pleads urgency (each if planted)."""
    income = round(rng.lognormvariate(8, 0.5), 2)
    fields = {
        "income": income if rng.random() > 0.1 else None,
        "town": rng.choice(["Nord", "Süd", "Ost", "West"]),
        "dependants": rng.randrange(5),
        "amount": rng.randrange(1_000, 20_000),
        "member": rng.random() < 0.5,
    }
    urgent = rng.random() < 0.15
    text = f"Loan {number} for {rng.choice(['a car', 'school', 'repairs'])}" + ", very urgent please" * urgent
    chance = 0.2
    if planted:
        chance = 0.05 + 0.3 * (fields["town"] == "Ost") + 0.3 * (income < 2_000) + 0.5 * urgent
    return Example(text, "default" if rng.random() < chance else "repaid", fields=fields)


@pytest.fixture(scope="session")
def make_splits() -> Make:
    """Splits of simulated loans, by seed; `planted=False` gives labels that nothing tells."""

    def make(seed: int = 0, size: int = 2_000, *, planted: bool = True) -> Splits:
        rng = random.Random(seed)
        examples = [loan(rng, number, planted) for number in range(size)]
        return split_examples(examples, seed=seed, shares=(0.5, 0.1, 0.4))

    return make
