"""What a rule set declares and never uses."""

from collections.abc import Iterator, Sequence

import yaml

from fengkong.domain.findings import Severity
from fengkong.rules.comparing import LISTS
from fengkong.rules.definition import Rule
from fengkong.rules.loading import Nodes
from fengkong.rules.scorecards import SCORES
from fengkong.rules.sections import Sections
from fengkong.rules.table_values import TABLES

__all__ = ["report_idle"]


def report_idle(nodes: Nodes, sections: Sections, rules: Sequence[Rule]) -> None:
    """Adds a finding for each input, reason, group, list, scorecard and table that nothing uses."""
    for code, what, node in _idle(sections, rules):
        nodes.report(code, what, node, cure="remove it", severity=Severity.INFO)


def _idle(sections: Sections, rules: Sequence[Rule]) -> Iterator[tuple[str, str, yaml.Node]]:
    yield from _idle_words(sections, rules)
    yield from _idle_sections(sections)


def _idle_words(sections: Sections, rules: Sequence[Rule]) -> Iterator[tuple[str, str, yaml.Node]]:
    used = sections.scope.used
    for declared, (node, names) in sections.inputs.groups.items():
        if used.isdisjoint(names):
            yield "R012", f"no rule uses the input {declared!r}", node
    given, filled = ({rule.reason for rule in rules}, {rule.group for rule in rules})
    for reason, (node, _) in sections.reasons.items():
        if reason not in given:
            yield "R010", f"no rule gives the reason {reason!r}", node
    for name, group in sections.groups.declared.items():
        if name not in filled:
            yield "R013", f"no rule is in the group {name!r}", group.node


def _idle_sections(sections: Sections) -> Iterator[tuple[str, str, yaml.Node]]:
    used = sections.scope.used
    for name, listed in sections.lists.items():
        if listed is not None and f"{LISTS}{name}" not in used:
            yield "R013", f"nothing looks into the list {name!r}", listed.node
    for name, card in sections.scorecards.items():
        if f"{SCORES}{name}" not in used:
            yield "R013", f"no rule uses the score {name!r}", card.node
    for name, reader in sections.tables.items():
        outputs = [f"{TABLES}{name}.{output}" for output in (reader.table.outputs if reader else ())]
        if reader and not reader.table.decides and used.isdisjoint(outputs):
            yield "R013", f"no rule uses the table {name!r}", reader.table.node
