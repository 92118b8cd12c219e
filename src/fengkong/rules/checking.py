"""Every fault of a rule set, found before anything runs, and the definition of one that has no error.

The codes are listed in docs/rules.md; they are stable, so that a team may keep a list of those it accepts.
"""

from collections.abc import Iterable
from pathlib import Path

import yaml

from fengkong.domain.decisions import Outcome
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.budgeting import check_cost, read_budget
from fengkong.rules.cost import Budget
from fengkong.rules.definition import Definition, Rule
from fengkong.rules.idle import report_idle
from fengkong.rules.loading import Nodes, read_text
from fengkong.rules.rule_reading import read_outcome
from fengkong.rules.sections import OPTIONAL, REQUIRED, Sections
from fengkong.rules.tree import Expr, input_names

__all__ = ["check", "examine"]

FORMAT = "1"


def check(rules: str | Path, *, source: str = "", folder: Path | None = None) -> list[Finding]:
    """All findings on a rule set, in the order of its lines; empty when there is nothing to say.

    rules: a Path to a YAML file, or the YAML text itself. source: the name that findings give as the file; a path's
    own by default. folder: where the files that it names lie; a path's own by default. Never raises for what it reads,
    however broken.
    """
    return examine(rules, source=source, folder=folder, compare=True)[1]


def examine(
    rules: str | Path, *, source: str = "", folder: Path | None = None, compare: bool = False
) -> tuple[Definition | None, list[Finding]]:
    """The definition, or None where a finding is an error, and all findings.

    compare: look, too, for what conditions take from each other; none of that is an error, and it takes its time.
    """
    if isinstance(rules, Path):
        source, folder = source or str(rules), folder or rules.parent
    nodes = Nodes(source, folder)
    text = read_text(rules, nodes) if isinstance(rules, Path) else rules
    root = None if text is None else nodes.root(text)
    definition = None if root is None else _definition(nodes, root, compare=compare)
    findings = sorted(nodes.findings, key=lambda finding: (*_file(finding, source), finding.place.line or 0))
    broken = any(finding.severity is Severity.ERROR for finding in findings)
    return None if broken else definition, findings


def _file(finding: Finding, source: str) -> tuple[bool, str]:
    """Sorts the rule set's own findings before those of the files that it names."""
    return finding.place.file != source, finding.place.file


def _definition(nodes: Nodes, root: yaml.Node, *, compare: bool) -> Definition | None:
    required, optional = ("format", "name", "version", *REQUIRED), ("default", "budget", *OPTIONAL)
    entries = nodes.entries(root, "the rule set", required=required, optional=optional)
    if entries and entries.keys().isdisjoint(("rules", "tables")):
        nodes.report("R004", "the rule set has no 'rules'", root, cure="add them")
    texts = {key: nodes.text(entries[key][1], repr(key)) for key in required[:3] if key in entries}
    if texts.get("format") not in {None, FORMAT}:
        cure = f"write format: {FORMAT}, or read it with the version of fengkong that wrote it"
        nodes.report("R005", f"the format {texts['format']!r} is not known", entries["format"][1], cure=cure)
    default: Outcome | None = Outcome.REVIEW
    if "default" in entries:
        default = read_outcome(nodes, entries["default"][1], "'default'")
    sections = Sections(nodes, entries)
    rules, derived = sections.rules(), sections.scope.derived()
    if rules is None or default is None:
        return None
    budget = read_budget(nodes, entries["budget"][1]) if "budget" in entries else Budget()
    check_cost(nodes, root, rules, derived.values(), budget)
    _compare_conditions(nodes, rules)
    report_idle(nodes, sections, rules)
    if compare:
        nodes.findings += _new(nodes.findings, sections.compared(rules, default))
    lists = {name: declared for name, declared in sections.lists.items() if declared is not None}
    return Definition(
        texts.get("name") or "",
        texts.get("version") or "",
        default,
        sections.inputs.types,
        {code: texts for code, (_, texts) in sections.reasons.items()},
        tuple(rules),
        derived,
        lists={name: str(declared.content) for name, declared in lists.items()},
        lookups={name: declared.lookup for name, declared in lists.items() if declared.lookup},
        windows=tuple(sections.inputs.windows),
        budget=budget,
        files=tuple(sorted(nodes.files)),
    )


def _new(known: list[Finding], more: Iterable[Finding]) -> list[Finding]:
    """Those that say more than what was found before: a condition with a part that never varies is never true, too."""
    told = {finding.place.name for finding in known if finding.code in {"R030", "R031"} and finding.place.name}
    return [finding for finding in more if finding.code != "R031" or finding.place.name not in told]


def _compare_conditions(nodes: Nodes, rules: list[Rule]) -> None:
    first: dict[Expr, Rule] = {}
    for rule in rules:
        if rule.then is None or not any(input_names(rule.condition)):
            continue
        other = first.setdefault(rule.condition, rule)
        if other.then != rule.then:
            what = f"the same condition as rule {other.id!r}, which asks for {other.then}, not {rule.then}"
            nodes.findings.append(Finding("R032", Severity.WARNING, what, rule.place, "keep one of the two rules"))
