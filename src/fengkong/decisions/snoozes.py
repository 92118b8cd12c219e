"""Snoozes: a rule that says nothing about one entity until a moment, because somebody looked into it already.

A snooze is an entry of the ledger, and the ledger is the only state. A decision's trace shows which rules were snoozed.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fengkong.decisions.entities import entity_key
from fengkong.domain.decisions import Decision, RuleState
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError
from fengkong.ledger.entries import Entry, EntryStore

__all__ = ["SNOOZE", "Snooze", "Snoozes", "snooze", "snoozed_in"]

SNOOZE = "snooze"
"""The kind of the ledger's entries that hold snoozes; their subject is the rule's id."""

SNOOZE_FORMAT = 1
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Snooze:
    """A rule, the entity that it says nothing about (a field and its value), until when, who decided so, and why.

    A later one of the same rule and entity takes its place, so that one whose moment has passed ends it.
    """

    rule: str
    field: str
    value: str
    until: datetime
    by: str
    note: str = ""

    def __post_init__(self) -> None:
        """Raises InputError for a blank name or value, or a moment without zone."""
        if not all(word.strip() for word in (self.rule, self.field, self.value, self.by)):
            raise InputError("a snooze needs a rule, a field with its value, and who decided so")
        if self.until.tzinfo is None:
            raise InputError("the end of a snooze has no zone", received=self.until.isoformat(), cure="add +00:00")


def snooze(ledger: EntryStore, given: Snooze) -> Entry:
    """Write a snooze to the ledger, durably. Raises FacilityError when it can't be written."""
    body = {part: getattr(given, part) for part in ("rule", "field", "value", "by", "note")}
    return ledger.append(SNOOZE, given.rule, body | {"format": SNOOZE_FORMAT, "until": given.until.isoformat()})


class Snoozes:
    """The snoozes of a ledger, followed entry by entry. Safe for threads."""

    def __init__(self, ledger: EntryStore) -> None:
        self._ledger = ledger
        self._until: dict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
        self._read = 0
        self._lock = threading.Lock()

    def of(self, doc: Document, as_of: datetime) -> frozenset[str]:
        """The ids of the rules that say nothing about the document's entities at that moment.

        Raises FacilityError when the ledger can't be read, InputError for a snooze there that can't be.
        """
        with self._lock:
            self._follow()
            return frozenset(rule for rule, until in self._found(doc) if as_of < until)

    def _found(self, doc: Document) -> Iterator[tuple[str, datetime]]:
        for name, value in doc.fields.items():
            yield from self._until.get((name, entity_key(value)), {}).items()

    def _follow(self) -> None:
        while page := self._ledger.entries(self._read, _PAGE):
            for entry in page:
                if entry.kind == SNOOZE:
                    given = _snooze(entry)
                    self._until[given.field, entity_key(given.value)][given.rule] = given.until
                self._read = entry.seq


def snoozed_in(dec: Decision) -> frozenset[str]:
    """The ids of the rules that were snoozed when a decision was made."""
    return frozenset(rule.rule for rule in dec.trace.rules if rule.state is RuleState.SNOOZED)


def _snooze(entry: Entry) -> Snooze:
    body: Any = entry.body
    try:
        if body["format"] != SNOOZE_FORMAT:
            raise ValueError(body["format"])
        parts = {part: body[part] for part in ("rule", "field", "value", "by", "note")}
        return Snooze(until=datetime.fromisoformat(body["until"]), **parts)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "a snooze can't be read", where=f"entry {entry.seq}", cure="verify the ledger with: fengkong audit verify"
        ) from error
