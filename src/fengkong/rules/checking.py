"""Every fault of a rule set, found before anything runs, and the definition of one that has no error.

The codes are listed in docs/rules.md; they are stable, so that a team may keep a list of those it accepts.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from fengkong.domain.decisions import Outcome
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.declarations import Inputs, read_inputs, read_reasons
from fengkong.rules.definition import Definition, Rule
from fengkong.rules.groups import Groups
from fengkong.rules.inference import LISTS
from fengkong.rules.lists import DeclaredList, read_lists
from fengkong.rules.loading import Nodes, read_text
from fengkong.rules.rule_reading import Entries, RuleReader, read_outcome
from fengkong.rules.scope import Scope
from fengkong.rules.tree import Expr, input_names

__all__ = ["check", "examine"]

FORMAT = "1"
_SECTIONS = ("groups", "lists")


def check(rules: str | Path, *, source: str = "", folder: Path | None = None) -> list[Finding]:
    """All findings on a rule set, in the order of its lines; empty when there is nothing to say.

    rules: a Path to a YAML file, or the YAML text itself. source: the name that findings give as the file; a path's
    own by default. folder: where the files that it names lie; a path's own by default. Never raises for what it reads,
    however broken.
    """
    return examine(rules, source=source, folder=folder)[1]


def examine(
    rules: str | Path, *, source: str = "", folder: Path | None = None
) -> tuple[Definition | None, list[Finding]]:
    """The definition, or None where a finding is an error, and all findings."""
    if isinstance(rules, Path):
        source, folder = source or str(rules), folder or rules.parent
    nodes = Nodes(source, folder)
    text = read_text(rules, nodes) if isinstance(rules, Path) else rules
    root = None if text is None else nodes.root(text)
    definition = None if root is None else _Examination(nodes).definition(root)
    findings = sorted(nodes.findings, key=lambda finding: (*_file(finding, source), finding.place.line or 0))
    broken = any(finding.severity is Severity.ERROR for finding in findings)
    return None if broken else definition, findings


def _file(finding: Finding, source: str) -> tuple[bool, str]:
    """Sorts the rule set's own findings before those of the files that it names."""
    return finding.place.file != source, finding.place.file


class _Examination:
    """One walk over a rule set's nodes."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._inputs = Inputs()
        self._reasons: dict[str, tuple[yaml.Node, Mapping[str, str]]] = {}

    def definition(self, root: yaml.Node) -> Definition | None:
        required = ("format", "name", "version", "inputs", "reasons", "rules")
        entries = self._nodes.entries(root, "the rule set", required=required, optional=("default", *_SECTIONS))
        texts = {key: self._text(entries, key) for key in ("format", "name", "version")}
        if texts["format"] not in {None, FORMAT}:
            cure = f"write format: {FORMAT}, or read it with the version of fengkong that wrote it"
            what = f"the format {texts['format']!r} is not known"
            self._nodes.report("R005", what, entries["format"][1], cure=cure)
        default: Outcome | None = Outcome.REVIEW
        if "default" in entries:
            default = read_outcome(self._nodes, entries["default"][1], "'default'")
        if "inputs" in entries:
            self._inputs = read_inputs(self._nodes, entries["inputs"][1])
        if "reasons" in entries:
            self._reasons = read_reasons(self._nodes, entries["reasons"][1])
        scope = Scope(self._inputs)
        lists = read_lists(self._nodes, entries["lists"][1], self._inputs) if "lists" in entries else {}
        for name, declared in lists.items():
            scope.define_list(f"{LISTS}{name}", None if declared is None else declared.holds)
            if declared is not None and declared.day is not None:
                scope.used.add(declared.day.name)
        groups = Groups(self._nodes, scope)
        if "groups" in entries:
            groups.read(entries["groups"][1])
        reader = RuleReader(self._nodes, scope, groups, self._reasons)
        if "rules" in entries:
            reader.read(entries["rules"][1])
        rules, derived = reader.rules(), scope.derived()
        if rules is None or default is None:
            return None
        self._compare_conditions(rules)
        self._unused(rules, scope)
        self._idle(rules, scope, groups, lists)
        reasons = {code: texts for code, (_, texts) in self._reasons.items()}
        return Definition(
            texts["name"] or "",
            texts["version"] or "",
            default,
            self._inputs.types,
            reasons,
            tuple(rules),
            derived,
            lists={name: str(declared.content) for name, declared in lists.items() if declared is not None},
            windows=tuple(self._inputs.windows),
        )

    def _text(self, entries: Entries, key: str) -> str | None:
        return self._nodes.text(entries[key][1], f"{key!r}") if key in entries else None

    def _compare_conditions(self, rules: list[Rule]) -> None:
        first: dict[Expr, Rule] = {}
        for rule in rules:
            if rule.then is None or not any(input_names(rule.condition)):
                continue
            other = first.setdefault(rule.condition, rule)
            if other.then != rule.then:
                what = f"the same condition as rule {other.id!r}, which asks for {other.then}, not {rule.then}"
                finding = Finding("R032", Severity.WARNING, what, rule.place, "keep one of the two rules")
                self._nodes.findings.append(finding)

    def _unused(self, rules: list[Rule], scope: Scope) -> None:
        for declared, (node, names) in self._inputs.groups.items():
            if scope.used.isdisjoint(names):
                what = f"no rule uses the input {declared!r}"
                self._nodes.report("R012", what, node, cure="remove it", severity=Severity.INFO)
        given = {rule.reason for rule in rules}
        for code, (node, _) in self._reasons.items():
            if code not in given:
                what = f"no rule gives the reason {code!r}"
                self._nodes.report("R010", what, node, cure="remove it", severity=Severity.INFO)

    def _idle(self, rules: list[Rule], scope: Scope, groups: Groups, lists: Mapping[str, DeclaredList | None]) -> None:
        filled = {rule.group for rule in rules}
        idle = [
            (f"no rule is in the group {name!r}", of.node) for name, of in groups.declared.items() if name not in filled
        ]
        for name, declared in lists.items():
            if declared is not None and f"{LISTS}{name}" not in scope.used:
                idle.append((f"nothing looks into the list {name!r}", declared.node))
        for what, node in idle:
            self._nodes.report("R013", what, node, cure="remove it", severity=Severity.INFO)
