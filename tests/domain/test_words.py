"""Documents know their content, outcomes their order, errors their sentence."""

from datetime import UTC, datetime

import pytest

from fengkong.domain import (
    BundleError,
    Document,
    FengkongError,
    Finding,
    InputError,
    Outcome,
    Place,
    RuleError,
    SettingsError,
    Severity,
    Signal,
    likely_slip,
)


def test_a_document_without_an_id_is_named_by_its_content() -> None:
    one, same, other = (
        Document("pay now", {"amount": 5}),
        Document("pay now", {"amount": 5}),
        Document("pay now", {"amount": 6}),
    )
    assert one.id == same.id == one.content_hash[:16]
    assert one.id != other.id
    assert Document("pay now", id="A-1").id == "A-1"


def test_a_document_needs_a_moment_that_can_be_placed_among_others() -> None:
    with pytest.raises(InputError, match="the time of a document has no zone"):
        Document("pay now", time=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    assert Document("pay now", time=datetime(2026, 1, 1, tzinfo=UTC)).time


def test_a_document_keeps_its_own_fields() -> None:
    fields = {"amount": 5}
    doc = Document("pay now", fields)
    fields["amount"] = 6
    assert doc.fields["amount"] == 5
    with pytest.raises(TypeError):
        doc.fields["amount"] = 7  # type: ignore[index]


def test_the_most_severe_outcome_wins_and_none_means_the_default() -> None:
    assert Outcome.APPROVE < Outcome.REVIEW < Outcome.DECLINE
    assert Outcome.most_severe([Outcome.REVIEW, Outcome.DECLINE, Outcome.APPROVE], Outcome.APPROVE) is Outcome.DECLINE
    assert Outcome.most_severe([], Outcome.REVIEW) is Outcome.REVIEW


def test_a_misspelt_outcome_names_the_likely_slip() -> None:
    assert Outcome.parse("decline") is Outcome.DECLINE
    with pytest.raises(RuleError, match=r"rules.yaml:3: .*'declien'.*did you mean 'decline'\?"):
        Outcome.parse("declien", where="rules.yaml:3")


def test_a_failed_model_knows_nothing() -> None:
    sig = Signal.failure("risk", "the engine stopped")
    assert sig.failed
    assert sig.p is None
    assert sig.label is None


def test_an_error_is_one_sentence_for_people_and_a_record_for_machines() -> None:
    error = InputError("the column 'label' is missing", where="a.csv", received="'lable'", cure="did you mean 'lable'?")
    assert str(error) == "a.csv: the column 'label' is missing (received 'lable'); did you mean 'lable'?"
    assert error.to_dict()["code"] == "input"
    assert error.to_dict()["where"] == "a.csv"
    assert isinstance(error, FengkongError)
    assert {BundleError.code, SettingsError.code} == {"bundle", "settings"}


def test_a_slip_is_named_when_close_else_the_known_ones_are_listed() -> None:
    assert likely_slip("lable", ["text", "label"]) == "did you mean 'label'?"
    assert likely_slip("zzz", ["text", "label"]) == "known are 'label', 'text'"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place("a.csv", 3), "a.csv:3"),
        (Place("a.yaml", 3, "r1"), "a.yaml:3 [r1]"),
        (Place(name="r1"), "r1"),
        (Place(), ""),
    ],
)
def test_a_place_reads_as_people_look_things_up(place: Place, shown: str) -> None:
    assert str(place) == shown


def test_a_finding_says_severity_code_place_and_cure() -> None:
    finding = Finding("D001", Severity.WARNING, "3 texts are empty", Place("a.csv", 3), "fill or drop them")
    assert str(finding) == "warning D001 a.csv:3: 3 texts are empty; fill or drop them"
