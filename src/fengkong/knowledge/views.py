"""The graph as it was known at a moment, with what one document says beside it.

All facts are drawn from a view, so none of them can see the future, and a document's own links count alike whether or
not the document has been taken into the graph.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fengkong.knowledge.entities import Edge, Entity
from fengkong.knowledge.graph import EntityGraph, ticks

__all__ = ["GraphView", "Step"]


class Step(NamedTuple):
    """One edge as seen from one of its ends: its kind, the entity at the other end, whether it leads there."""

    kind: str
    other: int
    outward: bool
    value: Decimal | None


class GraphView:
    """What was known strictly before `as_of`, and still held then; own edges are of that moment.

    An entity with more than `hub` neighbours is crowded: it links everybody with everybody (a bank, a hotline), so
    walks don't pass through it. own_source: the document of the own edges; what it said before is put aside for them.
    Entities that only the own edges name have negative numbers.
    """

    def __init__(
        self, graph: EntityGraph, as_of: datetime, own: Iterable[Edge] = (), own_source: str = "", *, hub: int = 200
    ) -> None:
        self.graph, self.hub = graph, hub
        self._as_of = ticks(as_of)
        self._put_aside = graph.source_number(own_source) if own_source else None
        self._new: dict[Entity, int] = {}
        self._own: dict[int, list[Step]] = {}
        self._near: dict[int, list[int]] = {}
        for edge in own:
            graph.vocabulary.check(edge)
            start, end = self.number(edge.start), self.number(edge.end)
            self._own.setdefault(start, []).append(Step(edge.kind, end, True, edge.value))
            if end != start:
                self._own.setdefault(end, []).append(Step(edge.kind, start, False, edge.value))

    def number(self, entity: Entity) -> int:
        """The number of an entity, be it known to the graph or not."""
        known = self.graph.number(entity)
        return self._new.setdefault(entity, -1 - len(self._new)) if known is None else known

    def entity(self, number: int) -> Entity:
        """The entity of a number."""
        return self.graph.entity(number) if number >= 0 else list(self._new)[-1 - number]

    def is_bad(self, number: int) -> bool:
        """Whether the entity was known to be bad."""
        return number >= 0 and self.graph.bad_since(number) < self._as_of

    def neighbours(self, number: int) -> Sequence[int]:
        """The entities that an edge of any kind links it with, each once; at most `hub` + 1 of them."""
        near = self._near.get(number)
        if near is None:
            near = self._near[number] = self._first_neighbours(number)
        return near

    def passes(self, number: int) -> Sequence[int]:
        """The neighbours that a walk may go on to: none from a crowded entity."""
        near = self.neighbours(number)
        return near if len(near) <= self.hub else ()

    def steps(self, number: int, *kinds: str) -> Iterator[Step]:
        """The edges of some kinds at an entity, by time; an edge to itself comes once, outward."""
        graph, wanted = self.graph, {kind for kind in self.graph.kinds if kind in kinds}
        for edge in self._edges(number):
            kind = graph.kinds[graph.kind[edge]]
            if kind in wanted:
                start = graph.start[edge]
                outward = start == number
                yield Step(kind, graph.end[edge] if outward else start, outward, graph.value[edge])
        yield from (step for step in self._own.get(number, ()) if step.kind in kinds)

    def _edges(self, number: int) -> Iterator[int]:
        if number < 0:
            return
        graph, as_of, put_aside = self.graph, self._as_of, self._put_aside
        time, until = graph.time, graph.until
        for edge in graph.touching[number]:
            if time[edge] >= as_of:
                return
            if until[edge] >= as_of and (put_aside is None or graph.source(edge) != put_aside):
                yield edge

    def _first_neighbours(self, number: int) -> list[int]:
        start, end, most = self.graph.start, self.graph.end, self.hub + 1
        near: dict[int, None] = dict.fromkeys(step.other for step in self._own.get(number, ()))
        for edge in self._edges(number):
            if len(near) >= most:
                break
            near[end[edge] if start[edge] == number else start[edge]] = None
        near.pop(number, None)
        return list(near)[:most]
