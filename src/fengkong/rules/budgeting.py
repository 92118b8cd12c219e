"""The budget of a rule set: how it is declared, and what is found where its rules exceed it."""

from collections.abc import Iterable, Sequence

import yaml

from fengkong.rules.cost import Budget, cost
from fengkong.rules.definition import Rule
from fengkong.rules.loading import Nodes
from fengkong.rules.tree import Expr

__all__ = ["check_cost", "read_budget"]

_LIMITS = {"steps": 1_000_000_000, "text": 2_000_000}
"""The most that a budget may allow."""


def read_budget(nodes: Nodes, node: yaml.Node) -> Budget:
    """The budget of the `budget` mapping; faults are reported to the nodes."""
    given: dict[str, int] = {}
    for key, (_, value) in nodes.entries(node, "'budget'", optional=tuple(_LIMITS)).items():
        text = nodes.text(value, f"{key!r} of 'budget'") or ""
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
        if 1 <= number <= _LIMITS[key]:
            given[key] = number
        elif text:
            what = f"{key!r} of 'budget' can't be {text!r}"
            nodes.report("R005", what, value, cure=f"write a number from 1 to {_LIMITS[key]}")
    return Budget(**given)


def check_cost(nodes: Nodes, root: yaml.Node, rules: Sequence[Rule], derived: Iterable[Expr], budget: Budget) -> None:
    """Reports R028 where the rules and the derived values can take more steps than the budget allows."""
    steps = cost([*(rule.condition for rule in rules), *derived], budget)
    if steps > budget.steps and rules:
        dearest = max(rules, key=lambda rule: cost([rule.condition], budget))
        own = cost([dearest.condition], budget)
        what = f"the rules can take {steps:,} steps for one document, {own:,} of them {dearest.id!r}"
        cure = f"{budget.steps:,} are allowed: look for less in texts, or write budget: {{text: ..., steps: ...}}"
        nodes.report("R028", what, root, cure=cure, rule=dearest.id)
