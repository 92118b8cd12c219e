"""Facts from elsewhere than the document: what happened lately, who is linked to whom.

A source that fails is no reason to lose a case: its facts are unknown and say why, and the decision goes to a person.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fengkong.decisions.signals import told_cause
from fengkong.decisions.values import SIGNALS, TEXT, field_facts
from fengkong.decisions.written import write_values
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.signals import Fact
from fengkong.rules.windows import Window

__all__ = ["FactSource", "check_sources", "gather"]


class FactSource(Protocol):
    """Something that knows facts about a document's entities."""

    @property
    def names(self) -> frozenset[str]:
        """Every fact that it may answer, by the name that rules use. A caller's field of that name isn't heard."""

    def facts(self, doc: Document, as_of: datetime) -> Sequence[Fact]:
        """What is known about the document's entities as of a moment, with zone; what is left out is unknown."""


def check_sources(sources: Sequence[FactSource], windows: Sequence[Window]) -> None:
    """Raises SettingsError for a fact that two sources give, one that would stand in for a signal or the text, and
    for a window of the rules that nobody computes.
    """
    counts = Counter(name for source in sources for name in source.names)
    for name in sorted(counts):
        if counts[name] > 1:
            raise SettingsError("two sources give the same fact", received=repr(name), cure="rename it in one of them")
        if name == TEXT or name.startswith(SIGNALS):
            raise SettingsError(
                "a source can't give what the document or a model says", received=repr(name), cure="rename its fact"
            )
    for window in windows:
        if window.name not in counts:
            raise SettingsError(
                "the rules use a window that no source computes",
                received=repr(window.name),
                cure="give Velocity(rules.windows, ledger) as a source",
            )


def gather(doc: Document, sources: Sequence[FactSource], as_of: datetime) -> tuple[Fact, ...]:
    """The document's fields by name, then each source's facts by name; never raises.

    A field that has the name of a source's fact is left out, even where the source says nothing.
    """
    taken = frozenset[str]().union(*(source.names for source in sources))
    fields = (fact for fact in field_facts(doc) if fact.name not in taken)
    return (*fields, *(fact for source in sources for fact in _ask(source, doc, as_of)))


def _ask(source: FactSource, doc: Document, as_of: datetime) -> list[Fact]:
    try:
        facts = sorted(source.facts(doc, as_of), key=lambda fact: fact.name)
    except Exception as error:  # noqa: BLE001 - whatever a source raises means that the source failed
        return _failed(source, told_cause(error, "the source"))
    if not source.names.issuperset(fact.name for fact in facts):
        return _failed(source, "the source answered a fact that it doesn't name")
    try:
        write_values({fact.name: fact.value for fact in facts})
    except InputError as error:
        return _failed(source, error.sentence)
    return facts


def _failed(source: FactSource, cause: str) -> list[Fact]:
    return [Fact(name, None, type(source).__name__, cause) for name in sorted(source.names)]
