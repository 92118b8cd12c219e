"""Reading CSV files that lie beside a rule set: lists, scorecards and decision tables, row by row with their lines."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import yaml

from fengkong.domain.documents import Place
from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.loading import Nodes

__all__ = ["CsvFile", "Row", "read_csv", "stays_inside"]

FILE_BYTES = 1 << 25
ROWS = 1_000_000
FINDINGS = 20
"""The most faulty rows of one file that are told one by one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place, with the line on which it ends, and its cells without the blanks around them, by column."""

    place: Place
    cells: Mapping[str, str]

    @property
    def line(self) -> int:
        """The line of its file on which it ends."""
        return self.place.line or 0


class CsvFile:
    """One file and what is found in it. columns: of its header. size: how many rows it has."""

    def __init__(self, nodes: Nodes, path: Path, text: str) -> None:
        self.columns: tuple[str, ...] = ()
        self.size = 0
        self._nodes = nodes
        self._path = path
        self._text = text
        self._told: Counter[Severity] = Counter()

    @property
    def rows(self) -> Iterator[Row]:
        """Its rows, made one by one: a long list would take a hundred times its size."""
        lines = self.lines()
        next(lines, None)
        for line, cells in lines:
            yield Row(Place(str(self._path), line), dict(zip(self.columns, cells, strict=True)))

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """The header and the rows that hold something, each with the line on which it ends. Raises csv.Error."""
        reader = csv.reader(io.StringIO(self._text, newline=""), strict=True)
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped

    def report(
        self, code: str, message: str, line: int | None, *, cure: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Adds a finding at a line; of each severity only so many, and the last says so."""
        self._told[severity] += 1
        if self._told[severity] > FINDINGS:
            return
        if self._told[severity] == FINDINGS:
            message += f" (and maybe more: only the first {FINDINGS} are listed)"
        self._nodes.findings.append(Finding(code, severity, message, Place(str(self._path), line), cure))


def stays_inside(name: str) -> bool:
    """Whether a file's name leads to somewhere in the folder that it is looked for in: relative, without `..`."""
    path = PureWindowsPath(name)  # knows the separators and roots of every system
    return bool(path.parts) and not path.anchor and ".." not in path.parts and "\0" not in name


def read_csv(
    nodes: Nodes, node: yaml.Node, *, required: Collection[str], optional: Collection[str] | None
) -> CsvFile | None:
    """The file that a scalar names, or None after reporting why it can't be used.

    The file must lie in the rule set's folder or below, be UTF-8, of at most 32 MB and a million rows, and have a
    header. optional: None takes any column.
    """
    path = _path(nodes, node)
    text = None if path is None else _text(nodes, node, path)
    if path is None or text is None:
        return None
    file = CsvFile(nodes, path, text)
    try:
        return file if _is_sound(file, required, optional) else None
    except csv.Error as error:
        file.report("R016", f"the file is no CSV: {error}", None, cure="save it again as CSV")
        return None


def _is_sound(file: CsvFile, required: Collection[str], optional: Collection[str] | None) -> bool:
    """Whether it has the columns, and in each row as many cells; says what is wrong. Raises csv.Error."""
    lines = file.lines()
    _, header = next(lines, (1, []))
    if not header:
        file.report("R016", "the file has no header", 1, cure="name its columns in the first line")
        return False
    file.columns = tuple(header)
    sound = _columns_fit(file, file.columns, required, optional)
    for line, cells in lines if sound else ():
        file.size += 1
        if len(cells) != len(header):
            what = f"the row has {len(cells)} cells where the header has {len(header)}"
            file.report("R017", what, line, cure="put a cell that holds a comma between double quotes")
            sound = False
        if file.size > ROWS:
            file.report("R022", f"the file has more than {ROWS} rows", line, cure="split it")
            return False
    return sound


def _path(nodes: Nodes, node: yaml.Node) -> Path | None:
    name = nodes.text(node, "the name of a file")
    if name is None:
        return None
    if nodes.folder is None:
        cure = "load it from a file, or name the folder"
        nodes.report("R016", f"a rule set that is no file has no folder to find {name!r} in", node, cure=cure)
        return None
    try:
        path = nodes.folder / name
        inside = stays_inside(name) and path.resolve().is_relative_to(nodes.folder.resolve())
    except (OSError, RuntimeError, ValueError):
        inside = False
    if not inside:
        cure = "put it beside the rule set and write its name"
        nodes.report("R016", f"the file {name!r} is not in the rule set's folder", node, cure=cure)
        return None
    nodes.files.add(name)
    return path


def _text(nodes: Nodes, node: yaml.Node, path: Path) -> str | None:
    try:
        if path.stat().st_size > FILE_BYTES:
            what = f"the file {path.name!r} has more than {FILE_BYTES} bytes"
            nodes.report("R016", what, node, cure="split it")
            return None
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        nodes.report("R016", f"the file {path.name!r} does not exist", node, cure="check its name")
    except UnicodeDecodeError as error:
        nodes.report("R016", f"the file {path.name!r} is not UTF-8 (byte {error.start})", node, cure="save it as UTF-8")
    except OSError as error:
        what = f"the file {path.name!r} can't be read: {error.strerror}"
        nodes.report("R016", what, node, cure="check its permissions")
    return None


def _columns_fit(
    file: CsvFile, columns: tuple[str, ...], required: Collection[str], optional: Collection[str] | None
) -> bool:
    known = {*required, *(optional or ())}
    faults = [(f"the column {name!r} is missing", "add it") for name in required if name not in columns]
    for name in dict.fromkeys(columns):
        if not name:
            faults.append(("a column has no name", "name it in the first line"))
        elif columns.count(name) > 1:
            faults.append((f"the column {name!r} stands twice", "keep one of them"))
        elif optional is not None and name not in known:
            faults.append((f"there is an unknown column {name!r}", likely_slip(name, known)))
    for what, cure in faults:
        file.report("R016", what, 1, cure=cure)
    return not faults
