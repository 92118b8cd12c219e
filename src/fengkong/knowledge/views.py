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


Kinds = frozenset[int] | None


class Step(NamedTuple):
    """One edge as seen from one of its ends: the number of its kind, the entity at the other end, its value."""

    kind: int
    other: int
    value: Decimal | None


class GraphView:
    """What was known strictly before `as_of`, and still held then; own edges are of that moment.

    An entity with more than `hub` neighbours is crowded: it links everybody with everybody (a bank, a hotline), so
    walks don't pass through it. own_source: the document of the own edges; what it said before is put aside for them.
    Entities that only the own edges name have negative numbers.
    """

    def __init__(
        self, graph: EntityGraph, as_of: datetime, own: Iterable[Edge] = (), own_source: str = "", *, hub: int = 100
    ) -> None:
        self.graph, self.hub = graph, hub
        self._as_of = ticks(as_of)
        self._put_aside = graph.source_number(own_source) if own_source else None
        self._new: dict[Entity, int] = {}
        self._own: dict[tuple[int, bool], list[Step]] = {}
        self._near: dict[tuple[int, Kinds, bool | None], list[int]] = {}
        for edge in own:
            graph.vocabulary.check(edge)
            start, end = self.number(edge.start), self.number(edge.end)
            kind = graph.kinds.index(edge.kind)
            self._own.setdefault((start, True), []).append(Step(kind, end, edge.value))
            self._own.setdefault((end, False), []).append(Step(kind, start, edge.value))

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

    def neighbours(self, number: int, kinds: Kinds = None, *, outward: bool | None = None) -> Sequence[int]:
        """The entities that an edge of these kinds links it with, each once; at most `hub` + 1 of them.

        Those of own edges come first, then the others by time. kinds: all where it is None, else as `kinds` gives them.
        outward: only edges that leave it, or only those that lead to it. An edge to itself links it with nobody, but
        both leaves and leads to it.
        """
        key = (number, kinds, outward)
        near = self._near.get(key)
        if near is None:
            near = self._near[key] = self._first_neighbours(number, kinds, outward)
        return near

    def passes(self, number: int, kinds: Kinds = None, *, outward: bool | None = None) -> Sequence[int]:
        """The neighbours that a walk may go on to: none from a crowded entity."""
        near = self.neighbours(number, kinds, outward=outward)
        return near if len(near) <= self.hub else ()

    def kinds(self, kinds: Iterable[str]) -> frozenset[int]:
        """Kinds of edges by number, as `neighbours` asks for them; those not declared are none."""
        wanted = set(kinds)
        return frozenset(number for number, kind in enumerate(self.graph.kinds) if kind in wanted)

    def steps(self, number: int, kinds: frozenset[int], *, outward: bool) -> Iterator[Step]:
        """The edges of these kinds that leave an entity, or that lead to it, by time."""
        graph = self.graph
        there = graph.end if outward else graph.start
        for edge in self._edges(number, outward):
            if graph.kind[edge] in kinds:
                yield Step(graph.kind[edge], there[edge], graph.value[edge])
        yield from (step for step in self._own_steps(number, outward) if step.kind in kinds)

    def _first_neighbours(self, number: int, kinds: Kinds, outward: bool | None) -> list[int]:
        graph, most = self.graph, self.hub + 1
        near: dict[int, None] = {}
        for way in (True, False) if outward is None else (outward,):
            there = graph.end if way else graph.start
            near.update(
                (step.other, None) for step in self._own_steps(number, way) if kinds is None or step.kind in kinds
            )
            for edge in self._edges(number, way):
                if len(near) > most:
                    break
                if kinds is None or graph.kind[edge] in kinds:
                    near[there[edge]] = None
        if outward is None:
            near.pop(number, None)
        return list(near)[:most]

    def _edges(self, number: int, outward: bool) -> Iterator[int]:
        """The edges that are seen from the moment of the view."""
        if number < 0:
            return
        graph, as_of, put_aside = self.graph, self._as_of, self._put_aside
        time, until = graph.time, graph.until
        for edge in (graph.leaving if outward else graph.arriving)[number]:
            if time[edge] >= as_of:
                return
            if until[edge] >= as_of and (put_aside is None or graph.source(edge) != put_aside):
                yield edge

    def _own_steps(self, number: int, outward: bool) -> Sequence[Step]:
        return self._own.get((number, outward), ())
