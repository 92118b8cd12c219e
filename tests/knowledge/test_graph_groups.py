"""Who is held by whom, and what a group owes, on small graphs whose truth is known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fengkong.knowledge import Edge, EntityGraph, GraphView, Vocabulary
from fengkong.knowledge.groups import control_group, exposure

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = Vocabulary()


def day(count):
    return START + timedelta(days=count)


def edge(kind, start, end, at=0, value=None, until=None, source="s"):
    ends = [WORDS.entity(*end) if isinstance(end, tuple) else WORDS.entity("person", end) for end in (start, end)]
    value = None if value is None else Decimal(str(value))
    return Edge(kind, *ends, day(at), None if until is None else day(until), value, source)


def graph_of(*edges):
    graph = EntityGraph()
    graph.extend(edges)
    return graph


def view_of(graph, at=100, own=(), **options):
    return GraphView(graph, day(at), own, **options)


def test_a_group_is_held_by_majorities_alone_or_together():
    firm = "company"
    graph = graph_of(
        edge("owns", "boss", (firm, "A Ltd"), value=0.9),
        edge("owns", (firm, "A Ltd"), (firm, "B Ltd"), value="0.5"),
        edge("owns", (firm, "A Ltd"), (firm, "C Ltd"), value="0.3"),
        edge("owns", (firm, "B Ltd"), (firm, "C Ltd"), value="0.2"),
        edge("owns", (firm, "B Ltd"), (firm, "D Ltd"), value="0.49"),
        edge("guarantees", (firm, "B Ltd"), (firm, "Z Ltd"), value="100.10"),
        edge("borrows", (firm, "C Ltd"), ("account", "bank 1"), value="200.20"),
        edge("borrows", (firm, "D Ltd"), ("account", "bank 1"), value="999"),
    )
    view = view_of(graph)
    group = control_group(view, view.number(WORDS.entity(firm, "b limited")))
    assert sorted(view.entity(member).name for member in group) == ["a ltd", "b ltd", "boss", "c ltd"]
    assert exposure(view, group) == Decimal("300.30")


def test_the_later_statement_of_a_share_counts_and_only_while_it_holds():
    firm = ("company", "A Ltd")
    graph = graph_of(edge("owns", "p", firm, 1, 0.6), edge("owns", "p", firm, 5, 0.4), edge("owns", "q", firm, 6, 1, 8))
    sizes = [len(control_group(view_of(graph, at), 0)) for at in (1, 2, 6)]
    assert sizes == [1, 2, 1]
    assert [len(control_group(view_of(graph, at), 1)) for at in (2, 6, 7, 8, 9)] == [2, 1, 2, 2, 1]


def test_an_unknown_amount_makes_the_exposure_unknown():
    graph = graph_of(edge("guarantees", "a", "b", value=5), edge("guarantees", "a", "c"))
    assert exposure(view_of(graph), [0]) is None


def test_what_a_document_said_before_is_put_aside_for_what_it_says_now():
    graph = graph_of(edge("guarantees", "a", "b", value=5, source="doc"), edge("guarantees", "a", "c", value=7))
    own = [edge("guarantees", "a", "d", value=6)]
    assert exposure(view_of(graph, own=own, own_source="doc"), [0]) == 13


def test_who_holds_through_own_companies_is_found_from_below_as_from_above():
    firms = [("company", name) for name in ("A Ltd", "B Ltd", "C Ltd")]
    graph = graph_of(
        *(edge("owns", "p", firm, value=1) for firm in firms[:2]),
        *(edge("owns", firm, firms[2], value="0.3") for firm in firms[:2]),
    )
    view = view_of(graph)
    groups = [sorted(control_group(view, number)) for number in range(4)]
    assert groups == [[0, 1, 2, 3]] * 4


def test_a_debt_that_several_documents_tell_counts_once_by_the_last():
    bank = ("company", "bank")
    told = [edge("borrows", "ann", bank, at, 100, source=f"d{at}") for at in range(3)]
    assert exposure(view_of(graph_of(*told)), [0]) == 100
    assert exposure(view_of(graph_of(*told, edge("borrows", "ann", bank, 9, 40))), [0]) == 40
    other = edge("borrows", "ann", ("account", "loan 2"), 1, 70)
    assert exposure(view_of(graph_of(*told, other)), [0]) == 170
