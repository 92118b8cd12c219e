"""A candidate policy beside the live one: the same documents and facts, and nothing but phantom records.

Whatever happens here, the live answer is already durable and is given unchanged.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from fengkong.decisions.policy import Policy
from fengkong.decisions.records import RECORD_FORMAT, written_decision
from fengkong.decisions.signals import ask_needed, check_scorers, told_cause
from fengkong.decisions.sources import FactSource, check_sources, gather
from fengkong.decisions.values import FIELDS
from fengkong.domain.canonical import Plain
from fengkong.domain.decisions import Decision
from fengkong.domain.documents import Document
from fengkong.domain.signals import Fact, Signal
from fengkong.scoring.protocol import TextScorer

__all__ = ["PHANTOM", "BrokenShadow", "Shadow"]

PHANTOM = "phantom"
"""The kind of the ledger's entries that hold what a shadow would have decided; their subject is the document's id."""


class Shadow:
    """A candidate policy with what it needs to decide."""

    def __init__(
        self, policy: Policy, scorers: Mapping[str, TextScorer], *, sources: Sequence[FactSource] = ()
    ) -> None:
        """sources: its own; facts of sources that it hasn't are those of the live decision.

        Raises SettingsError as `Decider` does.
        """
        check_scorers(policy.rules, scorers)
        check_sources(sources, policy.windows)
        self._policy = policy
        self._scorers = tuple(scorers.values())
        self._sources = tuple(sources)

    def phantoms(
        self, docs: Sequence[Document], decisions: Sequence[Decision], snoozed: Sequence[Set[str]]
    ) -> list[tuple[str, dict[str, Plain]]]:
        """What the candidate would have decided, as (subject, body) of ledger entries; never raises.

        snoozed: for each document, the ids of the rules that were snoozed, of whichever policy.
        A body holds the phantom decision, under the live one's id, or says as `failed` why there is none.
        """
        try:
            bodies = self._bodies(docs, decisions, snoozed)
        except Exception as error:  # noqa: BLE001 - a candidate may fail in any way, and must not cost a live answer
            cause = told_cause(error, "the shadow policy")
            return BrokenShadow(self._policy.version, cause).phantoms(docs, decisions, snoozed)
        return _entries(docs, decisions, bodies)

    def _bodies(
        self, docs: Sequence[Document], decisions: Sequence[Decision], snoozed: Sequence[Set[str]]
    ) -> list[dict[str, Plain]]:
        facts = [self._facts(doc, dec) for doc, dec in zip(docs, decisions, strict=True)]
        pending = [
            self._policy.consider(doc, known, silent) for doc, known, silent in zip(docs, facts, snoozed, strict=True)
        ]
        heard = [self._heard(dec) for dec in decisions]
        missing = [case.needed.difference(said) for case, said in zip(pending, heard, strict=True)]
        asked = ask_needed(self._scorers, docs, missing)
        return [
            {"decision": written_decision(case.decide([*said.values(), *new], decision_id=dec.id, time=dec.time))}
            for dec, case, said, new in zip(decisions, pending, heard, asked, strict=True)
        ]

    def _heard(self, dec: Decision) -> dict[str, Signal]:
        """What its own models said already, to the live policy."""
        own = {(scorer.name, scorer.bundle_id) for scorer in self._scorers}
        return {sig.name: sig for sig in dec.signals if (sig.name, sig.bundle) in own}

    def _facts(self, doc: Document, dec: Decision) -> list[Fact]:
        own = frozenset[str]().union(*(source.names for source in self._sources))
        lent = [fact for fact in dec.facts if fact.source != FIELDS and fact.name not in own]
        # A field that the live decision didn't hear has the name of a source's fact, even if that source left it out.
        heard = {fact.name for fact in dec.facts if fact.source == FIELDS}
        gathered = gather(doc, self._sources, doc.time or dec.time)
        return [*(fact for fact in gathered if fact.source != FIELDS or fact.name in heard), *lent]


@dataclass(frozen=True, slots=True)
class BrokenShadow:
    """A candidate that can't decide, for instance because its bundle is gone; its phantoms say why."""

    policy: str
    cause: str

    def phantoms(
        self, docs: Sequence[Document], decisions: Sequence[Decision], _snoozed: Sequence[Set[str]]
    ) -> list[tuple[str, dict[str, Plain]]]:
        """As `Shadow.phantoms`, without a decision."""
        return _entries(docs, decisions, [{"failed": self.cause, "policy": self.policy} for _ in docs])


def _entries(
    docs: Sequence[Document], decisions: Sequence[Decision], bodies: Sequence[dict[str, Plain]]
) -> list[tuple[str, dict[str, Plain]]]:
    return [
        (doc.id, {"format": RECORD_FORMAT, "live": dec.id, **body})
        for doc, dec, body in zip(docs, decisions, bodies, strict=True)
    ]
