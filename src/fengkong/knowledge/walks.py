"""Facts by walking from one entity: how far a known bad one is, how much risk leads there, who shares its things.

Each walk has a bound on its work that does not grow with the graph.
"""

from collections import deque
from collections.abc import Iterable

from fengkong.knowledge.views import GraphView
from fengkong.text.clusters import Clusters

__all__ = ["all_rings", "circle_length", "hops_to_bad", "ring", "spread_risk"]


_SIGHT = 500
"""Entities within which a walk looks; beyond so many, everybody is near everybody."""


def hops_to_bad(view: GraphView, start: int, most: int = 4, *, sight: int = _SIGHT) -> int | None:
    """Edges on the shortest way to a known bad entity, in any direction: 0 where it is one itself.

    `most` + 1 where none is within `most`, so that a rule such as `hops <= 2` is plainly false. None, for not known,
    where none is among the nearest `sight` entities, and more are within `most`.
    """
    if view.is_bad(start):
        return 0
    seen = {start}
    level = [start]
    for hops in range(1, most + 1):
        ahead: dict[int, None] = {}
        for number in level:
            ahead.update((near, None) for near in view.passes(number) if near not in seen)
            if len(seen) + len(ahead) > sight:
                break
        if any(view.is_bad(number) for number in ahead):
            return hops
        level = list(ahead)
        seen.update(level)
        if len(seen) > sight:
            return None
    return most + 1


def spread_risk(view: GraphView, start: int, *, stop: float = 0.25, precision: float = 2e-3) -> float:
    """The probability that a walk from the entity meets a known bad one, in [0, 1].

    Before each step the walk ends with probability `stop`, else it goes on to one of the neighbours, all alike; it ends
    in a crowded entity. That is personalised PageRank (Page et al. 1999; Haveliwala 2002) towards the bad entities as
    absorbing states, by forward push (Andersen, Chung and Lang 2006, "Local graph partitioning using PageRank
    vectors"): mass below `precision` a neighbour is dropped, so the answer is never too high and at most
    1 / (stop * precision) edges are walked.
    """
    waiting = {start: 1.0}
    queue = deque([start])
    met = 0.0
    while queue:
        number = queue.popleft()
        mass = waiting.pop(number)
        if view.is_bad(number):
            met += mass
            continue
        near = view.passes(number)
        if not near or mass < precision * len(near):
            continue
        share = mass * (1 - stop) / len(near)
        for other in near:
            if other in waiting:
                waiting[other] += share
            else:
                waiting[other] = share
                queue.append(other)
    return round(met, 6)


def ring(view: GraphView, start: int, kinds: Iterable[str] = ("uses",), most: int = 100) -> list[int]:
    """Those who share things with the entity, directly or through others: itself included where it uses something.

    The connected component over edges of these kinds, of which the ends are the shared things and the starts the
    members. Crowded things link nobody, but for one asked about: its own users are told, up to `hub` + 1. At most
    `most` members.
    """
    wanted = view.kinds(kinds)
    users = view.neighbours(start, wanted, outward=False)
    if len(users) > view.hub:
        return list(users)[:most]
    members = dict.fromkeys([start] if view.neighbours(start, wanted, outward=True) else [])
    seen, queue = {start}, deque([start])
    while queue and len(members) < most:
        number = queue.popleft()
        things = view.passes(number, wanted, outward=True)
        users = view.passes(number, wanted, outward=False)
        members.update(dict.fromkeys(users))
        members.update((thing, None) for thing in things if view.neighbours(thing, wanted, outward=True))
        fresh = [other for other in (*users, *things) if other not in seen]
        seen.update(fresh)
        queue.extend(fresh)
    return list(members)[:most]


def all_rings(view: GraphView, kinds: Iterable[str] = ("uses",)) -> list[list[int]]:
    """The rings of at least two members in the whole graph, the largest first; crowded entities belong to none."""
    wanted = view.kinds(kinds)
    things = Clusters(len(view.graph))
    users = [number for number in range(len(view.graph)) if view.passes(number, wanted, outward=True)]
    for user in users:
        for thing in view.passes(user, wanted, outward=True):
            if view.passes(thing, wanted, outward=False):
                things.join(user, thing)
    rings: dict[int, list[int]] = {}
    for user in users:
        rings.setdefault(things.root(user), []).append(user)
    return sorted((ring for ring in rings.values() if len(ring) > 1), key=len, reverse=True)


def circle_length(
    view: GraphView, start: int, kinds: Iterable[str] = ("guarantees",), most: int = 8, *, sight: int = _SIGHT
) -> int | None:
    """Edges on the shortest directed circle through the entity, from 1; 0 where there is none of at most `most`.

    None, for not known, where none is among the first `sight` entities met.
    """
    wanted = view.kinds(kinds)
    seen = {start}
    level = [start]
    for length in range(1, most + 1):
        ahead: dict[int, None] = {}
        for number in level:
            onward = view.passes(number, wanted, outward=True)
            if start in onward:
                return length
            ahead.update((other, None) for other in onward if other not in seen)
            if len(seen) + len(ahead) > sight:
                return None
        level = list(ahead)
        seen.update(level)
    return 0
