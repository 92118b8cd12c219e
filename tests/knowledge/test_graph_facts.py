"""Documents to links and to facts for rules."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fengkong.domain.documents import Document
from fengkong.domain.errors import SettingsError
from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.knowledge import DocumentReading, EntityGraph, GraphFacts, GraphLimits, Relation, Role
from fengkong.knowledge.documents import written

NOW = datetime(2026, 6, 1, tzinfo=UTC)
READING = DocumentReading(
    roles=[
        Role("applicant", "person", field="id_number"),
        Role("phone", "phone", field="phone"),
        Role("guarantor", "company", field="guarantor"),
        Role("employer", "company", label="ORG"),
    ],
    relations=[
        Relation("uses", "applicant", "phone"),
        Relation("guarantees", "guarantor", "applicant", value="amount"),
        Relation("works_for", "applicant", "employer"),
    ],
)


def application(number, **fields):
    return Document("借款", {"id_number": f"11010119900101{number:04}", **fields}, id=f"d{number}")


def facts_of(graph, doc, at=NOW, **options):
    return {fact.name: fact.value for fact in GraphFacts(graph, READING, **options).facts(doc, at)}


def test_a_new_applicant_is_linked_by_what_the_application_says():
    graph = EntityGraph()
    for number in range(39):
        graph.extend(READING.edges(application(number, phone="138-0013-8000"), NOW - timedelta(days=number + 1)))
    graph.mark_bad(graph.vocabulary.entity("person", "110101199001010007"), NOW - timedelta(days=3))
    facts = facts_of(graph, application(99, phone=13800138000, guarantor="Acme Ltd", amount=90000))
    assert facts["graph.phone.ring_size"] == facts["graph.applicant.ring_size"] == 40
    assert facts["graph.phone.links"] == 40
    assert facts["graph.applicant.hops_to_bad"] == 2
    assert facts["graph.phone.hops_to_bad"] == 1
    assert 0 < facts["graph.applicant.risk"] < facts["graph.phone.risk"] < 1
    assert facts["graph.guarantor.group_exposure"] == Decimal(90000)
    assert facts["graph.guarantor.circle_length"] == 0


def test_an_entity_that_nobody_spoke_of_is_far_from_all_and_one_not_named_is_unknown():
    facts = facts_of(EntityGraph(), application(1, phone="-"))
    assert facts["graph.applicant.hops_to_bad"] == 5
    assert (facts["graph.applicant.risk"], facts["graph.applicant.links"]) == (0, 0)
    assert facts["graph.applicant.group_exposure"] == 0
    assert {value for name, value in facts.items() if name.startswith(("graph.phone", "graph.guarantor"))} == {None}


def test_facts_are_the_same_before_and_after_the_document_is_taken_in():
    graph = EntityGraph()
    graph.extend(READING.edges(application(1, phone="13800138000"), NOW - timedelta(1)))
    doc = application(2, phone="13800138000", guarantor="Acme Ltd", amount=50)
    before = facts_of(graph, doc)
    graph.extend(READING.edges(doc, NOW))
    graph.extend(READING.edges(application(3, phone="13800138000"), NOW + timedelta(1)))
    assert facts_of(graph, doc) == before
    again = facts_of(graph, doc, NOW + timedelta(hours=1))
    assert again["graph.guarantor.group_exposure"] == 50


def test_entities_that_a_model_marks_are_linked_too():
    doc = application(1)
    signal = Signal("names", "ORG", 0.9, spans=(Span(0, 2, "腾讯", "ORG"), Span(3, 5, "Acme Co., Ltd.", "ORG")))
    ends = [(edge.kind, edge.end.name) for edge in READING.edges(doc, NOW, [signal])]
    assert ends == [("works_for", "腾讯"), ("works_for", "acme ltd")]


def test_each_name_in_a_list_is_an_entity_and_the_gravest_of_their_facts_counts():
    graph = EntityGraph()
    for number in range(3):
        graph.extend(READING.edges(application(number, phone="13900000002"), NOW - timedelta(1)))
    doc = application(9, phone=("13800000001", Decimal("13900000002.0"), "无"))
    assert [edge.end.name for edge in READING.edges(doc, NOW)] == ["13800000001", "13900000002"]
    facts = facts_of(graph, doc)
    assert (facts["graph.phone.ring_size"], facts["graph.phone.links"]) == (4, 4)


def test_a_list_of_more_names_than_a_document_can_mean_is_unknown():
    phones = tuple(str(13800000000 + number) for number in range(101))
    assert len(READING.entities(application(1, phone=phones[:100]))["phone"]) == 100
    assert facts_of(EntityGraph(), application(1, phone=phones))["graph.phone.links"] is None


@pytest.mark.parametrize(
    "value", [7, 7.0, "7", Decimal("7.00"), Decimal("7E0"), (7,), (None, 7.0, True, float("nan"), Decimal("sNaN"))]
)
def test_one_number_is_one_name_however_it_came(value):
    assert written(value) == ["7"]


@pytest.mark.parametrize("amount", [-5, float("nan"), "much", None, True, Decimal("9e999999"), float("inf")])
def test_an_amount_that_cannot_be_is_not_known(amount):
    facts = facts_of(EntityGraph(), application(1, guarantor="Acme", amount=amount))
    assert facts["graph.guarantor.group_exposure"] is None


def test_only_the_facts_asked_for_are_drawn_and_an_unknown_one_is_told():
    source = GraphFacts(EntityGraph(), READING, only=["graph.phone.links"])
    assert source.names == {"graph.phone.links"}
    assert [fact.source for fact in source.facts(application(1), NOW)] == ["graph"]
    with pytest.raises(SettingsError, match=r"did you mean 'graph\.phone\.links'"):
        GraphFacts(EntityGraph(), READING, only=["graph.phone.link"])


def test_a_group_too_big_to_see_whole_has_no_exposure():
    doc = application(1, guarantor="Acme", amount=5)
    assert facts_of(EntityGraph(), doc, limits=GraphLimits(group=1))["graph.guarantor.group_exposure"] is None


@pytest.mark.parametrize(
    ("roles", "relations", "said"),
    [
        ([Role("a", "person", "x"), Role("a", "person", "y")], [], "a role stands twice"),
        ([Role("a", "person")], [], "a: a role has no single place"),
        ([Role("a", "person", "x", "ORG")], [], "a: a role has no single place"),
        ([Role("a", "persn", "x")], [], "did you mean 'person'"),
        ([Role("a", "person", "x")], [Relation("use", "a", "a")], "did you mean 'uses'"),
        ([Role("a", "person", "x")], [Relation("uses", "a", "b")], "the end of a relation is not declared"),
        ([Role("a", "person", "x")], [Relation("uses", "a", "a", "amount")], "edges of this kind have no value"),
    ],
)
def test_settings_that_cannot_be_are_told(roles, relations, said):
    with pytest.raises(SettingsError, match=said):
        DocumentReading(roles, relations)
