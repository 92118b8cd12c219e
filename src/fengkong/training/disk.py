"""A disk that is full or fails, said as one sentence whatever was being written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from fengkong.domain.errors import FacilityError

__all__ = ["says_full", "writing"]


@contextmanager
def writing(what: str, where: Path, cure: str) -> Iterator[None]:
    """Inside the block, a disk that fails becomes a FacilityError of these words; where: if the error names no file."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        named, why = (error.filename, error.strerror) if isinstance(error, OSError) else (None, None)
        raise FacilityError(what, where=named or str(where), received=why or type(error).__name__, cure=cure) from error


def says_full(error: OSError | SafetensorError) -> bool:
    """Whether the cause is want of space; safetensors gives the system's number in its text alone."""
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if isinstance(error, OSError):
        return error.errno in numbers
    return any(f"(os error {number})" in str(error) for number in numbers)
