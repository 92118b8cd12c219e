"""What is answered: outcomes, traces, reasons and the decision that holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import RuleError, likely_slip
from fengkong.domain.signals import Fact, Signal

__all__ = ["ClauseTrace", "Decision", "Outcome", "Reason", "RuleState", "RuleTrace", "Trace"]


class Outcome(IntEnum):
    """Ordered by severity, so `max` is the answer of several: approve < review < decline."""

    APPROVE = 0
    REVIEW = 1
    DECLINE = 2

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: str, where: str = "") -> "Outcome":
        """The outcome of that lower-case name. Raises RuleError, naming the likely slip."""
        for outcome in cls:
            if str(outcome) == word:
                return outcome
        raise RuleError(
            "the outcome is not known", where=where, received=repr(word), cure=likely_slip(word, map(str, cls))
        )

    @classmethod
    def most_severe(cls, outcomes: Iterable["Outcome"], default: "Outcome") -> "Outcome":
        """The most severe of them, or `default` when there is none."""
        return max(outcomes, default=default)


class RuleState(StrEnum):
    """How one rule ended."""

    HIT = "hit"
    NO_HIT = "no_hit"
    UNKNOWN = "unknown"
    SNOOZED = "snoozed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ClauseTrace:
    """One clause of a condition as its author wrote it, and its value: true, false or None (unknown)."""

    expression: str
    value: bool | None


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What one rule did, and the values that it saw.

    outcome: what the rule asks for (None when it asks for nothing).
    values: the inputs named in its condition; None is unknown.
    detail: the cause where state is ERROR.
    """

    rule: str
    state: RuleState
    outcome: Outcome | None = None
    reason: str = ""
    values: Mapping[str, FieldValue] = field(default_factory=dict)
    clauses: tuple[ClauseTrace, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every rule in the author's order, and what points, scorecards and tables came to, by name; None is unknown."""

    rules: tuple[RuleTrace, ...] = ()
    derived: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a code for machines and a text for people; `source` is the rule or doubt that it came from."""

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer, with all that is needed to explain it and to repeat it to the letter."""

    id: str
    document: str
    document_hash: str
    outcome: Outcome
    reasons: tuple[Reason, ...]
    signals: tuple[Signal, ...]
    facts: tuple[Fact, ...]
    trace: Trace
    policy: str
    rules_hash: str
    time: datetime
