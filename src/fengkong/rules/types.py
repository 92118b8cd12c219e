"""The types of the rule language: what an input may be declared as, and which types go together.

Numbers are exact. An integer has at most 64 bits; a decimal is a Decimal (a JSON number is read as the digits it was
written with); a probability is the double that a model gave. A category is a text out of a declared list. Money is a
decimal whose currency the type knows. An entity is the identity of somebody or something: a text in its plain form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "AMOUNTS",
    "BOOLEAN",
    "BUILTIN_INPUTS",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "DURATION",
    "ENTITY",
    "INTEGER",
    "ITEMS",
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
    DURATION = "duration"
    MONEY = "money"
    ENTITY = "entity"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, and what belongs to it: the values of a category in the author's order, a currency, a type of items."""

    kind: Kind
    values: tuple[str, ...] = ()
    currency: str = ""
    of: "Type | None" = None

    def __str__(self) -> str:
        if self.of is not None:
            return f"{self.kind} of {self.of}"
        return f"{self.kind} {self.currency}" if self.currency else str(self.kind)


BOOLEAN = Type(Kind.BOOLEAN)
INTEGER = Type(Kind.INTEGER)
DECIMAL = Type(Kind.DECIMAL)
PROBABILITY = Type(Kind.PROBABILITY)
TEXT = Type(Kind.TEXT)
DATE = Type(Kind.DATE)
DATETIME = Type(Kind.DATETIME)
DURATION = Type(Kind.DURATION)
ENTITY = Type(Kind.ENTITY)

NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PROBABILITY})
TEXTS = frozenset({Kind.TEXT, Kind.CATEGORY})
AMOUNTS = NUMBERS | {Kind.MONEY}
ORDERED = AMOUNTS | {Kind.DATE, Kind.DATETIME, Kind.DURATION}
ITEMS = frozenset(Kind) - {Kind.PROBABILITY, Kind.CATEGORY, Kind.MONEY, Kind.LIST}
"""What a declared list may hold."""

BUILTIN_INPUTS: Mapping[str, Type] = MappingProxyType({"text": TEXT})
"""Inputs that every rule set has without declaring them: the document's text."""


def signal_inputs(name: str, labels: tuple[str, ...] = ()) -> dict[str, Type]:
    """The inputs that one declared signal stands for; its label is a category where the labels are declared."""
    label = Type(Kind.CATEGORY, labels) if labels else TEXT
    return {
        f"{name}.p": PROBABILITY,
        f"{name}.label": label,
        f"{name}.labels": Type(Kind.LIST, of=label),
        f"{name}.value": DECIMAL,
        f"{name}.spans": Type(Kind.LIST, of=TEXT),
        f"{name}.abstained": BOOLEAN,
        f"{name}.failed": BOOLEAN,
    }
