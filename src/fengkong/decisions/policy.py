"""A policy, and the one place where a document's signals and facts become an outcome.

Live decisions and repeated ones take this same road, on the same frozen inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fengkong.decisions.literals import check_literals
from fengkong.decisions.reasons import default_reason, doubts, principal_reasons, rule_reasons
from fengkong.decisions.values import SIGNALS, TEXT, rule_values
from fengkong.domain.decisions import Outcome, Reason, Trace
from fengkong.domain.documents import Document
from fengkong.domain.errors import RuleError
from fengkong.domain.signals import Fact, Signal
from fengkong.rules.ruleset import RuleSet
from fengkong.rules.tree import input_names
from fengkong.text.units import units

__all__ = ["Conclusion", "Policy"]


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
    """

    name: str
    rules: RuleSet

    def __post_init__(self) -> None:
        for finding in check_literals(self.rules):
            raise RuleError(f"{finding.code}: {finding.message}", where=str(finding.place), cure=finding.cure)

    @property
    def version(self) -> str:
        """The name and the rule set's version, such as "loan@3"; what decisions are filed under."""
        return f"{self.name}@{self.rules.version}"

    @cached_property
    def reads_text(self) -> bool:
        """Whether a rule looks at the text, or at what a model read in it."""
        names = (name for rule in self.rules.rules for name in input_names(rule.condition))
        return any(name == TEXT or name.startswith(SIGNALS) for name in names)

    def conclude(self, doc: Document, signals: Sequence[Signal], facts: Sequence[Fact]) -> Conclusion:
        """The most severe outcome that a rule or a doubt asks for; the rule set's default where nothing asks.

        A doubt asks for review at least, so it never ends in an approval, nor in a decline by default.
        The same inputs give the same conclusion, always: no clock, no model and no store is asked.
        """
        values = rule_values(doc, signals, facts)
        trace = self.rules.run(values)
        empty = self.reads_text and not units(str(values[TEXT]))
        given = rule_reasons(trace, self.rules.reasons) + doubts(trace, signals, facts, empty=empty)
        if not given and self.rules.default > Outcome.APPROVE:
            given = [(self.rules.default, default_reason(self.version))]
        outcome = Outcome.most_severe((asked for asked, _ in given), self.rules.default)
        return Conclusion(outcome, principal_reasons(outcome, given), trace)
