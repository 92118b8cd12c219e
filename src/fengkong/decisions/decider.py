"""Deciding: score, gather the facts, run the rules, write the record, answer."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from fengkong.decisions.entities import entity_key
from fengkong.decisions.policy import Policy
from fengkong.decisions.records import DECISION, check_document, record
from fengkong.decisions.shadow import PHANTOM, BrokenShadow, Shadow
from fengkong.decisions.signals import ask_needed, check_scorers
from fengkong.decisions.snoozes import Snoozes
from fengkong.decisions.sources import FactSource, check_sources, gather
from fengkong.domain.decisions import Decision
from fengkong.domain.documents import Document
from fengkong.domain.errors import FengkongError
from fengkong.ledger.entries import EntryStore, utc_now
from fengkong.scoring.protocol import TextScorer

__all__ = ["Decider", "time_ordered_id"]


def time_ordered_id(time: datetime) -> str:
    """A new UUID of version 7 (RFC 9562): unique, and sorted by its time to the millisecond."""
    millis = int(time.timestamp() * 1000) & (1 << 48) - 1
    return str(UUID(int=millis << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


class Decider:
    """Decides on documents under one policy. A decision is durable in the ledger before it is answered.

    A scorer or source that fails never raises here: what it would have said is unknown, and the case goes to a person.
    Facts are those known as of the document's time; as of the decision's where the document has none.
    """

    def __init__(
        self,
        policy: Policy,
        scorers: Mapping[str, TextScorer],
        ledger: EntryStore,
        *,
        sources: Sequence[FactSource] = (),
        shadow: Shadow | BrokenShadow | None = None,
        snoozes: Snoozes | None = None,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[datetime], str] = time_ordered_id,
    ) -> None:
        """scorers: by the name of the signal that rules use. sources: of facts that aren't in the document.

        shadow: a candidate that decides beside, and leaves nothing but phantom records.
        snoozes: of rules that say nothing about an entity for a while, as of the decision's time.
        now: the clock that decisions are stamped with; new_id: makes a decision's id from its time.

        Raises SettingsError when the rules use a signal that no scorer gives, don't know a scorer's labels, or read p
        of a scorer that names no positive label, for sources that give the same fact, and for a window that no source
        computes.
        """
        check_scorers(policy.rules, scorers)
        check_sources(sources, policy.windows)
        self._policy = policy
        self._counted_by = {window.by for window in policy.windows if window.events == DECISION}
        self._scorers = tuple(scorers.values())
        self._ledger = ledger
        self._sources = tuple(sources)
        self._shadow = shadow
        self._snoozes = snoozes
        self._now = now
        self._new_id = new_id

    def decide(self, doc: Document) -> Decision:
        """The decision on one document.

        Raises InputError for fields that can't be written down (NaN, an object), FacilityError when the ledger can't be
        written: then there is no decision.
        """
        return self.decide_many([doc])[0]

    def decide_many(self, docs: Sequence[Document]) -> list[Decision]:
        """The same decisions as one by one, in the order of the documents, scored in one batch and written in one step.

        Where rules count past decisions, a document whose entity has been in the batch before begins a new step, since
        what was decided for it counts.
        Raises as `decide` does; InputError before any is decided, FacilityError with the steps before it written.
        """
        for doc in docs:
            check_document(doc)
        return [dec for step in self._steps(docs) for dec in self._decide_together(step)]

    def _steps(self, docs: Sequence[Document]) -> Iterator[list[Document]]:
        """The documents in order, parted where one has an entity in common with an earlier one of its step."""
        step: list[Document] = []
        seen = set[tuple[str, str]]()
        for doc in docs:
            entities = {(name, key) for name in self._counted_by if (key := entity_key(doc.fields.get(name)))}
            if seen & entities:
                yield step
                step, seen = [], set()
            step.append(doc)
            seen |= entities
        if step:
            yield step

    def _snoozed(self, doc: Document, time: datetime) -> frozenset[str]:
        return self._snoozes.of(doc, time) if self._snoozes else frozenset()

    def _decide_together(self, docs: Sequence[Document]) -> list[Decision]:
        times = [self._now().astimezone(UTC) for _ in docs]
        facts = [gather(doc, self._sources, doc.time or time) for doc, time in zip(docs, times, strict=True)]
        snoozed = [self._snoozed(doc, time) for doc, time in zip(docs, times, strict=True)]
        pending = [
            self._policy.consider(doc, known, silent) for doc, known, silent in zip(docs, facts, snoozed, strict=True)
        ]
        signals = ask_needed(self._scorers, docs, [case.needed for case in pending])
        decisions = [
            case.decide(said, decision_id=self._new_id(time), time=time)
            for case, said, time in zip(pending, signals, times, strict=True)
        ]
        records = [(doc.id, record(dec, doc)) for doc, dec in zip(docs, decisions, strict=True)]
        self._ledger.append_many(DECISION, records)
        if self._shadow:
            with suppress(FengkongError):  # the answer stands, whether or not its phantom could be written
                self._ledger.append_many(PHANTOM, self._shadow.phantoms(docs, decisions, snoozed))
        return decisions
