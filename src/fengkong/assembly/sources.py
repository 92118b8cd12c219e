"""Where a workspace's rules get facts from that aren't in the document: past events, the graph, and earlier texts.

All follow the ledger, so that they hold no state of their own and are the same after every start.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock

from fengkong.assembly.settings import Settings
from fengkong.corpus.sources import open_table
from fengkong.decisions.policy import Policy
from fengkong.decisions.records import DECISION, document_from_record, outcome_from_record, signals_from_record
from fengkong.decisions.sources import FactSource
from fengkong.decisions.velocity import Velocity
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.signals import Fact, Signal
from fengkong.knowledge.documents import DocumentReading, Relation, Role
from fengkong.knowledge.facts import GraphFacts
from fengkong.knowledge.graph import EntityGraph
from fengkong.knowledge.rows import read_edges, read_entities
from fengkong.knowledge.scripts import CopyFacts, ScriptIndex
from fengkong.ledger.entries import Entry, EntryStore

__all__ = ["COPIES", "GRAPH", "fact_sources", "learns_from_documents"]

GRAPH = "graph."
COPIES = "copies."
"""What the names of facts about linked entities begin with, and of those about copied texts."""

_PAGE = 1000


def fact_sources(settings: Settings, policy: Policy, ledger: EntryStore) -> list[FactSource]:
    """The sources of every fact that the rules of a policy name.

    Raises SettingsError for a fact that the settings can't give, InputError for a table that can't be read.
    """
    sources: list[FactSource] = [Velocity(policy.windows, ledger)] if policy.windows else []
    graph, copies = (
        frozenset(name for name in policy.rules.inputs if name.startswith(start)) for start in (GRAPH, COPIES)
    )
    if graph:
        linked = _Graph(settings, graph)
        sources.append(_Following(linked, linked.observe, ledger))
    if copies:
        if settings.knowledge.script is None:
            raise SettingsError(
                "the rules ask for copies of texts, and the settings don't say who writes them",
                received=min(copies),
                cure="name the field as knowledge.script",
            )
        author = settings.knowledge.script
        named = [author, *(role.field for role in settings.knowledge.roles.values() if role.field)]
        copied = CopyFacts(ScriptIndex(), author=author, names=named)
        sources.append(_Following(copied, lambda doc, time, _: copied.observe(doc, time), ledger))
    return sources


def learns_from_documents(policy: Policy) -> bool:
    """Whether its rules ask for facts that follow from what earlier documents said."""
    return any(name.startswith((GRAPH, COPIES)) for name in policy.rules.inputs)


Observe = Callable[[Document, datetime, Sequence[Signal]], None]
"""Takes in a document that was decided, as of its time, and what models said of it."""


class _Graph:
    """The workspace's graph: its tables, and what documents say as they come."""

    def __init__(self, settings: Settings, wanted: frozenset[str]) -> None:
        knowledge = settings.knowledge
        roles = [Role(name, role.type, role.field, role.label) for name, role in knowledge.roles.items()]
        relations = [Relation(link.kind, link.start, link.end, link.value) for link in knowledge.relations]
        self._reading = DocumentReading(roles, relations)
        self._graph = EntityGraph(self._reading.vocabulary)
        for read, file in ((read_entities, knowledge.entities), (read_edges, knowledge.edges)):
            if file is not None:
                with open_table(settings.path(file)) as table:
                    read(self._graph, table)
        self._facts = GraphFacts(self._graph, self._reading, only=wanted)
        self.names = self._facts.names

    def observe(self, doc: Document, time: datetime, signals: Sequence[Signal]) -> None:
        """Take in what a document says, and whom models found in it."""
        self._graph.extend(self._reading.edges(doc, time, signals))

    def facts(self, doc: Document, as_of: datetime) -> Sequence[Fact]:
        """The facts about the entities that a document names."""
        return self._facts.facts(doc, as_of)


class _Following:
    """A source that has observed the document of every decision on the ledger before it answers. Safe for threads."""

    def __init__(self, source: FactSource, observe: Observe, ledger: EntryStore) -> None:
        self._source, self._take_in, self._ledger = source, observe, ledger
        self._read = 0
        self._lock = Lock()
        self.names = source.names

    def facts(self, doc: Document, as_of: datetime) -> Sequence[Fact]:
        """The facts by what came strictly before `as_of`.

        Raises FacilityError when the ledger can't be read, and InputError once for entries that can't be observed;
        later answers go by all the others.
        """
        with self._lock:
            fault: InputError | None = None
            while page := self._ledger.entries(self._read, _PAGE):
                for entry in page:
                    self._read = entry.seq
                    try:
                        self._observe(entry)
                    except InputError as error:
                        fault = fault or error
            if fault is not None:
                raise fault
            return self._source.facts(doc, as_of)

    def _observe(self, entry: Entry) -> None:
        if entry.kind == DECISION:
            past = document_from_record(entry.body)
            time = past.time or outcome_from_record(entry.body)[1]
            self._take_in(past, time, signals_from_record(entry.body))
