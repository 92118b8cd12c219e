"""Files to examples and documents: the one way in for labelled and unlabelled text."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Literal, TypeVar

from fengkong.corpus.cells import Cells, open_cells
from fengkong.corpus.columns import Columns
from fengkong.corpus.hub import HUB, hub_files, split_of
from fengkong.corpus.rejects import Rejects
from fengkong.corpus.report import ReadReport
from fengkong.corpus.rows import Row
from fengkong.corpus.sources import open_table
from fengkong.domain.documents import Document, Example, Place
from fengkong.domain.errors import InputError, SettingsError

__all__ = ["OnBadRow", "read_documents", "read_examples"]

OnBadRow = Literal["stop", "skip"]
Read = TypeVar("Read", Example, Document)
FOUND = Columns()


def read_examples(
    source: str | Path,
    columns: Columns = FOUND,
    *,
    on_bad_row: OnBadRow = "stop",
    rejects: Path | None = None,
    report: ReadReport | None = None,
) -> list[Example]:
    """All labelled texts of a file, of standard input ("-", JSON Lines) or of a hub data set (hf://owner/name).

    on_bad_row: "stop" raises at the first row that can't be used; "skip" writes it to `rejects` and goes on.
    report: filled in with what was read and skipped.
    Raises InputError where the source or a row can't be used, or no row at all; SettingsError for "skip" without a
    `rejects` file; FacilityError where that file can't be written.
    """
    skipped = _skipped_rows(source, on_bad_row, rejects)
    return list(_read(source, columns, skipped, report or ReadReport(), Cells.example, labelled=True))


def read_documents(
    source: str | Path,
    columns: Columns = FOUND,
    *,
    on_bad_row: OnBadRow = "stop",
    rejects: Path | None = None,
    report: ReadReport | None = None,
) -> Iterator[Document]:
    """The same without labels, one after another in constant memory; `source` of each is its file and line.

    Options and errors are those of `read_examples`; the error of a row comes when the row is reached.
    """
    skipped = _skipped_rows(source, on_bad_row, rejects)
    return _read(source, columns, skipped, report or ReadReport(), Cells.document, labelled=False)


def _skipped_rows(source: str | Path, on_bad_row: OnBadRow, rejects: Path | None) -> Rejects | None:
    """Where skipped rows go; None where the first bad row stops the reading."""
    if on_bad_row == "stop":
        return None
    if rejects is None:
        raise SettingsError("skipping bad rows needs a file to keep them in", cure="name a rejects file")
    if Path(source).resolve() == rejects.resolve():
        raise SettingsError("the rejects file is the source itself", where=str(source), cure="name another file")
    return Rejects(rejects)


def _read(
    source: str | Path,
    columns: Columns,
    rejects: Rejects | None,
    report: ReadReport,
    make: Callable[[Cells, Row, Place], Read],
    *,
    labelled: bool,
) -> Iterator[Read]:
    address = str(source)
    files = hub_files(address) if address.startswith(HUB) else [(source, "")]
    with rejects or nullcontext():
        for path, inside in files:
            with open_table(path, f"{address.rstrip('/')}/{inside}" if inside else "") as table:
                for cells, row in open_cells(table, columns, split_of(inside), report, labelled=labelled):
                    report.rows += 1
                    report.encoding = row.encoding
                    place = Place(table.file, row.line)
                    try:
                        if row.fault:
                            raise row.fault
                        made = make(cells, row, place)
                    except InputError as fault:
                        _set_aside(row, place, fault, rejects, report)
                    else:
                        yield made
    if report.rows == report.skipped:
        received = f"{report.rows:,} rows"
        raise InputError("no row could be used", where=address, received=received, cure="see the rejects file")


def _set_aside(row: Row, place: Place, fault: InputError, rejects: Rejects | None, report: ReadReport) -> None:
    cause = InputError(fault.what, where=str(place), received=fault.received, cure=fault.cure)
    if rejects is None:
        raise cause from None
    report.skipped += 1
    report.first_skipped = report.first_skipped or place
    rejects.write(place.file, row.line, row.raw, cause)
