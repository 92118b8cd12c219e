"""Facts by walking from one entity: how far a known bad one is, how much risk leads there, who shares its things.

Each walk has a bound on its work that does not grow with the graph.
"""

from collections import deque
from collections.abc import Iterable

from fengkong.knowledge.views import GraphView

__all__ = ["circle_length", "hops_to_bad", "ring", "spread_risk"]


def hops_to_bad(view: GraphView, start: int, most: int = 4) -> int:
    """Edges on the shortest way to a known bad entity, in any direction: 0 where it is one itself.

    `most` + 1 where none is within `most`, so that a rule such as `hops <= 2` stays plainly false.
    """
    seen = {start}
    level = [start]
    for hops in range(most + 1):
        if any(view.is_bad(number) for number in level):
            return hops
        level = list(dict.fromkeys(near for number in level for near in view.passes(number) if near not in seen))
        seen.update(level)
    return most + 1


def spread_risk(view: GraphView, start: int, *, stop: float = 0.25, precision: float = 1e-3) -> float:
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


def ring(view: GraphView, start: int, kinds: Iterable[str] = ("uses",), most: int = 1000) -> list[int]:
    """Those who share things with the entity, directly or through others: itself included where it uses something.

    The connected component over edges of these kinds, of which the ends are the shared things and the starts the
    members. Crowded things link nobody, but for one asked about: its own users are told, up to `hub` + 1. At most
    `most` members.
    """
    kinds = tuple(kinds)
    seen, queue, members = {start}, deque([start]), []
    while queue:
        number = queue.popleft()
        outs: dict[int, None] = {}
        ins: dict[int, None] = {}
        for step in view.steps(number, *kinds):
            (outs if step.outward else ins)[step.other] = None
            if len(ins) > view.hub or len(outs) > view.hub:
                break
        if len(ins) > view.hub and number == start:
            return list(ins)[:most]
        if outs:
            members.append(number)
            if len(members) == most:
                break
        if max(len(ins), len(outs)) <= view.hub:
            fresh = [other for other in (*outs, *ins) if other not in seen]
            seen.update(fresh)
            queue.extend(fresh)
    return members


def circle_length(view: GraphView, start: int, kind: str = "guarantees", most: int = 8) -> int:
    """Edges on the shortest directed circle through the entity, from 1; 0 where there is none of at most `most`."""
    seen = {start}
    level = [start]
    for length in range(1, most + 1):
        ahead: dict[int, None] = {}
        for number in level:
            outs = dict.fromkeys(step.other for step in view.steps(number, kind) if step.outward)
            if len(outs) <= view.hub:
                ahead.update(outs)
        if start in ahead:
            return length
        level = [number for number in ahead if number not in seen]
        seen.update(level)
    return 0
