"""Raw text to documents: tables with a text column, plain text, and folders of both."""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, cast

from fengkong.corpus.columns import Columns
from fengkong.corpus.encodings import read_lines
from fengkong.corpus.reading import OnBadRow, read_documents
from fengkong.corpus.rejects import Rejects
from fengkong.corpus.sources import SUFFIXES
from fengkong.domain.errors import InputError, SettingsError
from fengkong.training.pretraining.work_folder import writing

__all__ = ["read_texts"]

PLAIN = (".txt", ".txt.gz")
FOUND = Columns()


def read_texts(
    source: str, columns: Columns = FOUND, *, on_bad_row: OnBadRow = "stop", rejects: Path | None = None
) -> Iterator[str]:
    """The documents of a source, one after another.

    source: what `read_documents` takes; or plain text (.txt, .txt.gz), in which blank lines part documents; or a folder
        of either, read with its subfolders in order of name, but for hidden ones.
    on_bad_row: "stop" raises at the first row, or line of plain text, that can't be read; "skip" writes it down and
        goes on. rejects: the folder for these, a file for each file of the source that has any.
    Raises InputError where the source or a row can't be read, and for a folder that holds nothing of these kinds;
    SettingsError for "skip" without a `rejects` folder; FacilityError where that can't be written.
    """
    if on_bad_row == "skip" and rejects is None:
        raise SettingsError("skipping bad rows needs a file to keep them in", cure="name a folder for them")
    for file in _files(source):
        with _kept(file, rejects if on_bad_row == "skip" else None) as aside:
            if file.lower().endswith(PLAIN):
                yield from _plain_documents(Path(file), aside)
            else:
                documents = read_documents(file, columns, on_bad_row=on_bad_row, rejects=aside)
                yield from (doc.text for doc in documents)


@contextmanager
def _kept(file: str, folder: Path | None) -> Iterator[Path | None]:
    """Where what is skipped of a file goes; nothing is left there where nothing was."""
    if folder is None:
        yield None
        return
    name = re.sub(r"[^\w.-]+", "_", file).strip("_")
    path = folder / f"{name}.rejects.jsonl"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    finally:
        with suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()
            folder.rmdir()


def _files(source: str) -> list[str]:
    folder = Path(source)
    if not folder.is_dir():
        return [source]
    found = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIXES + PLAIN))
    shown = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not shown:
        kinds = ", ".join(SUFFIXES + PLAIN)
        raise InputError("the folder holds no text that can be read", where=source, cure=f"put files there of {kinds}")
    return [str(path) for path in shown]


def _plain_documents(path: Path, aside: Path | None) -> Iterator[str]:
    paragraph: list[str] = []
    rejects = Rejects(aside) if aside else None
    try:
        with (
            rejects or nullcontext(),
            path.open("rb") as file,
            cast("BinaryIO", gzip.open(file)) if _packed(path) else file as stream,
        ):
            for line in read_lines(stream, str(path)):
                if line.fault is not None:
                    where = f"{path}:{line.number}"
                    fault = InputError(line.fault.what, where=where, received=line.fault.received, cure=line.fault.cure)
                    if rejects is None:
                        raise fault from None
                    rejects.write(str(path), line.number, line.text, fault)
                    continue
                if line.text.strip():
                    paragraph.append(line.text)
                elif paragraph:
                    yield "".join(paragraph)
                    paragraph = []
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError("the compressed file is damaged or cut short", where=str(path), cure="copy it again") from None
    except OSError as error:
        received = error.strerror or type(error).__name__
        raise InputError(
            "can't be read", where=str(path), received=received, cure="check path and permissions"
        ) from None
    if paragraph:
        yield "".join(paragraph)


def _packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")
