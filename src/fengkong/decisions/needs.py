"""Which models a document's rules may still need, once all else about it is known.

In Kleene's logic a condition that is true or false with an input unknown stays so whatever the input turns out to be
(S. C. Kleene 1952, "Introduction to Metamathematics", section 64). Only `is known` tells an unknown from a value, so a
condition that asks it of a signal is settled by nothing else.
"""

from collections.abc import Iterator, Sequence

from fengkong.decisions.values import signal_of
from fengkong.domain.decisions import RuleState, Trace
from fengkong.rules.definition import Rule
from fengkong.rules.tree import Expr, Known, children, input_names

__all__ = ["Needs"]


class Needs:
    """The signals that each rule of a rule set reads.

    all: those that any rule reads.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(_signals(rule.condition), any(map(_signals, _known(rule.condition)))) for rule in rules]
        self.all = frozenset[str]().union(*(read for read, _ in self._rules))

    def of(self, trace: Trace) -> frozenset[str]:
        """The names of the signals that may change something. trace: of a run with every signal unknown."""
        if not self.all:
            return self.all
        needed = set[str]()
        for rule, (read, asks_known) in zip(trace.rules, self._rules, strict=True):
            settled = rule.state in {RuleState.HIT, RuleState.NO_HIT} and not asks_known
            if not settled and rule.state not in {RuleState.SNOOZED, RuleState.ERROR}:
                needed |= read
        return frozenset(needed)


def _signals(expr: Expr) -> frozenset[str]:
    return frozenset(signal for name in input_names(expr) if (signal := signal_of(name)))


def _known(expr: Expr) -> Iterator[Known]:
    if isinstance(expr, Known):
        yield expr
    for child in children(expr):
        yield from _known(child)
