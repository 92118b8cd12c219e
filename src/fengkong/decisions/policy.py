"""A policy, and the one place where a document's signals and facts become an outcome.

Live decisions and repeated ones take this same road, on the same frozen inputs.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fengkong.decisions.literals import check_literals
from fengkong.decisions.needs import Needs
from fengkong.decisions.reasons import default_reason, doubts, principal_reasons, rule_reasons
from fengkong.decisions.values import TEXT, rule_values, signal_values
from fengkong.domain.decisions import Decision, Outcome, Reason, Trace
from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import RuleError
from fengkong.domain.signals import Fact, Signal
from fengkong.rules.ruleset import RuleSet
from fengkong.rules.tree import input_names
from fengkong.rules.windows import Window
from fengkong.text.units import units

__all__ = ["Conclusion", "Pending", "Policy"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a policy says about one document: an outcome, at most four reasons for it, and what every rule did."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    trace: Trace


@dataclass(frozen=True)
class Policy:
    """A rule set in force under a name. Raises RuleError for a literal that no text can hold, as `check_literals` does.

    name, rules: together its version, which decisions are filed under.
    number: of the registered version that it is; None where it was never registered.
    """

    name: str
    rules: RuleSet
    number: int | None = None

    def __post_init__(self) -> None:
        for finding in check_literals(self.rules):
            raise RuleError(f"{finding.code}: {finding.message}", where=str(finding.place), cure=finding.cure)

    @property
    def version(self) -> str:
        """What decisions are filed under: "loan#7" where registered, else with the rule set's version, "loan@3"."""
        return f"{self.name}@{self.rules.version}" if self.number is None else f"{self.name}#{self.number}"

    @cached_property
    def reads_text(self) -> bool:
        """Whether a rule looks at the text, or at what a model read in it."""
        names = (name for rule in self.rules.rules for name in input_names(rule.condition))
        return bool(self.needs.all) or TEXT in names

    @cached_property
    def needs(self) -> Needs:
        """Which models its rules may need."""
        return Needs(self.rules.rules, self.windows)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows over past events that its rules use."""
        return self.rules.windows

    def conclude(
        self, doc: Document, signals: Sequence[Signal], facts: Sequence[Fact], snoozed: Set[str] = frozenset()
    ) -> Conclusion:
        """The most severe outcome that a rule or a doubt asks for; the rule set's default where nothing asks.

        A doubt asks for review at least, so it never ends in an approval, nor in a decline by default.
        The same inputs give the same conclusion, always: no clock, no model and no store is asked. A signal that no
        rule needs is not looked at, so that it is the same with it and without.
        """
        return self.consider(doc, facts, snoozed).conclude(signals)

    def consider(self, doc: Document, facts: Sequence[Fact], snoozed: Set[str] = frozenset()) -> "Pending":
        """What the rules say before any model is asked, and which models they need.

        snoozed: the ids of rules that are to ask for nothing.
        """
        values = rule_values(doc, facts)
        trace = self.rules.run(values, snoozed)
        return Pending(self, doc, tuple(facts), snoozed, values, trace, self.needs.of(trace))


@dataclass(frozen=True, slots=True)
class Pending:
    """A document and its facts under a policy, while the models have not been heard.

    values: what rules see so far, by dotted name. trace: what they say of it.
    needed: the names of the signals that may still change what a rule says.
    """

    policy: Policy
    doc: Document
    facts: tuple[Fact, ...]
    snoozed: Set[str]
    values: Mapping[str, FieldValue]
    trace: Trace
    needed: frozenset[str]

    def conclude(self, signals: Sequence[Signal]) -> Conclusion:
        """The conclusion, as `Policy.conclude` says."""
        rules, heard = self.policy.rules, self._heard(signals)
        trace = rules.run({**self.values, **signal_values(heard)}, self.snoozed) if heard else self.trace
        empty = self.policy.reads_text and not units(str(self.values[TEXT]))
        given = rule_reasons(trace, rules) + doubts(trace, heard, self.facts, empty=empty)
        if not given and rules.default > Outcome.APPROVE:
            given = [(rules.default, default_reason(self.policy.version))]
        outcome = Outcome.most_severe((asked for asked, _ in given), rules.default)
        return Conclusion(outcome, principal_reasons(outcome, given), trace)

    def decide(self, signals: Sequence[Signal], *, decision_id: str, time: datetime) -> Decision:
        """The decision that this conclusion is, made at that time, with the signals that were needed."""
        conclusion = self.conclude(signals)
        return Decision(
            id=decision_id,
            document=self.doc.id,
            document_hash=self.doc.content_hash,
            outcome=conclusion.outcome,
            reasons=conclusion.reasons,
            signals=self._heard(signals),
            facts=self.facts,
            trace=conclusion.trace,
            policy=self.policy.version,
            rules_hash=self.policy.rules.hash,
            time=time,
        )

    def _heard(self, signals: Sequence[Signal]) -> tuple[Signal, ...]:
        return tuple(sorted((sig for sig in signals if sig.name in self.needed), key=lambda sig: sig.name))
