"""The tables of the ledger, and the triggers that make them append-only.

The version is recorded in the store itself, so that a store of another version is refused by name and never misread.
"""

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text, insert, inspect, select

from fengkong.domain.errors import InputError

__all__ = ["SCHEMA_VERSION", "check_schema", "create_schema", "entries", "is_empty"]

SCHEMA_VERSION = 1

_metadata = MetaData()

entries = Table(
    "ledger_entries",
    _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ledger_entries_by_subject", "kind", "subject", "seq"),
    sqlite_strict=True,
)

_version = Table("ledger_schema", _metadata, Column("version", Integer, nullable=False), sqlite_strict=True)

# The third one is there because INSERT OR REPLACE removes a row without firing a delete trigger.
_APPEND_ONLY = {
    "ledger_no_update": "BEFORE UPDATE ON ledger_entries",
    "ledger_no_delete": "BEFORE DELETE ON ledger_entries",
    "ledger_in_order": (
        "BEFORE INSERT ON ledger_entries WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger_entries)"
    ),
}


def is_empty(connection: Connection) -> bool:
    """Whether the store holds nothing at all, so that a ledger may be laid into it."""
    return not inspect(connection).get_table_names()


def create_schema(connection: Connection) -> None:
    """Lay the tables and triggers of this version, unless another writer was first; to be called in a transaction."""
    if is_empty(connection):
        _metadata.create_all(connection)
        for name, when in _APPEND_ONLY.items():
            refusal = "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} {refusal}")
        connection.execute(insert(_version).values(version=SCHEMA_VERSION))


def check_schema(connection: Connection, where: str) -> None:
    """Raises InputError for a store that is no ledger, or one of another version."""
    if _version.name not in inspect(connection).get_table_names():
        raise InputError(
            "the database is not a ledger: it holds other tables", where=where, cure="give the path of a new file"
        )
    version = connection.scalar(select(_version.c.version))
    if version != SCHEMA_VERSION:
        raise InputError(
            f"the ledger has another version than this program reads, which is {SCHEMA_VERSION}",
            where=where,
            received=f"version {version}",
            cure="use the release of fengkong that wrote it",
        )
