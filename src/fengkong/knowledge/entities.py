"""What the graph is made of: entities of a type, edges of a kind, and which types and kinds there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from fengkong.domain.errors import InputError, likely_slip
from fengkong.knowledge.names import normal_name

__all__ = ["EVENTS", "Edge", "Entity", "Measure", "Vocabulary", "check_value"]

Measure = Literal["nothing", "amount", "share"]
"""What the value of an edge measures: an amount of money (all in one currency), or a share from 0 to 1."""

EVENTS = frozenset({"transfers"})
"""Kinds of edges that tell what happened, each on its own; the others tell what holds, and may be said again."""


class Entity(NamedTuple):
    """Someone or something: its type, and the normal form of the name that identifies it within the type."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One statement: from `start` to `end`, of a kind, made known at a time by a source.

    time: when it became known, with zone. until: the last moment at which it held; None while it holds.
    value: the amount or share that its kind measures; None where it is not known.
    source: the document or file that says so.
    """

    kind: str
    start: Entity
    end: Entity
    time: datetime
    until: datetime | None = None
    value: Decimal | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The types of entities and the kinds of edges that a graph may hold; what is not declared is refused as a slip.

    kinds: what the value of each kind of edge measures. "owns" runs from the owner to the company, "guarantees" from
    the guarantor to the debtor, "borrows" from the debtor to the lender, "transfers" from payer to payee, "uses" from
    a person or company to a phone, device, address or account.
    """

    types: frozenset[str] = frozenset({"person", "company", "phone", "device", "address", "account"})
    kinds: Mapping[str, Measure] = field(
        default_factory=lambda: {
            "uses": "nothing",
            "guarantees": "amount",
            "owns": "share",
            "borrows": "amount",
            "transfers": "amount",
            "works_for": "nothing",
            "related": "nothing",
        }
    )

    def extended(self, types: Iterable[str] = (), kinds: Mapping[str, Measure] | None = None) -> "Vocabulary":
        """This vocabulary with more types and kinds."""
        return Vocabulary(self.types | frozenset(types), {**self.kinds, **(kinds or {})})

    def entity(self, type_: str, name: str) -> Entity:
        """The entity of that name. Raises InputError for an undeclared type, and a name that `normal_name` empties."""
        self.check_type(type_)
        normal = normal_name(type_, name)
        if not normal:
            raise InputError(f"the {type_} has no name", cure="give its own full name or number, or leave it out")
        return Entity(type_, normal)

    def check_type(self, type_: str) -> None:
        """Raises InputError for a type of entity that is not declared."""
        if type_ not in self.types:
            cure = likely_slip(type_, self.types)
            raise InputError("the type of entity is not declared", received=repr(type_), cure=cure)

    def measure(self, kind: str) -> Measure:
        """What the value of such edges measures. Raises InputError for a kind that is not declared."""
        measure = self.kinds.get(kind)
        if measure is None:
            cure = likely_slip(kind, self.kinds)
            raise InputError("the kind of edge is not declared", received=repr(kind), cure=cure)
        return measure

    def check(self, edge: Edge) -> None:
        """Raises InputError for an edge of an undeclared kind, without a zone, or with a value that can't be."""
        measure = self.measure(edge.kind)
        for entity in (edge.start, edge.end):
            self.check_type(entity.type)
        if edge.time.tzinfo is None or (edge.until is not None and edge.until.tzinfo is None):
            raise InputError("the time of an edge has no zone", received=edge.time.isoformat(), cure="give it a zone")
        if edge.until is not None and edge.until < edge.time:
            raise InputError(
                "an edge ends before it began", received=edge.until.isoformat(), cure="give a later time, or none"
            )
        if edge.value is not None:
            check_value(edge.kind, measure, edge.value)


_MOST = Decimal(10) ** 18
"""More than any amount of money, so that sums stay exact."""


def check_value(kind: str, measure: Measure, value: Decimal) -> None:
    """Raises InputError for a value that an edge of this kind can't have."""
    if measure == "nothing":
        raise InputError(f"an edge of kind {kind!r} has no value", received=f"{value:.3g}", cure="leave it out")
    if not value.is_finite() or value < 0:
        raise InputError("a value must be finite and not negative", received=f"{value:.3g}", cure="correct it")
    if measure == "amount" and value > _MOST:
        raise InputError("an amount is beyond all money", received=f"{value:.1e}", cure="correct it")
    if measure == "share" and value > 1:
        raise InputError("a share lies between 0 and 1", received=f"{value:.3g}", cure="write 60% as 0.6")
