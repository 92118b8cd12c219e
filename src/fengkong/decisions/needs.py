"""Which models a document's rules may still need, once all else about it is known.

In Kleene's logic a condition that is true or false with an input unknown stays so whatever the input turns out to be
(S. C. Kleene 1952, "Introduction to Metamathematics", section 64). Only `is known` tells an unknown from a value, so a
condition that asks it of a signal is settled by nothing else.
"""

from collections.abc import Iterator, Sequence

from fengkong.decisions.records import DECISION
from fengkong.decisions.values import signal_of
from fengkong.domain.decisions import RuleState, Trace
from fengkong.rules.definition import Rule
from fengkong.rules.tree import Expr, Known, children, input_names
from fengkong.rules.windows import Window

__all__ = ["Needs"]


class Needs:
    """The signals that each rule of a rule set reads, and those that its windows count.

    rules: of each rule, the signals that it reads, and whether it asks of one of them if it is known.
    counted: those that windows count. all: all of them.
    """

    def __init__(self, rules: Sequence[Rule], windows: Sequence[Window]) -> None:
        self.rules = tuple((_signals(rule.condition), any(map(_signals, _known(rule.condition)))) for rule in rules)
        # What is counted over past decisions must have been asked in each of them.
        self.counted = frozenset(
            signal
            for window in windows
            if window.events == DECISION
            for name in (window.of, *window.where)
            if (signal := signal_of(name))
        )
        self.all = self.counted.union(*(read for read, _ in self.rules))

    def of(self, trace: Trace) -> frozenset[str]:
        """The names of the signals that may change something. trace: of a run with every signal unknown."""
        if not self.all:
            return self.all
        needed = set(self.counted)
        for rule, (read, asks_known) in zip(trace.rules, self.rules, strict=True):
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
