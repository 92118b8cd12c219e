"""Language material as data: templates with slots and free choices, which one TOML file a language holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

__all__ = ["Language", "Material", "Sense", "slots_in"]

Language = Literal["en", "zh"]
Sense = Literal["risky", "benign"]

INNERMOST_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class Material:
    """What every simulated text needs of a language: how sentences end and join, how money is written, and slots.

    money_scale: units of the currency to one of the model's.
    """

    sentence_end: str
    joiner: str
    money: str
    money_scale: int
    slots: Mapping[str, Sequence[str]]

    def amount(self, value: int) -> str:
        """Money as the language writes it."""
        return self.money.format(value)

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

        filled = 1
        while filled:
            template, filled = INNERMOST_BRACES.subn(replace, template)
        return template


def slots_in(template: str) -> set[str]:
    """The names of the slots in a template. Raises ValueError for a brace that is not closed, or not opened."""
    names: set[str] = set()

    def replace(found: re.Match[str]) -> str:
        if "|" not in found[1]:
            names.add(found[1])
        return "\0"  # what a slot's name can't hold, so that a slot within a slot's name is a strange name

    filled = 1
    while filled:
        template, filled = INNERMOST_BRACES.subn(replace, template)
    if "{" in template or "}" in template:
        raise ValueError("a brace stands alone")
    return names
