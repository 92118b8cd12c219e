"""Raw text to documents: tables with a text column, plain text, and folders of both."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from fengkong.corpus.columns import Columns
from fengkong.corpus.encodings import read_lines
from fengkong.corpus.reading import read_documents
from fengkong.corpus.sources import SUFFIXES
from fengkong.domain.errors import InputError

__all__ = ["read_texts"]

PLAIN = (".txt", ".txt.gz")
FOUND = Columns()


def read_texts(source: str, columns: Columns = FOUND) -> Iterator[str]:
    """The documents of a source, one after another.

    source: what `read_documents` takes; or plain text (.txt, .txt.gz), in which blank lines part documents; or a folder
        of either, read with its subfolders in order of name, but for hidden ones.
    Raises InputError where the source or a row can't be read, and for a folder that holds nothing of these kinds.
    """
    for file in _files(source):
        if file.lower().endswith(PLAIN):
            yield from _plain_documents(Path(file))
        else:
            yield from (doc.text for doc in read_documents(file, columns))


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


def _plain_documents(path: Path) -> Iterator[str]:
    paragraph: list[str] = []
    try:
        with path.open("rb") as file, cast("BinaryIO", gzip.open(file)) if _packed(path) else file as stream:
            for line in read_lines(stream, str(path)):
                if line.fault is not None:
                    where = f"{path}:{line.number}"
                    raise InputError(
                        line.fault.what, where=where, received=line.fault.received, cure=line.fault.cure
                    ) from None
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
