"""Known names that are alike: an inverted index of character bigrams that stays fast among many names.

The measure is Sørensen and Dice's over the bigrams of each word with its borders, without the legal form: a swapped
word order costs nothing, a changed letter two bigrams. Shared bigrams are counted over the index in one pass, so each
known name is measured exactly.
"""

from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fengkong.domain.errors import SettingsError
from fengkong.knowledge.entities import Entity
from fengkong.knowledge.graph import EntityGraph
from fengkong.knowledge.names import legal_form, normal_name
from fengkong.knowledge.places import placed

__all__ = ["Match", "NameIndex"]

_IDENTIFIERS = frozenset({"phone", "device", "account"})
"""Types whose names are the same or not: one digit makes another phone."""
BUT_FOR_FORM, BUT_FOR_PLACE = 0.95, 0.9
"""Scores of names that are the same but for the legal form, and but for the place in front too."""
_LEAST, _LEAST_PERSON = 0.8, 0.95
"""How alike names must be; Mario Garcia and Maria Garcia are alike by .91."""


class Match(NamedTuple):
    """A known name that is alike: whose it is, the score in (0, 1], and what makes it alike."""

    entity: Entity
    name: str
    score: float
    reason: str


class NameIndex:
    """The known names of entities of one type."""

    def __init__(self, type_: str) -> None:
        self.type = type_
        self._names: list[str] = []
        self._sizes = array("i")
        self._bearers: dict[str, list[Entity]] = {}
        self._without_form: dict[str, list[int]] = {}
        self._cores: dict[str, list[int]] = {}
        self._holding: dict[str, array[int]] = {}

    @classmethod
    def of(cls, graph: EntityGraph, type_: str) -> "NameIndex":
        """The names and other names of all entities of a type in a graph."""
        index = cls(type_)
        for entity in graph.entities():
            if entity.type == type_:
                index.add(entity.name, entity)
        for entity, alias in graph.aliases():
            if entity.type == type_:
                index.add(alias.name, entity)
        return index

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, entity: Entity) -> None:
        """Let an entity be known by a name; several may bear one. A name without letter or digit is passed over."""
        normal = normal_name(self.type, name)
        if not normal:
            return
        bearers = self._bearers.setdefault(normal, [])
        if not bearers:
            bigrams = self._bigrams_of(normal)
            self._without_form.setdefault(_without_form(normal), []).append(len(self._names))
            self._cores.setdefault(_core(normal), []).append(len(self._names))
            for bigram in bigrams:
                self._holding.setdefault(bigram, array("i")).append(len(self._names))
            self._names.append(normal)
            self._sizes.append(len(bigrams))
        if entity not in bearers:
            bearers.append(entity)

    def find(self, name: str, least: float | None = None) -> list[Match]:
        """Known names alike by at least `least`, the best first; each of several bearers of a name is a match.

        least: 0.8 where it is None, of persons 0.95. Companies whose places differ are never alike. Raises
        SettingsError for a bound outside of (0, 1].
        """
        if least is None:
            least = _LEAST_PERSON if self.type == "person" else _LEAST
        if not 0 < least <= 1:
            raise SettingsError("the bound of likeness lies between 0 and 1", received=str(least), cure="give 0.8")
        normal = normal_name(self.type, name)
        found: dict[str, tuple[float, str]] = {}
        for known, score, reason in self._alike(normal, least):
            if score < least or not self._may_be_one(known, normal):
                continue
            if score > found.get(known, (0.0, ""))[0]:  # of equal scores the first reason stays
                found[known] = (score, reason)
        best = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
        return [Match(bearer, known, *why) for known, why in best for bearer in self._bearers[known]]

    def _alike(self, normal: str, least: float) -> Iterator[tuple[str, float, str]]:
        if not normal:
            return
        if normal in self._bearers:
            yield normal, 1.0, "the same name"
        if self.type == "company":
            for at in self._without_form.get(_without_form(normal), ()):
                yield self._names[at], BUT_FOR_FORM, "the same but for the legal form"
            for at in self._cores.get(_core(normal), ()):
                yield self._names[at], BUT_FOR_PLACE, "the same but for place and legal form"
        dice = self._dice(self._bigrams_of(normal))
        for at in np.flatnonzero(dice >= least).tolist():
            same_form = self.type != "company" or legal_form(self._names[at])[1] == legal_form(normal)[1]
            yield self._names[at], float(dice[at]) * (1 if same_form else BUT_FOR_FORM), "alike in spelling"

    def _may_be_one(self, known: str, normal: str) -> bool:
        return self.type != "company" or placed(_without_form(known)).agrees(placed(_without_form(normal)))

    def _dice(self, bigrams: frozenset[str]) -> npt.NDArray[np.float64]:
        """The likeness of every known name."""
        sizes = np.array(self._sizes)
        held = [np.array(self._holding[bigram]) for bigram in bigrams if bigram in self._holding]
        if not held:
            return np.zeros(len(sizes))
        shared = np.bincount(np.concatenate(held), minlength=len(sizes))
        likeness: npt.NDArray[np.float64] = 2 * shared / (len(bigrams) + sizes)
        return likeness

    def _bigrams_of(self, normal: str) -> frozenset[str]:
        """What names are compared by: not the legal form, which thousands share, and nothing of identifiers."""
        if self.type in _IDENTIFIERS:
            return frozenset()
        return frozenset(_bigrams(_without_form(normal) if self.type == "company" else normal))


def _bigrams(normal: str) -> Iterator[str]:
    for word in normal.split():
        bordered = f" {word} "
        yield from (bordered[at : at + 2] for at in range(len(bordered) - 1))


def _without_form(normal: str) -> str:
    return legal_form(normal)[0]


def _core(normal: str) -> str:
    """A company's name without its legal form and the place in front of it."""
    return placed(_without_form(normal)).rest
