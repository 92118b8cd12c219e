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

__all__ = ["SCORES", "define_scorecards"]

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


def define_scorecards(nodes: Nodes, node: yaml.Node, scope: Scope) -> dict[str, yaml.Node]:
    """Names the scores of the `scorecards` mapping; the nodes of those that can be used. Faults are reported."""
    cards: dict[str, yaml.Node] = {}
    for name, (key, value) in nodes.entries(node, "scorecards", optional=None).items():
        if not all_plain(nodes, "a scorecard", name, [name], key):
            continue
        cards[name] = key
        scope.define(f"{SCORES}{name}", partial(_score, nodes, scope, name, value))
    return cards


def _score(nodes: Nodes, scope: Scope, name: str, node: yaml.Node) -> Expr | None:
    entries = nodes.entries(node, f"scorecard {name!r}", optional=("base", "characteristics", "file"))
    before = len(nodes.findings)
    base = nodes.number(entries["base"][1], f"'base' of scorecard {name!r}") if "base" in entries else 0
    if ("file" in entries) == ("characteristics" in entries):
        cure = "give either characteristics or a file"
        nodes.report("R004", f"scorecard {name!r} has no characteristics, or has them twice", node, cure=cure)
        return None
    if "file" in entries:
        characteristics = _of_file(nodes, entries["file"][1])
    else:
        characteristics = _of_nodes(nodes, name, entries["characteristics"][1])
    terms = [_points(nodes, scope, characteristic) for characteristic in characteristics]
    sound = [term for term in terms if term is not None]
    if len(nodes.findings) > before or len(sound) < len(terms) or not terms or base is None:
        return None
    return total([literal(base), *sound])


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


def _points(nodes: Nodes, scope: Scope, characteristic: _Characteristic) -> Expr | None:
    """The points of one characteristic; None where something in it has a fault, which is reported."""
    place = characteristic.place
    try:
        if len(characteristic.bins) > BINS:
            what = f"a characteristic has {len(characteristic.bins)} bins; {BINS} are allowed"
            raise ExpressionError(Fault("R022", what, "join some of them"))
        column = read_column(scope, characteristic.name, characteristic.text)
        if column is None:
            return None
        # An unknown value meets no comparison: its own bin must be asked for first.
        bins = sorted(characteristic.bins, key=lambda one: one.cell != UNKNOWN)
        branches: list[tuple[Expr, Expr]] = []
        otherwise = None
        for one in bins:
            place, points = one.place, literal(one.points)
            if one.cell == OTHERWISE:
                otherwise = points
                continue
            condition = read_cell(scope, column, one.cell)
            if condition is None:
                what = f"a bin can't be {one.cell!r}"
                raise ExpressionError(Fault("R017", what, f"write {OTHERWISE} for all that is in no other bin"))
            branches.append((condition.expression, points))
        return case_of(branches or [(Const(False, BOOLEAN), literal(0))], otherwise)
    except ExpressionError as error:
        report_at(nodes, error, place)
        return None
