"""Who is linked to whom: a typed graph that only grows, each statement with its time and source.

The store is plain adjacency: lists of edge numbers, those that leave an entity and those that arrive, each sorted by
time, and the edges' parts in arrays. A walk as of a time stops at the first later edge, so it costs no more for all
that became known since. Adding is O(1) for edges that come in the order of time. What only repeats what already holds
is not kept, so that a customer's thousandth document adds no thousandth edge to the same phone.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from fengkong.domain.errors import InputError
from fengkong.knowledge.entities import EVENTS, Edge, Entity, Vocabulary

__all__ = ["NEVER", "EdgeColumns", "EntityGraph", "from_ticks", "ticks"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
NEVER = 2**63 - 1
"""The end of what holds on, in ticks."""
_RECENT = 128


def ticks(moment: datetime) -> int:
    """Microseconds since 1970, UTC."""
    return (moment - _EPOCH) // _TICK


def from_ticks(count: int) -> datetime:
    """The moment so many microseconds after 1970, UTC."""
    return _EPOCH + count * _TICK


class EdgeColumns(NamedTuple):
    """The parts of many edges, each in a column; times in ticks."""

    kinds: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    times: Sequence[int]
    untils: Sequence[int]
    values: Sequence[Decimal | None]
    sources: Sequence[str]


class EntityGraph:
    """Entities and edges, by number from 0 in the order in which they came.

    The number of an entity is a short name for it within one graph: `number` gives it, `entity` leads back.
    """

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self.vocabulary = vocabulary or Vocabulary()
        self.kinds = tuple(self.vocabulary.kinds)
        self.kind = array("H")
        self.start = array("i")
        self.end = array("i")
        self.time = array("q")
        self.until = array("q")
        self.value: list[Decimal | None] = []
        self.leaving: list[list[int]] = []
        """Of each entity, the numbers of the edges that start there, by time; `arriving` those that end there."""
        self.arriving: list[list[int]] = []
        self._source = array("i")
        self._sources: dict[str, int] = {}
        self._kinds = {kind: number for number, kind in enumerate(self.kinds)}
        self._numbers: dict[Entity, int] = {}
        self._entities: list[Entity] = []
        self._bad: dict[int, int] = {}
        self._aliases: dict[Entity, list[int]] = {}

    def __len__(self) -> int:
        return len(self._entities)

    @property
    def edge_count(self) -> int:
        """How many edges it holds."""
        return len(self.kind)

    def add(self, edge: Edge) -> None:
        """Take in one statement, unless it already holds. Raises InputError as `Vocabulary.check` does; then nothing is
        changed.
        """
        self.vocabulary.check(edge)
        number = len(self.kind)
        start, end = self.add_entity(edge.start), self.add_entity(edge.end)
        if edge.kind not in EVENTS and self._holds(edge, start, end):
            return
        self.kind.append(self._kinds[edge.kind])
        self.start.append(start)
        self.end.append(end)
        self.time.append(ticks(edge.time))
        self.until.append(NEVER if edge.until is None else ticks(edge.until))
        self.value.append(edge.value)
        self._source.append(self._sources.setdefault(edge.source, len(self._sources)))
        self._touch(self.leaving[start], number)
        self._touch(self.arriving[end], number)

    def extend(self, edges: Iterable[Edge]) -> None:
        """Take in several, in their order; those before one that can't be taken stay."""
        for edge in edges:
            self.add(edge)

    def add_entity(self, entity: Entity) -> int:
        """Take in an entity, linked or not, and tell its number; one that is known keeps its own."""
        number = self.number(entity)
        if number is None:
            number = len(self._entities)
            self._entities.append(entity)
            self.leaving.append([])
            self.arriving.append([])
            self._numbers[entity] = number
        return number

    def alias(self, entity: Entity, alias: Entity) -> None:
        """Let the entity be known by another name too. Of a name that several bear, none is meant by it."""
        number = self.add_entity(entity)
        bearers = self._aliases.setdefault(alias, [])
        if number not in bearers:
            bearers.append(number)

    def extend_checked(self, edges: EdgeColumns) -> None:
        """Take in many edges at once, by columns that were checked; entities are numbers of this graph."""
        first = len(self.kind)
        sources = [self._sources.setdefault(source, len(self._sources)) for source in edges.sources]
        for column, new in (
            (self.kind, (self._kinds[kind] for kind in edges.kinds)),
            (self.start, edges.starts),
            (self.end, edges.ends),
            (self.time, edges.times),
            (self.until, edges.untils),
            (self._source, sources),
        ):
            column.extend(new)
        self.value.extend(edges.values)
        for number in sorted(range(first, len(self.kind)), key=self.time.__getitem__):
            self._touch(self.leaving[self.start[number]], number)
            self._touch(self.arriving[self.end[number]], number)

    def mark_bad(self, entity: Entity, since: datetime) -> None:
        """Make it known that the entity is bad (a fraud, a default) from that time on; the earliest time counts."""
        if since.tzinfo is None:
            raise InputError("the time of a mark has no zone", received=since.isoformat(), cure="give it a zone")
        number = self.add_entity(entity)
        self._bad[number] = min(ticks(since), self._bad.get(number, NEVER))

    def number(self, entity: Entity) -> int | None:
        """The number of an entity, by its own name or one that it alone bears; None where the graph knows neither."""
        number = self._numbers.get(entity)
        bearers = self._aliases.get(entity)
        return bearers[0] if number is None and bearers and len(bearers) == 1 else number

    def entity(self, number: int) -> Entity:
        """The entity of a number."""
        return self._entities[number]

    def entities(self) -> Iterator[Entity]:
        """All entities, in the order of their numbers."""
        return iter(self._entities)

    def source(self, number: int) -> int:
        """Which source an edge comes from, as `source_number` counts them."""
        return self._source[number]

    def sources(self) -> Iterator[str]:
        """The source of each edge, in the order in which they came."""
        names = list(self._sources)
        return (names[number] for number in self._source)

    def source_number(self, source: str) -> int | None:
        """The number of a source; None where no edge comes from it."""
        return self._sources.get(source)

    def bad_since(self, number: int) -> int:
        """From when the entity is known to be bad, in ticks; NEVER where it is not."""
        return self._bad.get(number, NEVER)

    def aliases(self) -> Iterator[tuple[Entity, Entity]]:
        """Pairs of an entity and another name of it."""
        return ((self._entities[number], alias) for alias, bearers in self._aliases.items() for number in bearers)

    def bad(self) -> list[tuple[Entity, datetime]]:
        """All entities known to be bad, and since when."""
        return [(self._entities[number], from_ticks(since)) for number, since in self._bad.items()]

    def edges(self) -> Iterator[Edge]:
        """All edges, in the order in which they came."""
        for number, source in enumerate(self.sources()):
            until = self.until[number]
            yield Edge(
                self.kinds[self.kind[number]],
                self._entities[self.start[number]],
                self._entities[self.end[number]],
                from_ticks(self.time[number]),
                None if until == NEVER else from_ticks(until),
                self.value[number],
                source,
            )

    def _holds(self, edge: Edge, start: int, end: int) -> bool:
        """Whether the last statement before it on the same link says the same; looks at the last `_RECENT` edges."""
        kind, time = self._kinds[edge.kind], ticks(edge.time)
        shorter = min(self.leaving[start], self.arriving[end], key=len)
        for number in reversed(shorter[-_RECENT:]):
            link = (self.start[number], self.end[number], self.kind[number])
            if link == (start, end, kind) and self.time[number] <= time:
                until = NEVER if edge.until is None else ticks(edge.until)
                return self.until[number] == until and self.value[number] == edge.value
        return False

    def _touch(self, edges: list[int], edge: int) -> None:
        time = self.time
        if not edges or time[edges[-1]] <= time[edge]:
            edges.append(edge)
        else:
            edges.insert(bisect_right(edges, time[edge], key=time.__getitem__), edge)
