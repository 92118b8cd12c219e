"""What rules, rows and bins take from each other, and what they leave open.

Everything said here holds for all data: conditions are compared as boxes (see boxes.py), and what is too much to
compare is passed over.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from fengkong.domain.decisions import Outcome
from fengkong.domain.documents import Place
from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.boxes import Box, Budget, Side, boxes, remainder
from fengkong.rules.definition import Rule
from fengkong.rules.ranges import Values, all_values, hull
from fengkong.rules.scorecards import Judged
from fengkong.rules.table_values import Guarded
from fengkong.rules.tables import FIRST, OUTCOME, REASON, Table
from fengkong.rules.tree import Arithmetic, Convert, Expr, Input, input_names
from fengkong.rules.types import Kind

__all__ = ["card_findings", "rule_findings", "table_findings"]

PAIRS = 500_000
"""How many pairs of conditions are compared: all of a table of 1,000 rows."""


def rule_findings(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Rules that no value can meet (R031), and rules that add nothing to another one (R033)."""
    budget = Budget(PAIRS)
    known = [(rule, boxes(rule.written), frozenset(input_names(rule.condition))) for rule in rules]
    asking = [one for one in known if one[0].then is not None and one[1] and one[0].points is None]
    for rule, area, names in known:
        if not area and names:
            what = "no value meets the whole condition, so it is never true"
            yield Finding("R031", Severity.WARNING, what, rule.place, "widen a range, or write `or`")
    for at, (rule, area, names) in enumerate(asking):
        for other_at, (other, other_area, other_names) in enumerate(asking):
            # A faulty value of an input that only the other one reads makes that one an error and not a hit.
            if other is rule or not other_names <= names or not _outranks(other, rule) or rule.written == other.written:
                continue
            if not budget.spend(len(area) * len(other_area)):
                return
            if _within(area, other_area) and not (
                other_at > at and _same_wish(rule, other) and _within(other_area, area)
            ):
                what = f"wherever it is hit, rule {other.id!r} is hit too and asks for {other.then}"
                cure = f"take it out, or narrow the rule at {other.place}"
                yield Finding("R033", Severity.WARNING, what, rule.place, cure)
                break


def _outranks(other: Rule, rule: Rule) -> bool:
    """Whether a rule that is hit together with the other one adds nothing."""
    return (other.then or Outcome.APPROVE) > (rule.then or Outcome.APPROVE) or _same_wish(rule, other)


def _same_wish(rule: Rule, other: Rule) -> bool:
    return rule.then == other.then and rule.reason == other.reason


def _within(area: Sequence[Box], other: Sequence[Box]) -> bool:
    return all(any(box.within(one) for one in other) for box in area)


def table_findings(table: Table, rows: Sequence[Guarded], default: Outcome) -> Iterator[Finding]:
    """Rows that no value can meet (R031) or that never decide (R034), and what no row takes (R036)."""
    areas = [boxes(row.written) for row in rows]
    places = [row.row.place for row in rows]
    for place, area in zip(places, areas, strict=True):
        if not area:
            what = f"table {table.id!r}: no value meets this row"
            yield Finding("R031", Severity.WARNING, what, place, "widen a cell")
    if table.hit != FIRST:
        return
    for at, by in _covered(areas):
        line = f"; the row in line {places[by].line} takes all of it" if by is not None else ""
        what = f"table {table.id!r}: this row never decides, since earlier ones take all that it would{line}"
        yield Finding("R034", Severity.WARNING, what, places[at], "move it up, narrow the others, or take it out")
    yield from _open(table, rows, areas, default)


def _open(table: Table, rows: Sequence[Guarded], areas: Sequence[Sequence[Box]], default: Outcome) -> Iterator[Finding]:
    """What no row takes (R036). Where rows ask for outcomes alone, beyond what they speak of most are to pass."""
    valued = not table.outputs.keys() <= {OUTCOME, REASON}
    if not rows or not (valued or default is Outcome.APPROVE):
        return
    first = rows[0].row.place
    place, cure = Place(first.file, first.line, table.id), "add a last row that takes anything"
    so = "the value is then unknown" if valued else "nothing is then asked for, and the default approves"
    for finding in _gap(f"table {table.id!r}: no row takes", areas, place, cure, so):
        if valued or finding.severity is Severity.WARNING:
            yield finding


def card_findings(characteristics: Sequence[Judged]) -> Iterator[Finding]:
    """Characteristics that tell no value from another (R037), and what is wrong with the bins of the others."""
    for judged in characteristics:
        areas = [boxes(condition) for _, condition in judged.bins]
        if any(side.values for area in areas for box in area for side in box.sides.values()):
            yield from _bin_findings(judged, areas)
        elif not (judged.bins and judged.whole):
            others = [other.name for other in characteristics if other is not judged]
            yield _flat(judged, others)


def _flat(judged: Judged, others: Collection[str]) -> Finding:
    """A misspelt name in a row of a file makes a characteristic of its own."""
    only = "otherwise" if judged.whole else "unknown"
    close = get_close_matches(judged.name, others, n=1)
    cure = likely_slip(judged.name, close) if close else "add its bins, or take it out"
    what = f"the characteristic {judged.name!r} has only the bin `{only}`, so it tells no value from another"
    return Finding("R037", Severity.WARNING, what, judged.place, cure)


def _bin_findings(judged: Judged, areas: Sequence[Sequence[Box]]) -> Iterator[Finding]:
    """Bins that nothing falls into (R034), that overlap (R035), and what falls into none (R036)."""
    places = [place for place, _ in judged.bins]
    covered = dict(_covered(areas))
    for at in covered:
        what = f"nothing falls into this bin of {judged.name!r}, since earlier ones take all of it"
        yield Finding("R034", Severity.WARNING, what, places[at], "move it up, or take it out")
    for at, earlier in _overlapping(areas):
        if at not in covered:
            what = f"this bin of {judged.name!r} overlaps the one in line {places[earlier].line}, which is asked first"
            yield Finding("R035", Severity.WARNING, what, places[at], "let each value fall into one bin")
    if not judged.whole:
        yield from _gap("no bin takes", areas, judged.place, "add a bin, or `otherwise`")


def _covered(areas: Sequence[Sequence[Box]]) -> Iterator[tuple[int, int | None]]:
    """Those that earlier ones take all of; by which, where it is a single one."""
    pairs, budget = Budget(PAIRS), Budget()
    for at, area in enumerate(areas):
        if not area or not pairs.spend(at):
            continue
        single = next((earlier for earlier in range(at) if _within(area, areas[earlier])), None)
        if single is not None:
            yield at, single
            continue
        earlier = [box for some in areas[:at] for box in some]
        if all(remainder(box, (other for other in earlier if box.overlaps(other)), budget) == [] for box in area):
            yield at, None


def _overlapping(areas: Sequence[Sequence[Box]]) -> Iterator[tuple[int, int]]:
    """Those that overlap an earlier one, and the first such one."""
    budget = Budget()
    for at, area in enumerate(areas):
        for earlier in range(at):
            if budget.spend(1) and any(one.overlaps(other) for one in areas[earlier] for other in area):
                yield at, earlier
                break


def _gap(
    what: str, areas: Sequence[Sequence[Box]], place: Place, cure: str, so: str = "the value is then unknown"
) -> Iterator[Finding]:
    """What none of them takes: within the values that they speak of, a warning; beyond those, a hint."""
    taken = [box for area in areas for box in area]
    keys = dict.fromkeys(key for box in taken for key in box.sides)
    if not keys or not _take_all(keys):
        return
    spoken = {key: hull([box.sides[key].values for box in taken if key in box.sides], key.type) for key in keys}
    everything = {key: all_values(key.type) for key in keys}
    for ground, severity in ((spoken, Severity.WARNING), (everything, Severity.INFO)):
        left = remainder(_known(ground), taken, Budget())
        if left:
            sides = left[0].sides
            example = " and ".join(f"{_name(key)} = {sides[key].values.example()}" for key in keys)
            yield Finding("R036", severity, f"{what} {example}; {so}", place, cure)
            return


def _take_all(keys: Collection[Expr]) -> bool:
    """Whether each surely takes every value, whatever the others are: plain inputs, and two of them combined."""
    names = [name for key in keys for name in input_names(key)]
    free = all(_is_plain(key) or _is_pair(key) for key in keys)
    return free and len(names) == len(set(names))


def _is_plain(key: Expr) -> bool:
    return isinstance(key, Input) and "." not in key.name


def _is_pair(key: Expr) -> bool:
    """Whether it combines two plain inputs, one of them without bounds; a remainder has bounds of its own."""
    if not isinstance(key, Arithmetic) or key.operator == "%":
        return False
    sides = [_unconverted(side) for side in (key.left, key.right)]
    return all(map(_is_plain, sides)) and any(side.type.kind is not Kind.PROBABILITY for side in sides)


def _unconverted(side: Expr) -> Expr:
    return side.operand if isinstance(side, Convert) else side


def _name(key: Expr) -> str:
    if isinstance(key, Arithmetic):
        return f"{_name(key.left)} {key.operator} {_name(key.right)}"
    return getattr(_unconverted(key), "name", "")


def _known(ground: Mapping[Expr, Values]) -> Box:
    return Box({key: Side(values) for key, values in ground.items()})
