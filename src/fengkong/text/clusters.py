"""Sets that grow together, as copies of copies do."""

from collections.abc import Hashable, Iterable

__all__ = ["Clusters"]


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
