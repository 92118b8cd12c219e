"""When two texts are copies, and which examples can't be parted."""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence

from fengkong.domain.documents import Example

__all__ = ["Clusters", "atoms", "copy_key"]

_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


def copy_key(text: str) -> str:
    """What stays when width, case, blanks and invisible characters are taken away: equal keys, copies of one text."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).casefold())


class Clusters:
    """Sets of numbers that grow together: union by the smaller root, with path halving (Tarjan 1975)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, member: int) -> int:
        """The smallest number of the member's cluster."""
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, left: int, right: int) -> None:
        """Make one cluster of two."""
        low, high = sorted((self.root(left), self.root(right)))
        self._parent[high] = low

    def join_equal(self, keys: Iterable[Hashable]) -> None:
        """Join the numbers whose keys are equal; None is equal to nothing."""
        first: dict[Hashable, int] = {}
        for member, key in enumerate(keys):
            if key is not None:
                self.join(first.setdefault(key, member), member)

    def members(self) -> list[list[int]]:
        """All clusters, each in ascending order, by their smallest member."""
        clusters: dict[int, list[int]] = {}
        for member in range(len(self._parent)):
            clusters.setdefault(self.root(member), []).append(member)
        return list(clusters.values())


def atoms(examples: Sequence[Example], *, copies: bool = True) -> list[list[int]]:
    """Positions that must stay together: they share a group (or, with `copies`, a text), directly or through others."""
    clusters = Clusters(len(examples))
    clusters.join_equal(ex.group for ex in examples)
    if copies:
        clusters.join_equal(copy_key(ex.text) or None for ex in examples)
    return clusters.members()
