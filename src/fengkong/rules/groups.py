"""Groups of rules: what they have in common, and the switch that turns all of them off."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from fengkong.domain.errors import likely_slip
from fengkong.rules.declarations import all_plain
from fengkong.rules.loading import Nodes
from fengkong.rules.scope import Condition, Scope
from fengkong.rules.syntax import ExpressionError

__all__ = ["TOTAL", "Group", "Groups"]

TOTAL = "total"
"""What stands for all groups in `points.total`, so that no group may be called so."""


@dataclass(frozen=True, slots=True)
class Group:
    """A declared group. node: its key; when: the node of what must hold for any of its rules."""

    node: yaml.Node
    enabled: bool = True
    when: yaml.Node | None = None


@dataclass
class Groups:
    """The declared groups by name; their conditions are read when first asked for, since they may name points."""

    nodes: Nodes
    scope: Scope
    declared: dict[str, Group] = field(default_factory=dict)
    _conditions: dict[str, Condition | None] = field(default_factory=dict)

    def read(self, node: yaml.Node) -> None:
        """Takes the groups of the `groups` mapping; faults are reported to the nodes."""
        for name, (key, value) in self.nodes.entries(node, "groups", optional=None).items():
            if name == TOTAL:
                what, cure = f"a group can't be called {name!r}", f"points.{name} is the sum over all rules"
                self.nodes.report("R011", what, key, cure=cure)
                continue
            if not all_plain(self.nodes, "a group", name, [name], key):
                continue
            if self.nodes.is_empty(value):
                self.declared[name] = Group(key)
                continue
            entries = self.nodes.entries(value, f"group {name!r}", optional=("when", "enabled"))
            when = entries["when"][1] if "when" in entries else None
            self.declared[name] = Group(key, self._enabled(name, entries), when)

    def condition(self, name: str) -> Condition | None:
        """The condition of a group that has one; None where it has a fault, which is reported."""
        if name not in self._conditions:
            node = self.declared[name].when
            text = None if node is None else self.nodes.text(node, f"'when' of group {name!r}")
            try:
                self._conditions[name] = None if text is None else self.scope.condition(text)
            except ExpressionError as error:
                self._conditions[name] = None
                self.nodes.report_faults(error.faults, node, f"group {name}")
        return self._conditions[name]

    def _enabled(self, name: str, entries: Mapping[str, tuple[yaml.Node, yaml.Node]]) -> bool:
        if "enabled" not in entries:
            return True
        node = entries["enabled"][1]
        word = self.nodes.text(node, f"'enabled' of group {name!r}")
        if word is not None and word not in {"true", "false"}:
            what = f"'enabled' of group {name!r} can't be {word!r}"
            self.nodes.report("R005", what, node, cure=likely_slip(word, ("true", "false")))
        return word != "false"
