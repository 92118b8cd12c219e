"""What a language can say of a loan application. The comments in the TOML files describe each part."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from fengkong.corpus.simulation.language import Language, Material

__all__ = ["Phrases", "load_phrases"]


@dataclass(frozen=True, kw_only=True)
class Phrases(Material):
    """Everything that one language can say of an application."""

    years: tuple[str, str, str]
    openers: Sequence[str]
    facts: Sequence[str]
    requests: Sequence[str]
    debts: Sequence[str]
    introductions: Sequence[str]
    notes: Sequence[str]
    distractors: Sequence[str]
    others: Sequence[str]
    plain_frames: Sequence[str]
    frames: Sequence[str]
    regions: Mapping[str, str]
    purposes: Mapping[str, Sequence[str]]
    names: Mapping[str, Any]
    pronouns: Mapping[str, Mapping[str, str]]
    predicates: Mapping[str, Mapping[str, Sequence[str]]]
    clauses: Mapping[str, Mapping[str, Sequence[str]]]

    def duration(self, years: int) -> str:
        """Whole years in words that read well for none, one and several."""
        return self.years[min(years, 2)].format(years)

    def name(self, rng: Random, sex: str) -> str:
        """A composed name of a person."""
        parts = {"given": rng.choice(self.names[sex]), "surname": rng.choice(self.names["surname"])}
        return self.fill(rng, self.names["pattern"], parts)


@cache
def load_phrases(language: Language) -> Phrases:
    """The material of one language, read once."""
    text = files("fengkong.corpus.simulation.loan").joinpath(f"phrases_{language}.toml").read_text(encoding="utf-8")
    return Phrases(**tomllib.loads(text))
