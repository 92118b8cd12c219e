"""Every fault of a rule set, found before anything runs, and the definition of one that has no error.

The codes are listed in docs/rules.md; they are stable, so that a team may keep a list of those it accepts.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

import yaml

from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.domain.errors import RuleError, likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.analysis import suspicions
from fengkong.rules.declarations import Inputs, read_inputs, read_reasons
from fengkong.rules.definition import Clause, Definition, Rule
from fengkong.rules.inference import infer, names_in
from fengkong.rules.loading import Nodes, read_text
from fengkong.rules.syntax import ExpressionError, Source, parse_expression
from fengkong.rules.tree import Expr, input_names

__all__ = ["check", "examine"]

FORMAT = "1"
RULES = 1_000
NO_HIT = "no_hit"

Entries = Mapping[str, tuple[yaml.Node, yaml.Node]]


def check(rules: str | Path, *, source: str = "") -> list[Finding]:
    """All findings on a rule set, in the order of its lines; empty when there is nothing to say.

    rules: a Path to a YAML file, or the YAML text itself. source: the name that findings give as the file; a path's
    own by default. Never raises for what it reads, however broken.
    """
    return examine(rules, source=source)[1]


def examine(rules: str | Path, *, source: str = "") -> tuple[Definition | None, list[Finding]]:
    """The definition, or None where a finding is an error, and all findings."""
    nodes = Nodes(source or (str(rules) if isinstance(rules, Path) else ""))
    text = read_text(rules, nodes) if isinstance(rules, Path) else rules
    root = None if text is None else nodes.root(text)
    definition = None if root is None else _Examination(nodes).definition(root)
    findings = sorted(nodes.findings, key=lambda finding: finding.place.line or 0)
    broken = any(finding.severity is Severity.ERROR for finding in findings)
    return None if broken else definition, findings


class _Examination:
    """One walk over a rule set's nodes."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._inputs = Inputs()
        self._reasons: dict[str, tuple[yaml.Node, Mapping[str, str]]] = {}
        self._ids: set[str] = set()

    def definition(self, root: yaml.Node) -> Definition | None:
        required = ("format", "name", "version", "inputs", "reasons", "rules")
        entries = self._nodes.entries(root, "the rule set", required=required, optional=("default",))
        texts = {key: self._text(entries, key) for key in ("format", "name", "version")}
        if texts["format"] not in {None, FORMAT}:
            cure = f"write format: {FORMAT}, or read it with the version of fengkong that wrote it"
            what = f"the format {texts['format']!r} is not known"
            self._nodes.report("R005", what, entries["format"][1], cure=cure)
        default = self._outcome(entries, "default") if "default" in entries else Outcome.REVIEW
        if "inputs" in entries:
            self._inputs = read_inputs(self._nodes, entries["inputs"][1])
        if "reasons" in entries:
            self._reasons = read_reasons(self._nodes, entries["reasons"][1])
        rules = self._rules(entries["rules"][1]) if "rules" in entries else []
        complete = [rule for rule in rules if rule is not None]
        if len(complete) < len(rules) or default is None:
            return None
        self._compare_conditions(complete)
        self._unused(complete)
        reasons = {code: texts for code, (_, texts) in self._reasons.items()}
        return Definition(
            texts["name"] or "", texts["version"] or "", default, self._inputs.types, reasons, tuple(complete)
        )

    def _text(self, entries: Entries, key: str, rule: str = "") -> str | None:
        if key not in entries:
            return None
        what = f"{key!r} of rule {rule!r}" if rule else f"{key!r}"
        return self._nodes.text(entries[key][1], what)

    def _outcome(self, entries: Entries, key: str, rule: str = "") -> Outcome | None:
        word = self._text(entries, key, rule)
        if word is None:
            return None
        try:
            return Outcome.parse(word)
        except RuleError as error:
            self._nodes.report("R006", f"there is no outcome {word!r}", entries[key][1], cure=error.cure, rule=rule)
            return None

    def _rules(self, node: yaml.Node) -> list[Rule | None]:
        items = self._nodes.items(node, "'rules'")
        if len(items) > RULES:
            self._nodes.report("R022", f"there are {len(items)} rules; {RULES} are allowed", node, cure="split the set")
            return []
        return [self._rule(item) for item in items]

    def _rule(self, node: yaml.Node) -> Rule | None:
        required = ("id", "when", "then", "reason")
        entries = self._nodes.entries(node, "a rule", required=required, optional=("unknown",))
        name = self._text(entries, "id") or ""
        if name in self._ids:
            self._nodes.report("R007", f"two rules have the id {name!r}", node, cure="rename one of them", rule=name)
        self._ids.add(name)
        then = self._outcome(entries, "then", name)
        reason = self._text(entries, "reason", name)
        if reason is not None and reason not in self._reasons:
            cure = likely_slip(reason, self._reasons) + "; or add it under reasons"
            self._nodes.report("R008", f"there is no reason {reason!r}", entries["reason"][1], cure=cure, rule=name)
        unknown = self._unknown(entries, name)
        condition = self._condition(entries, name)
        if not name or then is None or reason is None or unknown is None or condition is None:
            return None
        place = Place(self._nodes.source, node.start_mark.line + 1, name)
        return Rule(name, *condition, then, reason, _UNKNOWN[unknown], place)

    def _unknown(self, entries: Entries, rule: str) -> str | None:
        """The word for what an unknown condition means, or None after reporting one that is not known."""
        if "unknown" not in entries:
            return str(Outcome.REVIEW)
        word = self._text(entries, "unknown", rule)
        if word is None or word in _UNKNOWN:
            return word
        cure = likely_slip(word, _UNKNOWN)
        if word == str(Outcome.APPROVE):
            cure = f"doubt never approves; write {NO_HIT} where the rule shall then say nothing"
        what = f"`unknown` can't be {word!r}"
        self._nodes.report("R006", what, entries["unknown"][1], cure=cure, rule=rule)
        return None

    def _condition(self, entries: Entries, rule: str) -> tuple[Expr, tuple[Clause, ...]] | None:
        text = self._text(entries, "when", rule)
        if text is None:
            return None
        node = entries["when"][1]
        checked: tuple[Expr, tuple[Clause, ...]] | None = None
        try:
            source = parse_expression(text)
            if self._inputs.broken & names_in(source.root):
                return None
            checked = infer(source, source.root, self._inputs.types), self._clauses(source)
            faults = suspicions(checked[0])
        except ExpressionError as error:
            faults = list(error.faults)
        for fault in faults:
            self._nodes.report(fault.code, fault.message, node, cure=fault.cure, rule=rule, severity=fault.severity)
        return checked

    def _clauses(self, source: Source) -> tuple[Clause, ...]:
        parts = source.root.values if isinstance(source.root, ast.BoolOp) else [source.root]
        return tuple(Clause(source.written(part), infer(source, part, self._inputs.types)) for part in parts)

    def _compare_conditions(self, rules: list[Rule]) -> None:
        first: dict[Expr, Rule] = {}
        for rule in rules:
            other = first.setdefault(rule.condition, rule)
            if other.then != rule.then:
                what = f"the same condition as rule {other.id!r}, which asks for {other.then}, not {rule.then}"
                finding = Finding("R032", Severity.WARNING, what, rule.place, "keep one of the two rules")
                self._nodes.findings.append(finding)

    def _unused(self, rules: list[Rule]) -> None:
        used = {name for rule in rules for name in input_names(rule.condition)}
        for declared, (node, names) in self._inputs.groups.items():
            if used.isdisjoint(names):
                what = f"no rule uses the input {declared!r}"
                self._nodes.report("R012", what, node, cure="remove it", severity=Severity.INFO)
        given = {rule.reason for rule in rules}
        for code, (node, _) in self._reasons.items():
            if code not in given:
                what = f"no rule gives the reason {code!r}"
                self._nodes.report("R010", what, node, cure="remove it", severity=Severity.INFO)


_UNKNOWN: Mapping[str, Outcome | None] = {
    str(Outcome.REVIEW): Outcome.REVIEW,
    str(Outcome.DECLINE): Outcome.DECLINE,
    NO_HIT: None,
}
