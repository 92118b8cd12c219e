"""Facts of the graph against plain recomputation, and on small graphs whose truth is known."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import InputError
from fengkong.knowledge import Edge, EntityGraph, GraphView, Vocabulary
from fengkong.knowledge.walks import all_rings, circle_length, hops_to_bad, ring, spread_risk

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = Vocabulary()
SIZE = 8


def day(count: int) -> datetime:
    return START + timedelta(days=count)


def person(name: object) -> object:
    return WORDS.entity("person", str(name))


def edge(kind, start, end, at=0, value=None, until=None, source="s"):
    ends = [WORDS.entity(*end) if isinstance(end, tuple) else person(end) for end in (start, end)]
    value = None if value is None else Decimal(str(value))
    return Edge(kind, *ends, day(at), None if until is None else day(until), value, source)


def graph_of(*edges, bad=()):
    graph = EntityGraph()
    graph.extend(edges)
    for name, since in bad:
        graph.mark_bad(person(name), day(since))
    return graph


def view_of(graph, at=100, own=(), **options):
    return GraphView(graph, day(at), own, **options)


def numbers(view, *names):
    return [view.number(person(name)) for name in names]


links = st.tuples(
    st.sampled_from(["guarantees", "uses", "related"]),
    st.integers(0, SIZE - 1),
    st.integers(0, SIZE - 1),
    st.integers(0, 9),
    st.none() | st.integers(0, 9),
)


@st.composite
def worlds(draw):
    """Edges, bad marks, a moment, and the edges of one document."""
    edges = [
        edge(kind, start, end, at, until=None if lasts is None else at + lasts)
        for kind, start, end, at, lasts in draw(st.lists(links, max_size=25))
    ]
    bad = draw(st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 9)), max_size=3))
    now = draw(st.integers(0, 10))
    own = [edge(kind, start, end, now) for kind, start, end, *_ in draw(st.lists(links, max_size=3))]
    return edges, bad, now, own


def known(edges, now, own):
    """The links that are seen, as pairs of names by kind."""
    seen = [e for e in edges if e.time < day(now) and (e.until is None or e.until >= day(now))] + own
    return [(e.kind, int(e.start.name), int(e.end.name)) for e in seen]


def distances(pairs, start):
    far = {start: 0}
    for _ in range(SIZE):
        for a, b in pairs:
            for one, other in ((a, b), (b, a)):
                if one in far:
                    far[other] = min(far.get(other, SIZE), far[one] + 1)
    return far


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_hops_rings_and_circles_are_what_plain_recomputation_gives(world):
    edges, bad, now, own = world
    view = view_of(graph_of(*edges, bad=bad), now, own)
    seen = known(edges, now, own)
    condemned = {name for name, since in bad if since < now}
    for name in range(SIZE):
        (number,) = numbers(view, name)
        far = distances([(a, b) for _, a, b in seen], name)
        hops = min((far[other] for other in condemned if other in far), default=99)
        assert hops_to_bad(view, number, 3) == min(hops, 4)

        uses = [(a, b) for kind, a, b in seen if kind == "uses"]
        users = {a for a, _ in uses} & set(distances(uses, name))
        members = ring(view, number)
        assert {int(view.entity(member).name) for member in members} == users
        if not own and len(members) > 1:
            assert sorted(members) in [sorted(found) for found in all_rings(view)]

        ahead, reached, circle = {name}, set(), 0
        for length in range(1, SIZE + 1):
            ahead = {b for kind, a, b in seen if kind == "guarantees" and a in ahead}
            if name in ahead:
                circle = length
                break
            reached |= ahead
        assert circle_length(view, number, most=SIZE) == circle


@settings(deadline=None, max_examples=100)
@given(worlds())
def test_risk_is_the_chance_of_meeting_a_bad_entity(world):
    edges, bad, now, own = world
    view = view_of(graph_of(*edges, bad=bad), now, own)
    near = [set() for _ in range(SIZE)]
    for _, a, b in known(edges, now, own):
        if a != b:
            near[a].add(b)
            near[b].add(a)
    condemned = {name for name, since in bad if since < now}
    walk = np.zeros((SIZE, SIZE))
    for name in set(range(SIZE)) - condemned:
        for other in near[name]:
            walk[name, other] = 0.75 / len(near[name])
    exact = np.linalg.solve(np.eye(SIZE) - walk, np.array([float(name in condemned) for name in range(SIZE)]))
    for name in range(SIZE):
        found = spread_risk(view, *numbers(view, name), precision=1e-7)
        assert found == pytest.approx(exact[name], abs=1e-4)
        assert spread_risk(view, *numbers(view, name)) <= found + 1e-6


@settings(deadline=None, max_examples=60)
@given(worlds(), st.randoms())
def test_neither_the_future_nor_the_order_of_arrival_changes_a_fact(world, random):
    edges, bad, now, own = world
    past = [e for e in edges if e.time < day(now)]
    random.shuffle(edges)
    later = [edge("uses", random.randrange(SIZE), random.randrange(SIZE), now + n) for n in range(5)]

    def facts(graph):
        view = view_of(graph, now, own)
        return [
            (
                hops_to_bad(view, number),
                spread_risk(view, number, precision=1e-9),
                len(ring(view, number)),
                circle_length(view, number),
            )
            for number in numbers(view, *range(SIZE))
        ]

    alone = facts(graph_of(*past, bad=[(name, since) for name, since in bad if since < now]))
    among = facts(graph_of(*later, *edges, bad=[*bad, (0, now)]))
    for one, other in zip(alone, among, strict=True):
        assert one == pytest.approx(other, abs=2e-6)


def test_a_phone_that_forty_use_is_a_ring_of_forty():
    phone = ("phone", "13800138000")
    graph = graph_of(*(edge("uses", name, phone) for name in range(39)))
    view = view_of(graph, own=[edge("uses", 39, phone)])
    assert len(ring(view, view.number(WORDS.entity(*phone)))) == 40
    assert len(ring(view, *numbers(view, 39))) == 40
    assert len(ring(view, *numbers(view, 39), most=10)) == 10


def test_a_crowded_phone_links_nobody_but_tells_its_own_users():
    hotline = ("phone", "400 800 8000")
    graph = graph_of(*(edge("uses", name, hotline) for name in range(30)), bad=[(0, 0)])
    view = view_of(graph, hub=20)
    assert ring(view, *numbers(view, 5)) == numbers(view, 5)
    assert len(ring(view, view.number(WORDS.entity(*hotline)))) == 21
    assert hops_to_bad(view, *numbers(view, 5), 4) == 5
    assert spread_risk(view, *numbers(view, 5)) == 0
    assert hops_to_bad(view_of(graph, hub=30), *numbers(view, 5), 4) == 2


def test_the_shortest_circle_of_guarantees_counts_and_direction_matters():
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "a"), ("x", "a")]
    view = view_of(graph_of(*(edge("guarantees", *pair, value=10) for pair in pairs)))
    lengths = [circle_length(view, number) for number in numbers(view, "a", "b", "c", "d", "x")]
    assert lengths == [3, 3, 3, 4, 0]
    assert circle_length(view, *numbers(view, "d"), most=3) == 0


def test_names_that_one_entity_alone_bears_lead_to_it():
    graph = EntityGraph()
    tencent = WORDS.entity("company", "深圳市腾讯计算机系统有限公司")
    for alias in ("腾讯", "Tencent"):
        graph.alias(tencent, WORDS.entity("company", alias))
    graph.alias(WORDS.entity("company", "另一家"), WORDS.entity("company", "Tencent"))
    assert graph.number(WORDS.entity("company", "騰訊")) == 0
    assert graph.number(WORDS.entity("company", "Tencent")) is None


@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        (lambda: edge("use", "a", "b"), "did you mean 'uses'"),
        (lambda: edge("owns", "a", "b", value=60), "a share lies between 0 and 1 (received 60); write 60% as 0.6"),
        (lambda: edge("guarantees", "a", "b", value=-1), "not negative"),
        (lambda: edge("guarantees", "a", "b", value="NaN"), "finite"),
        (lambda: edge("guarantees", "a", "b", value="9e999999"), "beyond all money"),
        (lambda: edge("uses", "a", "b", value=1), "has no value"),
        (lambda: edge("uses", "a", "b", 3, until=2), "ends before it began"),
        (lambda: edge("uses", ("perosn", "a"), "b"), "did you mean 'person'"),
        (lambda: edge("uses", "——", "b"), "the person has no name"),
    ],
)
def test_an_edge_that_cannot_be_is_refused_and_nothing_is_changed(faulty, said):
    graph = graph_of(edge("uses", "a", "b"))
    with pytest.raises(InputError, match=re.escape(said)):
        graph.add(faulty())
    assert (len(graph), graph.edge_count) == (2, 1)


def test_a_bad_one_that_was_met_is_told_and_what_lies_beyond_sight_is_unknown():
    devices = [edge("uses", "s", ("device", f"h{n}")) for n in range(6)]
    users = [edge("uses", f"p{n}x{m}", ("device", f"h{n}")) for n in range(6) for m in range(90)]
    assert hops_to_bad(view_of(graph_of(*devices, *users, bad=[("p0x0", 0)])), 0) == 2
    assert hops_to_bad(view_of(graph_of(*devices, *users)), 0) is None
    assert hops_to_bad(view_of(graph_of(*devices, *users)), 0, 1) == 2


def test_a_circle_is_sought_within_sight_alone():
    chain = [edge("guarantees", 0, n, value=1) for n in range(1, 30)]
    far = [edge("guarantees", n, 100 * n + m, value=1) for n in range(1, 30) for m in range(30)]
    graph = graph_of(*chain, *far)
    assert circle_length(view_of(graph), 0) is None
    assert circle_length(view_of(graph), 0, sight=10**6) == 0
    assert circle_length(view_of(graph, own=[edge("guarantees", 1, 0, value=1)]), 0) == 2


def test_what_already_holds_is_kept_once_and_every_change_and_transfer_is_kept():
    again = [edge("uses", "a", ("phone", "13800138000"), at, source=f"d{at}") for at in range(50)]
    assert graph_of(*again).edge_count == 1
    assert graph_of(*reversed(again)).edge_count == 50  # each says an earlier time
    shares = [edge("owns", "a", "b", at, value) for at, value in enumerate(["0.5", "0.6", "0.5", "0.5"])]
    assert graph_of(*shares).edge_count == 3
    assert graph_of(*(edge("transfers", "a", "b", at, 5) for at in range(3))).edge_count == 3
