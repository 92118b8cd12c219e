"""What past documents and tables say of a document's entities reaches the rules of a workspace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fengkong.assembly import Settings, System, fact_sources
from fengkong.decisions import Policy
from fengkong.decisions.records import DECISION, record
from fengkong.domain import Decision, Document, InputError, Outcome, SettingsError, Signal, Span, Trace
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet

RULES = """
format: 1
name: links
version: "1"
default: approve
inputs: {inputs}
reasons:
  L1: {{en: linked, zh: 有关联}}
rules:
  - {{id: linked, when: {when}, then: review, reason: L1}}
"""

SETTINGS = """
name = "links"
[data]
source = "data.jsonl"
[model]
name = "risk"
[knowledge]
script = "who"
entities = "known.csv"
[knowledge.roles.who]
type = "person"
field = "who"
[knowledge.roles.phone]
type = "phone"
field = "phone"
[[knowledge.relations]]
kind = "uses"
start = "who"
end = "phone"
"""

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def system(folder: Path, inputs: str, when: str, settings: str = SETTINGS) -> System:
    (folder / "fengkong.toml").write_text(settings, encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES.format(inputs=inputs, when=when), encoding="utf-8")
    (folder / "known.csv").write_text("type,name,bad_since\nphone,000-000-0009,2026-01-01\n", encoding="utf-8")
    made = System(Settings.read(folder))
    made.__dict__["scorers"] = {}  # no rule asks a model
    return made


def messages(*said: tuple[str, str]) -> list[Document]:
    text = "dear customer, your parcel waits for you at the counter, please settle what is due and call this number"
    return [
        Document(text, {"who": who, "phone": phone}, id=f"m{n}", time=NOON + timedelta(minutes=n))
        for n, (who, phone) in enumerate(said)
    ]


def test_the_names_that_a_document_states_make_no_other_text_of_it(tmp_path: Path) -> None:
    said = "my name is {0}, and {0} asks for this loan because the roof of {0} leaks; please help {0}, soon and kindly"
    names = ["wilhelmina featherstonehaugh", "bob oddly", "konstantinos papadopoulos"]
    docs = [
        Document(said.format(who), {"who": who, "phone": ""}, id=who, time=NOON + timedelta(minutes=n))
        for n, who in enumerate(names)
    ]
    with system(tmp_path, "{copies.applicants: integer}", "copies.applicants >= 2") as ws:
        assert outcomes(ws.decide_many(docs))[-1] is Outcome.REVIEW


def outcomes(decided: list[Decision]) -> list[Outcome]:
    return [dec.outcome for dec in decided]


def test_documents_decided_together_count_for_each_other(tmp_path: Path) -> None:
    docs = messages(("ann", "555-0001"), ("ben", "555-0001"), ("carl", "555-0001"), ("dora", "555-0002"))
    with system(tmp_path, "{graph.who.ring_size: integer}", "graph.who.ring_size >= 3") as ws:
        assert outcomes(ws.decide_many(docs)) == [Outcome.APPROVE, Outcome.APPROVE, Outcome.REVIEW, Outcome.APPROVE]


def test_a_new_start_knows_what_was_decided_before(tmp_path: Path) -> None:
    arguments = (tmp_path, "{graph.who.ring_size: integer}", "graph.who.ring_size >= 3")
    with system(*arguments) as ws:
        ws.decide_many(messages(("ann", "555-0001"), ("ben", "555-0001")))
    late = messages(("x", "555-0009"), ("y", "555-0009"), ("carl", "555-0001"))[2]
    with system(*arguments) as ws:
        assert ws.decide(late).outcome is Outcome.REVIEW


def test_an_entry_that_cannot_be_read_is_told_once_and_passed_over(tmp_path: Path) -> None:
    with system(tmp_path, "{graph.who.ring_size: integer}", "graph.who.ring_size >= 3") as ws:
        ws.decide_many(messages(("ann", "555-0001")))
        policy, ledger = Policy("links", RuleSet.load(tmp_path / "rules.yaml")), MemoryLedger()
        ledger.append(DECISION, "m0", {"format": 1, "decision": {}, "document": {"time": "noon"}})
        ledger.append_many(DECISION, [(entry.subject, entry.body) for entry in ws.ledger.entries()])
        (source,) = fact_sources(ws.settings, policy, ledger)
        late = messages(("x", "555-0009"), ("ben", "555-0001"))[1]
        with pytest.raises(InputError, match="the record of a decision can't be read"):
            source.facts(late, NOON + timedelta(hours=1))
        (fact,) = source.facts(late, NOON + timedelta(hours=1))
        assert (fact.name, fact.value) == ("graph.who.ring_size", 2)


def test_whom_models_found_in_earlier_texts_is_linked(tmp_path: Path) -> None:
    firm = '[knowledge.roles.firm]\ntype = "company"\nlabel = "ORG"\n'
    works = '[[knowledge.relations]]\nkind = "uses"\nstart = "who"\nend = "firm"\n'
    rules = ("{graph.who.hops_to_bad: integer}", "graph.who.hops_to_bad <= 1")
    with system(tmp_path, *rules, SETTINGS + firm + works) as ws:
        known = "type,name,bad_since\ncompany,Acme Trading Ltd,2026-01-01\n"
        (tmp_path / "known.csv").write_text(known, encoding="utf-8")
        ledger = MemoryLedger()
        for doc, name in zip(messages(("ann", ""), ("ben", "")), ("ACME Trading Limited", "Apex Bank"), strict=True):
            signals = (Signal("names", "", None, spans=(Span(0, len(name), name, "ORG"),)),)
            dec = Decision(
                *(doc.id, doc.id, doc.content_hash, Outcome.APPROVE, (), signals, (), Trace(), "links@1", "", NOON)
            )
            ledger.append(DECISION, doc.id, record(dec, doc))
        (source,) = fact_sources(ws.settings, Policy("links", RuleSet.load(tmp_path / "rules.yaml")), ledger)
        later = [
            replace(doc, id=f"late {doc.id}", time=NOON + timedelta(hours=1))
            for doc in messages(("ann", ""), ("ben", ""))
        ]
        hops = [fact.value for doc in later for fact in source.facts(doc, NOON + timedelta(hours=1))]
        assert hops[0] == 1
        assert hops[1] != 1
        asks = Policy(
            "links", RuleSet.parse(RULES.format(inputs="{graph.firm.risk: decimal}", when="graph.firm.risk > 1"))
        )
        with pytest.raises(SettingsError, match=r"graph\.firm\.risk"):
            fact_sources(ws.settings, asks, ledger)


def test_tables_say_who_is_known_to_be_bad(tmp_path: Path) -> None:
    docs = messages(("ann", "000-000-0009"), ("ben", "000-000-0008"))
    with system(tmp_path, "{graph.who.hops_to_bad: integer}", "graph.who.hops_to_bad <= 2") as ws:
        assert outcomes(ws.decide_many(docs)) == [Outcome.REVIEW, Outcome.APPROVE]


def test_others_who_sent_the_same_text_are_counted(tmp_path: Path) -> None:
    with system(tmp_path, "{copies.applicants: integer}", "copies.applicants >= 2") as ws:
        decided = ws.decide_many(messages(("ann", "555-0001"), ("ann", "555-0001"), ("ben", "555-0002"), ("carl", "3")))
    assert outcomes(decided) == [Outcome.APPROVE, Outcome.APPROVE, Outcome.APPROVE, Outcome.REVIEW]


@pytest.mark.parametrize(
    ("inputs", "when", "leave_out", "fault"),
    [
        (
            "{graph.whom.risk: decimal}",
            "graph.whom.risk > 1",
            "",
            r"'graph\.whom\.risk'.*'graph\.who\.risk'",
        ),
        ("{copies.count: integer}", "copies.count > 1", 'script = "who"', "name the field as knowledge.script"),
    ],
)
def test_facts_that_the_settings_cannot_give_are_refused(
    tmp_path: Path, inputs: str, when: str, leave_out: str, fault: str
) -> None:
    with system(tmp_path, inputs, when, SETTINGS.replace(leave_out, "") if leave_out else SETTINGS) as ws:
        policy = Policy("links", RuleSet.load(tmp_path / "rules.yaml"))
        with pytest.raises(SettingsError, match=fault):
            fact_sources(ws.settings, policy, MemoryLedger())


def test_a_bad_row_of_a_table_is_told_with_its_place(tmp_path: Path) -> None:
    with system(tmp_path, "{graph.who.risk: decimal}", "graph.who.risk > 1") as ws:
        (tmp_path / "known.csv").write_text("type,name,bad_since\nphone,000-000-0009,soon\n", encoding="utf-8")
        policy = Policy("links", RuleSet.load(tmp_path / "rules.yaml"))
        with pytest.raises(InputError, match=r"known\.csv:2: the bad_since is not a time \(received 4 characters"):
            fact_sources(ws.settings, policy, MemoryLedger())
