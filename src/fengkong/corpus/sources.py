"""Opens a source, whatever its format: a file by its suffix, compressed or not, or standard input."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from fengkong.corpus.encodings import read_lines
from fengkong.corpus.parquet import parquet_table
from fengkong.corpus.rows import Table, delimited_table, json_table
from fengkong.domain.errors import InputError, likely_slip

__all__ = ["STANDARD_INPUT", "SUFFIXES", "open_table"]

STANDARD_INPUT = "-"
_JSON = (".jsonl", ".ndjson", ".json")
SUFFIXES = (*(suffix + packed for suffix in (".csv", ".tsv", *_JSON) for packed in ("", ".gz")), ".parquet")
_GZIP = b"\x1f\x8b"


@contextmanager
def open_table(source: str | Path, name: str = "") -> Iterator[Table]:
    """The columns and rows of a file, or of standard input ("-", JSON Lines), open while the context lasts.

    `name` is what places and errors call it; without one, its path.

    Raises InputError for a missing, empty, damaged or unreadable file, a folder, and an unknown suffix.
    """
    file = name or ("standard input" if str(source) == STANDARD_INPUT else str(source))
    with ExitStack() as stack:
        try:
            yield _table(source, file, stack)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError("the compressed file is damaged or cut short", where=file, cure="copy it again") from None
        except OSError as error:
            received = error.strerror or type(error).__name__
            raise InputError(
                "can't be read", where=file, received=received, cure="check path and permissions"
            ) from None


def _table(source: str | Path, file: str, stack: ExitStack) -> Table:
    if str(source) == STANDARD_INPUT:
        return json_table(read_lines(sys.stdin.buffer, file), file)
    path = Path(source)
    _check(path, file)
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if suffix == "parquet":
        return parquet_table(path, file)
    lines = read_lines(_unpacked(stack.enter_context(path.open("rb")), path, file, stack), file)
    if suffix == "csv":
        return delimited_table(lines, file)
    return delimited_table(lines, file, "\t") if suffix == "tsv" else json_table(lines, file)


def _check(path: Path, file: str) -> None:
    if path.is_dir():
        raise InputError("is a folder", where=file, cure="name one file in it")
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        cure = likely_slip(path.name, beside)
        cure = cure if cure.startswith("did you mean") else "check the path"
        raise InputError("there is no such file", where=file, cure=cure)
    if not path.name.lower().endswith(SUFFIXES):
        cure = f"save it as one of {', '.join(SUFFIXES)}"
        raise InputError("unknown kind of file", where=file, received=repr(path.suffix), cure=cure)


def _unpacked(stream: BinaryIO, path: Path, file: str, stack: ExitStack) -> BinaryIO:
    """Unpacked where the bytes say gzip, whatever the name says."""
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if packed:
        return cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=stream)))
    if path.suffix.lower() == ".gz" and path.stat().st_size:
        raise InputError("named .gz but not compressed", where=file, cure="drop .gz from the name")
    return stream
