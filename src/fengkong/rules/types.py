"""The types of the rule language: what an input may be declared as, and which types go together.

Numbers are exact. An integer has at most 64 bits; a decimal is a Decimal (a JSON number is read as the digits it was
written with); a probability is the double that a model gave. A category is a text out of a declared list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "BOOLEAN",
    "BUILTIN_INPUTS",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "INTEGER",
    "NUMBERS",
    "ORDERED",
    "PROBABILITY",
    "TEXT",
    "TEXTS",
    "Kind",
    "Type",
    "signal_inputs",
]


class Kind(StrEnum):
    """The kinds of value, by the word that an author declares them with."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    PROBABILITY = "probability"
    TEXT = "text"
    CATEGORY = "category"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind and, for a category, its declared values in the author's order."""

    kind: Kind
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return str(self.kind)


BOOLEAN = Type(Kind.BOOLEAN)
INTEGER = Type(Kind.INTEGER)
DECIMAL = Type(Kind.DECIMAL)
PROBABILITY = Type(Kind.PROBABILITY)
TEXT = Type(Kind.TEXT)
DATE = Type(Kind.DATE)
DATETIME = Type(Kind.DATETIME)

NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PROBABILITY})
TEXTS = frozenset({Kind.TEXT, Kind.CATEGORY})
ORDERED = NUMBERS | {Kind.DATE, Kind.DATETIME}

BUILTIN_INPUTS: Mapping[str, Type] = MappingProxyType({"text": TEXT})
"""Inputs that every rule set has without declaring them: the document's text."""


def signal_inputs(name: str, labels: tuple[str, ...] = ()) -> dict[str, Type]:
    """The inputs that one declared signal stands for; its label is a category where the labels are declared."""
    return {
        f"{name}.p": PROBABILITY,
        f"{name}.label": Type(Kind.CATEGORY, labels) if labels else TEXT,
        f"{name}.abstained": BOOLEAN,
        f"{name}.failed": BOOLEAN,
    }
