"""The content of a block, allow or watch list, and how a value is looked up in it.

A value and the entries of a list are compared in a plain form, so that neither capitals nor blanks nor full-width
digits hide one from the other.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

__all__ = ["LOOKUPS", "EntityKind", "Listing", "plain_form"]


class EntityKind(StrEnum):
    """What the entries of a list are, by the word that an author declares them with."""

    TEXT = "text"
    CODE = "code"
    PHONE = "phone"


class Listing(str):
    """The content of a list; as a text, the sha256 (hex) of its content, so that equal content is equal in any tree.

    always: entries in their plain form that hold for ever. until: the others, with the last day on which they hold.
    """

    __slots__ = ("always", "until")

    always: frozenset[str]
    until: Mapping[str, date]

    @classmethod
    def of(cls, always: frozenset[str], until: Mapping[str, date]) -> "Listing":
        """The list of those entries. One that holds for ever needs no last day."""
        dated = {value: day for value, day in until.items() if value not in always}
        lines = sorted([f"{value}\t\n" for value in always] + [f"{value}\t{day}\n" for value, day in dated.items()])
        listing = cls(sha256("".join(lines).encode()).hexdigest())
        listing.always, listing.until = always, MappingProxyType(dated)
        return listing


_BLANKS = re.compile(r"\s+")
_SEPARATORS = re.compile(r"[\W_]+")
_NO_DIGITS = re.compile(r"[^0-9]+")
_INTERNATIONAL = re.compile(r"^00")
_CHINA = re.compile(r"^86(?=1[0-9]{10}$)")


def plain_form(value: str, kind: str) -> str:
    """The form in which values are compared: full-width, case and invisible characters never count.

    text: runs of blanks are one blank. code (an account, a plate, a device): letters and digits alone. phone: digits
    alone, without a leading 00 and, before a Chinese mobile number, without 86.
    """
    folded = unicodedata.normalize("NFKC", value).casefold()
    if not folded.isascii():
        folded = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    match kind:
        case EntityKind.PHONE:
            digits = _NO_DIGITS.sub("", folded if folded.isascii() else _western(folded))
            return _CHINA.sub("", _INTERNATIONAL.sub("", digits))
        case EntityKind.CODE:
            return _SEPARATORS.sub("", folded)
    return _BLANKS.sub(" ", folded).strip()


def _western(text: str) -> str:
    """The text with its digits, in whatever script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _plain_form(kind: str) -> Callable[[str], str | None]:
    def find(value: str) -> str | None:
        plain = plain_form(value, kind)
        # Something was written, but no phone or code: whether that person is on the list can't be told.
        return plain if plain or not plain_form(value, EntityKind.TEXT) else None

    return find


def _listed(listing: Listing) -> Callable[[str], bool]:
    return listing.always.__contains__


def _dated(listing: Listing) -> Callable[[str], bool]:
    return listing.until.__contains__


def _until(listing: Listing) -> Callable[[str], date | None]:
    return listing.until.get


LOOKUPS: Mapping[str, Callable[..., Callable[..., object]]] = MappingProxyType(
    {"plain form": _plain_form, "listed": _listed, "listed for a time": _dated, "listed until": _until}
)
"""By the name of the call: takes its settings, gives the plain function. Authors write `value in lists.name`, and the
checker these; none of the names can be written in a condition."""
