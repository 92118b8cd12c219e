"""The ledger when the world fails: kills, full disks, rivals, forgers and files that are no ledger."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from fengkong.domain import FacilityError, InputError, SettingsError
from fengkong.ledger import Ledger
from fengkong.ledger.chain import Link

APPEND = """
import sys
from fengkong.ledger import Ledger
path, writer, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger.open(path) as ledger:
    for n in range(times):
        print(ledger.append("note", writer, {"n": n}).hash, flush=True)
"""


def writer(path: Path, name: str, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND, str(path), name, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def filled(path: Path) -> Path:
    with Ledger.open(path) as ledger:
        ledger.append_many("note", [("x", {"n": n}) for n in range(1, 7)])
    return path


def test_processes_that_write_at_once_all_get_through(path: Path) -> None:
    writers = [writer(path, f"w{n}", 30) for n in range(4)]
    for process in writers:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with Ledger.open(path) as ledger:
        assert [entry.seq for entry in ledger.entries()] == list(range(1, 121))
        assert ledger.verify() == []
        for n in range(4):
            assert [entry.body["n"] for entry in ledger.find("note", f"w{n}")] == list(range(30))


def test_threads_that_write_and_read_at_once_all_get_through(path: Path) -> None:
    with Ledger.open(path) as ledger, ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda n: ledger.get(ledger.append("note", "x", {"n": n}).seq), range(80)))
        assert ledger.entries() == sorted(written, key=lambda entry: entry.seq)
        assert {entry.body["n"] for entry in written} == set(range(80))
        assert ledger.verify() == []


def test_a_killed_writer_loses_nothing_that_it_was_told_is_written(path: Path) -> None:
    told: list[str] = []
    for kill in range(5):
        process = writer(path, f"w{kill}", 10_000)
        assert process.stdout is not None
        told += [process.stdout.readline().strip() for _ in range(3 + 4 * kill)]
        process.kill()
        told += process.communicate()[0].split()
    with Ledger.open(path) as ledger:
        assert ledger.verify() == []
        entries = ledger.entries(limit=100_000)
        kept = [entry.hash for entry in entries]
        assert len(told) >= 55
        assert set(told) <= set(kept)
        assert ledger.append("note", "x", {}).previous == kept[-1]


def test_every_connection_waits_for_the_disk_and_for_its_turn(path: Path) -> None:
    seen = []

    def look(connection: sqlite3.Connection, *_: object) -> None:
        names = ("synchronous", "journal_mode", "busy_timeout")
        seen.append([connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names])

    event.listen(Pool, "checkout", look)
    try:
        with Ledger.open(path) as ledger, ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda n: ledger.append("note", "x", {"n": n}), range(6)))
    finally:
        event.remove(Pool, "checkout", look)
    written = seen[-6:]
    assert all(synchronous == 2 and mode == "wal" and wait >= 30_000 for synchronous, mode, wait in written)


@pytest.fixture
def disk_pages() -> Iterator[dict[str, int]]:
    """A disk that takes as many pages of a database as the test says."""
    disk = {"pages": 2**31}

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {disk['pages']}")

    event.listen(Pool, "checkout", limit)
    yield disk
    event.remove(Pool, "checkout", limit)


def test_a_full_disk_is_said_in_one_sentence_keeps_the_past_and_heals(path: Path, disk_pages: dict[str, int]) -> None:
    with Ledger.open(path) as ledger:
        first = ledger.append("note", "x", {"n": 1})
        disk_pages["pages"] = 1
        for _ in range(2):
            with pytest.raises(FacilityError, match="the disk is full") as caught:
                ledger.append("note", "x", {"secret": "6222 0000" * 5000})
            assert "6222" not in str(caught.value) + str(caught.value.__cause__)
            assert ledger.entries() == [first]
        disk_pages["pages"] = 2**31
        assert ledger.append("note", "x", {"n": 2}).previous == first.hash
        assert ledger.verify() == []


def test_a_file_open_for_reading_only_is_read_and_not_written(filled: Path) -> None:
    with Ledger.open(f"sqlite:///file:{filled}?mode=ro&uri=true") as ledger:
        assert len(ledger.entries()) == 6
        with pytest.raises(FacilityError, match=r"can't be written: it is read-only .received SQLITE_READONLY.*; give"):
            ledger.append("note", "x", {})


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere: the folder of the ledger doesn't exist; make it"):
        Ledger.open(tmp_path / "nowhere" / "ledger.db")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacilityError, match="can't be opened"):
        Ledger.open(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("text,label\nwire it now,fraud\n" * 100)
    before = path.read_bytes()
    with pytest.raises(InputError, match="not a ledger"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds other tables"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_a_ledger_of_another_version_is_refused_by_name(filled: Path) -> None:
    forge(filled, "UPDATE ledger_schema SET version = 7")
    with pytest.raises(InputError, match=r"another version .*received version 7"):
        Ledger.open(filled)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("sqlite://", "needs a file"),
        (":memory:", "needs a file"),
        ("mysql://root:hunter2@db/fk", "not supported .received mysql"),
        ("sqlite:/x://", "can't be read"),
    ],
)
def test_a_url_that_can_not_be_a_ledger_is_refused_without_its_password(url: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault) as caught:
        Ledger.open(url)
    assert "hunter2" not in str(caught.value)


def forge(path: Path, *statements: str, unguarded: bool = True) -> None:
    """What somebody with the file in hand can do."""
    connection = sqlite3.connect(path)
    with connection:
        triggers = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers if unguarded else []:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET body = '{}' WHERE seq = 3",
        "DELETE FROM ledger_entries WHERE seq = 6",
        "INSERT OR REPLACE INTO ledger_entries SELECT 3, kind, subject, time, '{}', previous, hash FROM ledger_entries",
        "INSERT INTO ledger_entries SELECT 9, kind, subject, time, body, previous, hash FROM ledger_entries LIMIT 1",
        "INSERT INTO ledger_entries SELECT NULL, kind, subject, time, body, previous, hash FROM ledger_entries LIMIT 1",
    ],
)
def test_the_file_itself_refuses_all_but_the_next_entry(filled: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        forge(filled, statement, unguarded=False)
    with Ledger.open(filled) as ledger:
        assert len(ledger.entries()) == 6
        assert ledger.verify() == []


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE ledger_entries SET body = '{\"n\":4}' WHERE seq = 3"], {("L001", "entry 3")}),
        (["UPDATE ledger_entries SET subject = 'y' WHERE seq = 1"], {("L001", "entry 1")}),
        (["UPDATE ledger_entries SET time = '2020' WHERE seq = 6"], {("L001", "entry 6")}),
        (["UPDATE ledger_entries SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = 2"], {("L001", "entry 2")}),
        (["DELETE FROM ledger_entries WHERE seq = 3"], {("L002", "entry 4")}),
        (["DELETE FROM ledger_entries WHERE seq < 3"], {("L002", "entry 3")}),
        (
            [
                "UPDATE ledger_entries SET seq = 99 WHERE seq = 3",
                "UPDATE ledger_entries SET seq = 3 WHERE seq = 4",
                "UPDATE ledger_entries SET seq = 4 WHERE seq = 99",
            ],
            {("L001", "entry 3"), ("L003", "entry 3"), ("L001", "entry 4"), ("L003", "entry 4"), ("L003", "entry 5")},
        ),
        (
            ["INSERT INTO ledger_entries SELECT -1, kind, subject, time, body, previous, hash FROM ledger_entries"
             " WHERE seq = 1"],
            {("L002", "entry -1"), ("L001", "entry -1"), ("L002", "entry 1")},
        ),
    ],
)  # fmt: skip
def test_verify_finds_what_a_forger_did(filled: Path, statements: list[str], found: set[tuple[str, str]]) -> None:
    forge(filled, *statements)
    with Ledger.open(filled) as ledger:
        assert {(finding.code, finding.place.name) for finding in ledger.verify()} == found


def test_a_forger_who_mends_the_hash_of_one_entry_is_found_at_the_next(filled: Path) -> None:
    with Ledger.open(filled) as ledger:
        third = ledger.get(3)
    changed = Link(3, "note", "x", third.time.isoformat(timespec="microseconds"), '{"n":99}', third.previous, "")
    mended = "UPDATE ledger_entries SET body = '{\"n\":99}', hash = 'HASH' WHERE seq = 3"
    forge(filled, mended.replace("HASH", changed.content_hash()))
    with Ledger.open(filled) as ledger:
        assert ledger.get(3).body == {"n": 99}
        assert [(finding.code, finding.place.name) for finding in ledger.verify()] == [("L003", "entry 4")]


def test_a_changed_entry_is_never_given_back(filled: Path) -> None:
    forge(filled, "UPDATE ledger_entries SET body = '{\"n\":4}' WHERE seq = 3")
    with Ledger.open(filled) as ledger:
        assert ledger.get(2).body == {"n": 2}
        for read in (lambda: ledger.get(3), ledger.entries, lambda: ledger.find("note", "x")):
            with pytest.raises(FacilityError, match=r"entry no longer fits its hash.*received entry 3"):
                read()


def test_a_long_chain_is_walked_to_its_end(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.append_many("note", [("x", {"n": n}) for n in range(2500)])
        assert ledger.verify() == []
        assert len(ledger.entries()) == 1000
    forge(path, "DELETE FROM ledger_entries WHERE seq = 2400")
    with Ledger.open(path) as ledger:
        assert [finding.code for finding in ledger.verify()] == ["L002"]
