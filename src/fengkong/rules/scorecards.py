"""Scorecards: a base, and for each characteristic the points of the bin that a case falls into (Siddiqi 2006).

`scores.<id>` is their sum. The bins of a characteristic are tried in order; a value in none of them, and an unknown
one without a bin of its own, make the score unknown.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import yaml

from fengkong.domain.documents import Place
from fengkong.rules.cases import case_of
from fengkong.rules.cells import read_cell, read_column, report_at
from fengkong.rules.csv_files import read_csv
from fengkong.rules.declarations import all_plain
from fengkong.rules.loading import Nodes, read_number
from fengkong.rules.points import literal, total
from fengkong.rules.scope import Scope
from fengkong.rules.syntax import ExpressionError, Fault
from fengkong.rules.tree import Const, Expr
from fengkong.rules.types import BOOLEAN

__all__ = ["SCORES", "Judged", "Scorecard", "define_scorecards"]

SCORES = "scores."
"""What the names of all scores begin with."""

UNKNOWN = "unknown"
OTHERWISE = "otherwise"
BINS = 1_000


@dataclass(frozen=True, slots=True)
class _Bin:
    cell: str
    points: int | Decimal
    place: Place


@dataclass(frozen=True, slots=True)
class _Characteristic:
    """text: the expression that its bins speak of."""

    name: str
    text: str
    place: Place
    bins: list[_Bin] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judged:
    """A characteristic whose bins were read. bins: place and condition, with derived values by their names.

    whole: whether what is in no bin has points too.
    """

    name: str
    place: Place
    bins: tuple[tuple[Place, Expr], ...]
    whole: bool


@dataclass
class Scorecard:
    """One scorecard; its bins are read when its score is first named, since they may name derived values."""

    nodes: Nodes
    scope: Scope
    id: str
    node: yaml.Node
    judged: list[Judged] = field(default_factory=list)

    def score(self, body: yaml.Node) -> Expr | None:
        """The sum of the base and the points; None where something has a fault, which is reported."""
        nodes, what = self.nodes, f"scorecard {self.id!r}"
        before = len(nodes.findings)
        entries = nodes.entries(body, what, optional=("base", "characteristics", "file"))
        base = nodes.number(entries["base"][1], f"'base' of {what}") if "base" in entries else 0
        if ("file" in entries) == ("characteristics" in entries):
            cure = "give either characteristics or a file"
            nodes.report("R004", f"{what} has no characteristics, or has them twice", body, cure=cure)
            return None
        if "file" in entries:
            characteristics = _of_file(nodes, entries["file"][1])
        else:
            characteristics = _of_nodes(nodes, self.id, entries["characteristics"][1])
        if not characteristics and len(nodes.findings) == before:
            nodes.report("R005", f"{what} has no characteristics", body, cure="add some")
        if len(nodes.findings) > before or base is None:
            return None
        terms = [self._points(characteristic) for characteristic in characteristics]
        sound = [term for term in terms if term is not None]
        return total([literal(base), *sound]) if len(sound) == len(terms) else None

    def _points(self, characteristic: _Characteristic) -> Expr | None:
        place = characteristic.place
        try:
            if len(characteristic.bins) > BINS:
                what = f"a characteristic has {len(characteristic.bins)} bins; {BINS} are allowed"
                raise ExpressionError(Fault("R022", what, "join some of them"))
            column = read_column(self.scope, characteristic.name, characteristic.text)
            if column is None:
                return None
            branches: list[tuple[Expr, Expr]] = []
            bins: list[tuple[Place, Expr]] = []
            otherwise = None
            # An unknown value meets no comparison: its own bin must be asked for first.
            for one in sorted(characteristic.bins, key=lambda one: one.cell != UNKNOWN):
                place, points = one.place, literal(one.points)
                if one.cell == OTHERWISE:
                    otherwise = points
                    continue
                condition = read_cell(self.scope, column, one.cell)
                if condition is None:
                    what = f"a bin can't be {one.cell!r}"
                    raise ExpressionError(Fault("R017", what, f"write {OTHERWISE} for all that is in no other bin"))
                branches.append((condition.expression, points))
                bins.append((place, condition.written))
        except ExpressionError as error:
            report_at(self.nodes, error, place)
            return None
        self.judged.append(Judged(characteristic.name, characteristic.place, tuple(bins), otherwise is not None))
        return case_of(branches or [(Const(False, BOOLEAN), literal(0))], otherwise)


def define_scorecards(nodes: Nodes, node: yaml.Node, scope: Scope) -> dict[str, Scorecard]:
    """The scorecards of the `scorecards` mapping, their scores named; faults are reported to the nodes."""
    cards: dict[str, Scorecard] = {}
    for name, (key, value) in nodes.entries(node, "scorecards", optional=None).items():
        if all_plain(nodes, "a scorecard", name, [name], key):
            cards[name] = Scorecard(nodes, scope, name, key)
            scope.define(f"{SCORES}{name}", partial(cards[name].score, value))
    return cards


def _of_nodes(nodes: Nodes, card: str, node: yaml.Node) -> list[_Characteristic]:
    found = []
    for name, (key, value) in nodes.entries(node, f"'characteristics' of scorecard {card!r}", optional=None).items():
        what = f"characteristic {name!r}"
        entries = nodes.entries(value, what, required=("bins",), optional=("input",))
        text = nodes.text(entries["input"][1], f"'input' of {what}") if "input" in entries else name
        characteristic = _Characteristic(name, text or name, nodes.place(key, card))
        bins = nodes.entries(entries["bins"][1], f"'bins' of {what}", optional=None) if "bins" in entries else {}
        for cell, (cell_node, points_node) in bins.items():
            points = nodes.number(points_node, f"the points of {cell!r}")
            if points is not None:
                characteristic.bins.append(_Bin(cell, points, nodes.place(cell_node, card)))
        found.append(characteristic)
    return found


def _of_file(nodes: Nodes, node: yaml.Node) -> list[_Characteristic]:
    file = read_csv(nodes, node, required=("characteristic", "bin", "points"), optional=("input", "note"))
    if file is None:
        return []
    found: dict[str, _Characteristic] = {}
    for row in file.rows:
        name, points = row.cells["characteristic"], read_number(row.cells["points"])
        if not name or points is None:
            what = "the characteristic is empty" if not name else "the points are no number that can be used"
            file.report("R017", what, row.line, cure="write a name, and points like 20, -5 or 0.5")
            continue
        text = row.cells.get("input", "")
        characteristic = found.setdefault(name, _Characteristic(name, text or name, row.place))
        if text not in {"", characteristic.text}:
            what = f"the characteristic {name!r} has another input than in line {characteristic.place.line}"
            file.report("R017", what, row.line, cure="write the same, or leave it empty")
        characteristic.bins.append(_Bin(row.cells["bin"], points, row.place))
    return list(found.values())
