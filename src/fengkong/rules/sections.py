"""The sections of a rule set's file, read in the order in which they need each other: from inputs to rules."""

from collections.abc import Iterator, Mapping, Sequence

from fengkong.domain.decisions import Outcome
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.comparing import LISTS
from fengkong.rules.coverage import card_findings, rule_findings, table_findings
from fengkong.rules.declarations import Inputs, read_inputs, read_reasons
from fengkong.rules.definition import Rule
from fengkong.rules.groups import Groups
from fengkong.rules.lists import DeclaredList, read_lists
from fengkong.rules.loading import Nodes
from fengkong.rules.rule_reading import Entries, RuleReader
from fengkong.rules.scope import Scope
from fengkong.rules.scorecards import Scorecard, define_scorecards
from fengkong.rules.table_values import TABLES, TableReader
from fengkong.rules.tables import read_tables

__all__ = ["OPTIONAL", "REQUIRED", "Sections"]

REQUIRED = ("inputs", "reasons")
OPTIONAL = ("groups", "lists", "rules", "scorecards", "tables")


class Sections:
    """All that a rule set declares. Faults are reported to the nodes."""

    def __init__(self, nodes: Nodes, entries: Entries) -> None:
        self._nodes = nodes
        self._entries = entries
        self.inputs = read_inputs(nodes, entries["inputs"][1]) if "inputs" in entries else Inputs()
        self.reasons = read_reasons(nodes, entries["reasons"][1]) if "reasons" in entries else {}
        self.scope = Scope(self.inputs)
        self.lists = self._lists()
        self.groups = Groups(nodes, self.scope)
        if "groups" in entries:
            self.groups.read(entries["groups"][1])
        self.scorecards: Mapping[str, Scorecard] = {}
        if "scorecards" in entries:
            self.scorecards = define_scorecards(nodes, entries["scorecards"][1], self.scope)
        self.tables = self._tables()
        self._reader = RuleReader(nodes, self.scope, self.groups, self.reasons)
        if "rules" in entries:
            self._reader.read(entries["rules"][1])

    def rules(self) -> list[Rule] | None:
        """The author's rules, then those of the tables; None where one of them has a fault."""
        own = self._reader.rules() if "rules" in self._entries else []
        of_tables = [None if table is None else table.rules(self.reasons) for table in self.tables.values()]
        if own is None or None in of_tables:
            return None
        taken = {rule.id for rule in own}
        more = [rule for rules in of_tables for rule in rules or ()]
        for rule in more:
            if rule.id in taken:
                what, cure = f"a rule has the id {rule.id!r}, which this row of a table has too", "rename the rule"
                self._nodes.findings.append(Finding("R007", Severity.ERROR, what, rule.place, cure))
        return own + more

    def compared(self, rules: Sequence[Rule], default: Outcome) -> Iterator[Finding]:
        """What the conditions of the rules, of the tables' rows and of the scorecards' bins take from each other."""
        yield from rule_findings(rules)
        for reader in self.tables.values():
            yield from table_findings(reader.table, reader.rows() or [], default) if reader else ()
        for card in self.scorecards.values():
            yield from card_findings(card.judged)

    def _lists(self) -> Mapping[str, DeclaredList | None]:
        if "lists" not in self._entries:
            return {}
        lists = read_lists(self._nodes, self._entries["lists"][1], self.inputs)
        for name, declared in lists.items():
            self.scope.define_list(f"{LISTS}{name}", None if declared is None else declared.holds)
            if declared is not None and declared.day is not None:
                self.scope.used.add(declared.day.name)
        return lists

    def _tables(self) -> dict[str, TableReader | None]:
        if "tables" not in self._entries:
            return {}
        readers: dict[str, TableReader | None] = {}
        for name, table in read_tables(self._nodes, self._entries["tables"][1]).items():
            if table is None:
                self.scope.broken.add(f"{TABLES}{name}.")
                readers[name] = None
            else:
                readers[name] = reader = TableReader(self._nodes, self.scope, table)
                reader.define()
        return readers
