"""The graph's facts for rules: `graph.<role>.<fact>` for each role that a document names."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fengkong.domain.documents import Document
from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.domain.signals import Fact
from fengkong.knowledge.documents import DocumentReading, Role
from fengkong.knowledge.graph import EntityGraph
from fengkong.knowledge.groups import control_group, exposure
from fengkong.knowledge.views import GraphView
from fengkong.knowledge.walks import circle_length, hops_to_bad, ring, spread_risk

__all__ = ["GraphFacts", "GraphLimits"]

PARTIES = frozenset({"person", "company"})
"""Types that guarantee, own and borrow; the facts of these are drawn for them alone."""


_Drawn = int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class GraphLimits:
    """How far the walks go; see the functions that draw each fact.

    ring_kinds: the kinds of edges by which things are shared. exposure_kinds: those whose amounts a group bears.
    """

    hops: int = 4
    hub: int = 100
    ring: int = 100
    ring_kinds: tuple[str, ...] = ("uses",)
    circle: int = 8
    group: int = 200
    exposure_kinds: tuple[str, ...] = ("guarantees", "borrows")
    stop: float = 0.25


class GraphFacts:
    """Draws facts from the graph as it was known when a document came, with the document's own links.

    For each role named by a field; of one that names several entities, the gravest of theirs:
    hops_to_bad: edges to the nearest entity known to be bad; `limits.hops` + 1 where none is that near, unknown where
    the walk could not see so far.
    risk: the probability, in [0, 1], that a walk from it meets one.
    links: entities linked with it directly; `limits.hub` + 1 means more.
    ring_size: how many share its phones, devices and the like, directly or through others; `limits.ring` means so many
    or more.
    And for people and companies:
    circle_length: edges on the shortest circle of guarantees through it; 0 where there is none, unknown as above.
    group_size, group_exposure: the group under one control, and what it borrows and guarantees.

    An entity that nobody spoke of before has the facts of what its own document says: nothing bad near, a ring of its
    own. A role that the document does not name has unknown facts (None), as has an exposure with an unknown amount.

    only: the facts wanted, since those that no rule reads need not be drawn; all where it is None. Raises SettingsError
    for one that there is not.
    """

    def __init__(
        self,
        graph: EntityGraph,
        reading: DocumentReading,
        *,
        limits: GraphLimits | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._graph, self._reading = graph, reading
        self._limits = limits or GraphLimits()
        drawn = {
            f"graph.{role.name}.{name}": (role, draw)
            for role in reading.roles
            if role.field
            for name, draw in self._draws(role).items()
        }
        for name in only or ():
            if name not in drawn:
                cure = likely_slip(name, drawn)
                raise SettingsError("the graph has no such fact", received=repr(name), cure=cure)
        self._drawn = drawn if only is None else {name: drawn[name] for name in drawn if name in only}
        self.names = frozenset(self._drawn)

    def facts(self, doc: Document, as_of: datetime) -> Sequence[Fact]:
        """All its facts on one document, known strictly before `as_of`."""
        own = self._reading.edges(doc, as_of)
        view = GraphView(self._graph, as_of, own, doc.id, hub=self._limits.hub)
        found = self._reading.entities(doc)
        facts = []
        for name, (role, draw) in self._drawn.items():
            drawn = [draw(view, view.number(entity)) for entity in found[role.name]]
            facts.append(Fact(name, _gravest(name.rpartition(".")[2], drawn), "graph"))
        return facts

    def _draws(self, role: Role) -> dict[str, Callable[[GraphView, int], _Drawn]]:
        limits = self._limits
        draws: dict[str, Callable[[GraphView, int], _Drawn]] = {
            "hops_to_bad": lambda view, number: hops_to_bad(view, number, limits.hops),
            "risk": lambda view, number: spread_risk(view, number, stop=limits.stop),
            "links": lambda view, number: len(view.neighbours(number)),
            "ring_size": lambda view, number: len(ring(view, number, limits.ring_kinds, limits.ring)),
        }
        if role.type in PARTIES:
            draws |= {
                "circle_length": lambda view, number: circle_length(view, number, most=limits.circle),
                "group_size": lambda view, number: len(control_group(view, number, limits.group)),
                "group_exposure": self._group_exposure,
            }
        return draws

    def _group_exposure(self, view: GraphView, number: int) -> _Drawn:
        members = control_group(view, number, self._limits.group)
        if len(members) == self._limits.group:
            return None  # a part of the group would pass for the whole
        return exposure(view, members, self._limits.exposure_kinds)


def _gravest(fact: str, drawn: Sequence[_Drawn]) -> _Drawn:
    """One value for several entities; unknown where there is none, or one of theirs is."""
    known = [value for value in drawn if value is not None]
    if not known or len(known) < len(drawn):
        return None
    if fact == "hops_to_bad":
        return min(known)
    if fact == "circle_length":  # 0 is none
        return min((length for length in known if length), default=0)
    return max(known)
