"""Rows that were skipped: written down as they are met, so that nothing is lost even if the run is."""

import json
from datetime import date
from decimal import Decimal
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from fengkong.domain.errors import FacilityError, InputError

__all__ = ["Rejects"]


class Rejects:
    """Writes skipped rows to a JSON Lines file, one object a row: file, line, row (as far as it was read), cause.

    The file is made at once, so one left from an earlier run never passes for this one's. Raises FacilityError where
    it can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: FileIO | None = None

    def __enter__(self) -> Self:
        try:
            self._stream = FileIO(self._path, "w")
        except OSError as error:
            raise self._failure(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()

    def write(self, file: str, line: int, row: object, cause: InputError) -> None:
        """Append one row at once."""
        entry = {"file": file, "line": line, "row": row, "cause": cause.sentence}
        raw = (json.dumps(entry, ensure_ascii=False, default=_plain) + "\n").encode("utf-8", "backslashreplace")
        try:
            while self._stream and raw:
                raw = raw[self._stream.write(raw) :]
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> FacilityError:
        received = error.strerror or type(error).__name__
        cure = "free space, or name another rejects file"
        return FacilityError("skipped rows can't be written down", where=str(self._path), received=received, cure=cure)


def _plain(value: object) -> str:
    """Values of Parquet rows that JSON has no form for."""
    return str(value) if isinstance(value, date | Decimal) else repr(value)
