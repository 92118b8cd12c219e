"""Reading the rules of a rule set: the shape of each at once, its condition when it is first asked for.

A condition may name points, and points are sums over other rules; so rules are judged in the order in which they need
each other, and stand in the order in which their author wrote them.
"""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import yaml

from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.domain.errors import RuleError, likely_slip
from fengkong.rules.analysis import suspicions
from fengkong.rules.definition import POINTS, Clause, Rule
from fengkong.rules.groups import TOTAL, Groups
from fengkong.rules.loading import Nodes
from fengkong.rules.points import points_of, snoozed_input, total
from fengkong.rules.scope import Condition, Scope
from fengkong.rules.syntax import ExpressionError
from fengkong.rules.tree import And, Const, Expr
from fengkong.rules.types import BOOLEAN

__all__ = ["NO_HIT", "RULES", "Entries", "RuleReader", "read_outcome"]

RULES = 1_000
PRIORITIES = 1_000_000
NO_HIT = "no_hit"

Entries = Mapping[str, tuple[yaml.Node, yaml.Node]]


def read_outcome(nodes: Nodes, node: yaml.Node, what: str, rule: str = "") -> Outcome | None:
    """The outcome that a scalar names, or None after reporting that it names none."""
    word = nodes.text(node, what)
    if word is None:
        return None
    try:
        return Outcome.parse(word)
    except RuleError as error:
        nodes.report("R006", f"there is no outcome {word!r}", node, cure=error.cure, rule=rule)
        return None


@dataclass(frozen=True, slots=True)
class _Heading:
    """All of a rule but its condition."""

    id: str
    when: yaml.Node
    then: Outcome | None
    reason: str
    unknown: Outcome | None
    place: Place
    group: str
    priority: int
    points: int | Decimal | None


class RuleReader:
    """The rules of one rule set. Faults are reported to the nodes, each once."""

    def __init__(self, nodes: Nodes, scope: Scope, groups: Groups, reasons: Collection[str]) -> None:
        self._nodes = nodes
        self._scope = scope
        self._groups = groups
        self._reasons = reasons
        self._headings: list[_Heading] = []
        self._complete = False
        self._rules: dict[str, Rule | None] = {}

    def read(self, node: yaml.Node) -> None:
        """Takes the rules of a list, and names the points that they give."""
        items = self._nodes.items(node, "'rules'")
        if len(items) > RULES:
            self._nodes.report("R022", f"there are {len(items)} rules; {RULES} are allowed", node, cure="split the set")
            return
        ids: set[str] = set()
        headings = [self._heading(item, ids) for item in items]
        self._headings = [heading for heading in headings if heading is not None]
        self._complete = len(self._headings) == len(items) > 0
        self._name_points()

    def rules(self) -> list[Rule] | None:
        """The rules in the author's order; None where one of them has a fault."""
        rules = [self._rule(heading) for heading in self._headings]
        sound = [rule for rule in rules if rule is not None]
        return sound if self._complete and len(sound) == len(rules) else None

    def _name_points(self) -> None:
        giving = [heading for heading in self._headings if heading.points is not None]
        if not giving:
            return
        for name in dict.fromkeys(heading.group for heading in giving if heading.group):
            members = [heading for heading in giving if heading.group == name]
            self._scope.define(f"{POINTS}{name}", partial(self._sum, members))
        self._scope.define(f"{POINTS}{TOTAL}", partial(self._sum, giving))
        self._scope.inputs.types.update({snoozed_input(heading.id): BOOLEAN for heading in giving})

    def _sum(self, headings: list[_Heading]) -> Expr | None:
        rules = [self._rule(heading) for heading in headings]
        terms = [points_of(rule) for rule in rules if rule is not None]
        return total(terms) if len(terms) == len(rules) else None

    def _heading(self, node: yaml.Node, ids: set[str]) -> _Heading | None:
        nodes = self._nodes
        optional = ("then", "reason", "unknown", "group", "priority", "points")
        entries = nodes.entries(node, "a rule", required=("id", "when"), optional=optional)
        name = self._text(entries, "id") or ""
        if name in ids:
            nodes.report("R007", f"two rules have the id {name!r}", node, cure="rename one of them", rule=name)
        ids.add(name)
        before = len(nodes.findings)
        then = read_outcome(nodes, entries["then"][1], f"'then' of rule {name!r}", name) if "then" in entries else None
        points = nodes.number(entries["points"][1], f"'points' of rule {name!r}") if "points" in entries else None
        reason, group = self._reason(node, entries, name), self._group(entries, name)
        priority, unknown = self._priority(entries, name), self._unknown(entries, name)
        if not name or "when" not in entries or len(nodes.findings) > before:
            return None
        place = Place(nodes.source, node.start_mark.line + 1, name)
        return _Heading(name, entries["when"][1], then, reason, unknown, place, group, priority, points)

    def _text(self, entries: Entries, key: str, rule: str = "") -> str | None:
        if key not in entries:
            return None
        return self._nodes.text(entries[key][1], f"{key!r} of rule {rule!r}" if rule else f"{key!r}")

    def _reason(self, node: yaml.Node, entries: Entries, rule: str) -> str:
        """The code of the reason. A rule that asks for an outcome says why; one that gives points alone does not."""
        if "then" not in entries and "points" not in entries:
            self._nodes.report("R004", "a rule has no 'then'", node, cure="add it, or give `points`", rule=rule)
        elif ("then" in entries) != ("reason" in entries):
            key = "reason" if "then" in entries else "then"
            self._nodes.report("R004", f"a rule has no {key!r}", node, cure="add it", rule=rule)
        code = self._text(entries, "reason", rule)
        if code is not None and code not in self._reasons:
            cure = likely_slip(code, self._reasons) + "; or add it under reasons"
            self._nodes.report("R008", f"there is no reason {code!r}", entries["reason"][1], cure=cure, rule=rule)
        return code or ""

    def _group(self, entries: Entries, rule: str) -> str:
        name = self._text(entries, "group", rule)
        if name is not None and name not in self._groups.declared:
            cure = likely_slip(name, self._groups.declared) + "; or add it under groups"
            self._nodes.report("R014", f"there is no group {name!r}", entries["group"][1], cure=cure, rule=rule)
        return name or ""

    def _priority(self, entries: Entries, rule: str) -> int:
        if "priority" not in entries:
            return 0
        number = self._nodes.number(entries["priority"][1], f"'priority' of rule {rule!r}")
        if isinstance(number, Decimal) or (number is not None and abs(number) > PRIORITIES):
            what = f"'priority' of rule {rule!r} is no whole number up to {PRIORITIES}"
            self._nodes.report("R015", what, entries["priority"][1], cure="the larger goes first", rule=rule)
            return 0
        return number or 0

    def _unknown(self, entries: Entries, rule: str) -> Outcome | None:
        """What an unknown condition asks for; reports a word that is not known."""
        word = self._text(entries, "unknown", rule)
        if word is None or word in _UNKNOWN:
            return _UNKNOWN[word or str(Outcome.REVIEW)]
        cure = likely_slip(word, _UNKNOWN)
        if word == str(Outcome.APPROVE):
            cure = f"doubt never approves; write {NO_HIT} where the rule shall then say nothing"
        what = f"`unknown` can't be {word!r}"
        self._nodes.report("R006", what, entries["unknown"][1], cure=cure, rule=rule)
        return None

    def _rule(self, heading: _Heading) -> Rule | None:
        if heading.id not in self._rules:
            self._rules[heading.id] = self._judged(heading)
        return self._rules[heading.id]

    def _judged(self, heading: _Heading) -> Rule | None:
        condition = self._condition(heading)
        if condition is None:
            return None
        written, whole, clauses = condition
        return Rule(
            heading.id,
            whole,
            clauses,
            heading.then,
            heading.reason,
            heading.unknown,
            heading.place,
            written,
            heading.group,
            heading.priority,
            heading.points,
            self._scope.named(written),
        )

    def _condition(self, heading: _Heading) -> tuple[Expr, Expr, tuple[Clause, ...]] | None:
        """The condition with derived values by name, the whole condition, and its clauses."""
        own = self._own(heading)
        if own is None:
            return None
        condition, clauses = own
        group = self._groups.declared.get(heading.group)
        if group is None or (group.enabled and group.when is None):
            return condition.written, condition.expression, clauses
        if not group.enabled:
            off = Const(False, BOOLEAN)
            return off, off, (Clause(f"group {heading.group} is enabled", off),)
        common = self._groups.condition(heading.group)
        if common is None:
            return None
        clause = Clause(common.source.written(common.source.root), common.expression)
        written = And((common.written, condition.written))
        return written, And((common.expression, condition.expression)), (clause, *clauses)

    def _own(self, heading: _Heading) -> tuple[Condition, tuple[Clause, ...]] | None:
        text = self._nodes.text(heading.when, f"'when' of rule {heading.id!r}")
        if text is None:
            return None
        try:
            condition = self._scope.condition(text)
            if condition is None:
                return None
            clauses = self._clauses(condition)
        except ExpressionError as error:
            self._nodes.report_faults(error.faults, heading.when, heading.id)
            return None
        self._nodes.report_faults(suspicions(condition.written), heading.when, heading.id)
        return condition, clauses

    def _clauses(self, condition: Condition) -> tuple[Clause, ...]:
        source = condition.source
        parts = source.root.values if isinstance(source.root, ast.BoolOp) else [source.root]
        return tuple(Clause(source.written(part), self._scope.part(condition, part)) for part in parts)


_UNKNOWN: Mapping[str, Outcome | None] = {
    str(Outcome.REVIEW): Outcome.REVIEW,
    str(Outcome.DECLINE): Outcome.DECLINE,
    NO_HIT: None,
}
