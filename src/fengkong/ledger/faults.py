"""What went wrong in the database, said in one sentence that a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from fengkong.domain.errors import FacilityError, FengkongError, InputError

__all__ = ["facility_faults"]

# By the primary name of SQLite's result codes (https://www.sqlite.org/rescode.html).
_CURES = {
    "SQLITE_FULL": ("the disk is full, so nothing was written", "free some space and try again"),
    "SQLITE_IOERR": ("the disk failed while the ledger was read or written", "check the disk and its free space"),
    "SQLITE_BUSY": ("another writer held the ledger for too long", "find the process that holds it and try again"),
    "SQLITE_LOCKED": ("another writer held the ledger for too long", "find the process that holds it and try again"),
    "SQLITE_READONLY": ("the ledger can't be written: it is read-only", "give this user the right to write there"),
    "SQLITE_PERM": ("the ledger can't be written: it is read-only", "give this user the right to write there"),
    "SQLITE_CANTOPEN": ("the ledger can't be opened", "check that the path is a file that this user may write"),
    "SQLITE_CORRUPT": ("the file of the ledger is damaged", "restore it from a backup"),
    "SQLITE_CONSTRAINT": ("the ledger is append-only and refused the write", "append a new entry instead"),
}


@contextmanager
def facility_faults(where: str) -> Iterator[None]:
    """Turn the database's errors into the family's; parameters, which hold personal data, stay out of the sentence."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _sentence(error, where) from error


def _sentence(error: SQLAlchemyError, where: str) -> FengkongError:
    name = getattr(getattr(error, "orig", None), "sqlite_errorname", type(error).__name__)
    if name == "SQLITE_NOTADB":
        return InputError("the file is not a ledger", where=where, cure="give the path of a ledger or of a new file")
    for primary, (what, cure) in _CURES.items():
        if name.startswith(primary):
            return FacilityError(what, where=where, received=name, cure=cure)
    return FacilityError("the ledger failed", where=where, received=name, cure="see the cause for what the engine said")
