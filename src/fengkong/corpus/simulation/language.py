"""Language material as data: templates with slots and free choices, read from one TOML file a language."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

__all__ = ["Language", "Phrases", "Sense", "load_phrases"]

Language = Literal["en", "zh"]
Sense = Literal["risky", "benign"]

INNERMOST_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Phrases:
    """Everything that one language can say. The comments in the TOML file describe each part."""

    sentence_end: str
    joiner: str
    money: str
    money_scale: int
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
    slots: Mapping[str, Sequence[str]]
    regions: Mapping[str, str]
    purposes: Mapping[str, Sequence[str]]
    names: Mapping[str, Any]
    pronouns: Mapping[str, Mapping[str, str]]
    predicates: Mapping[str, Mapping[str, Sequence[str]]]
    clauses: Mapping[str, Mapping[str, Sequence[str]]]

    def amount(self, value: int) -> str:
        """Money as the language writes it."""
        return self.money.format(value)

    def duration(self, years: int) -> str:
        """Whole years in words that read well for none, one and several."""
        return self.years[min(years, 2)].format(years)

    def fill(self, rng: Random, template: str, values: Mapping[str, str]) -> str:
        """The template with every choice made and every slot filled, from `values` before the language's own slots.

        Works from the innermost braces outwards, so slots and choices nest; a slot keeps its value within the template.
        """
        known = dict(values)

        def replace(found: re.Match[str]) -> str:
            inside: str = found[1]
            if "|" in inside:
                return rng.choice(inside.split("|"))
            if inside not in known:
                known[inside] = rng.choice(self.slots[inside])
            return known[inside]

        while "{" in template:
            template = INNERMOST_BRACES.sub(replace, template)
        return template

    def name(self, rng: Random, sex: str) -> str:
        """A composed name of a person."""
        parts = {"given": rng.choice(self.names[sex]), "surname": rng.choice(self.names["surname"])}
        return self.fill(rng, self.names["pattern"], parts)


@cache
def load_phrases(language: Language) -> Phrases:
    """The material of one language, read once."""
    text = files("fengkong.corpus.simulation").joinpath(f"phrases_{language}.toml").read_text(encoding="utf-8")
    return Phrases(**tomllib.loads(text))
