"""Files of JSON Lines, a line at a time with its place."""

from collections.abc import Iterator
from pathlib import Path

from fengkong.domain.errors import InputError

__all__ = ["read_lines"]


def read_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line that holds something, after its place as "file:line".

    Raises InputError for a file that can't be read, or is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}:{number}", line
    except OSError as error:
        raise InputError(
            "the file can't be read", where=str(path), received=error.strerror or "", cure="name a file of JSON Lines"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8", where=str(path), cure="save it as UTF-8") from error
