"""What every ledger promises, held over the one on disk and the one in memory alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import FacilityError, InputError, Outcome
from fengkong.ledger import EntryStore, Ledger, MemoryLedger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _on_disk(folder: Path, now: Callable[[], datetime]) -> EntryStore:
    return Ledger.open(folder / "ledger.db", now=now)


def _in_memory(_: Path, now: Callable[[], datetime]) -> EntryStore:
    return MemoryLedger(now=now)


@pytest.fixture(params=[_on_disk, _in_memory], ids=["disk", "memory"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EntryStore]:
    with request.param(tmp_path, lambda: NOON) as store:
        yield store


def test_an_entry_is_given_back_as_it_was_appended(ledger: EntryStore) -> None:
    entry = ledger.append("decision", "loan-7", {"outcome": "review", "说明": "收入不明"})
    assert (entry.seq, entry.kind, entry.subject, entry.time) == (1, "decision", "loan-7", NOON)
    assert entry.body == {"outcome": "review", "说明": "收入不明"}
    assert entry.previous == "0" * 64
    assert ledger.get(1) == entry
    assert ledger.entries() == [entry]


def test_each_entry_names_the_hash_before_it(ledger: EntryStore) -> None:
    first, second, third = (ledger.append("note", "x", {"n": n}) for n in range(3))
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert (second.previous, third.previous) == (first.hash, second.hash)
    assert len({first.hash, second.hash, third.hash}) == 3
    assert ledger.verify() == []


def test_find_answers_one_subject_of_one_kind_oldest_first(ledger: EntryStore) -> None:
    ledger.append("decision", "a", {"n": 1})
    ledger.append("decision", "b", {"n": 2})
    ledger.append("verdict", "a", {"n": 3})
    ledger.append("decision", "a", {"n": 4})
    assert [entry.body["n"] for entry in ledger.find("decision", "a")] == [1, 4]
    assert ledger.find("decision", "nobody") == []


def test_pages_join_without_gap_or_repeat(ledger: EntryStore) -> None:
    ledger.append_many("note", [("x", {"n": n}) for n in range(7)])
    pages = [ledger.entries(after=after, limit=3) for after in (0, 3, 6, 9)]
    assert [[entry.seq for entry in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], []]
    assert ledger.entries(limit=0) == ledger.entries(limit=-1) == []


def test_many_are_appended_all_or_none(ledger: EntryStore) -> None:
    assert [entry.seq for entry in ledger.append_many("note", [("a", {}), ("b", {})])] == [1, 2]
    with pytest.raises(InputError):
        ledger.append_many("note", [("c", {}), ("d", {"p": float("nan")})])
    assert ledger.append_many("note", []) == []
    assert [entry.subject for entry in ledger.entries()] == ["a", "b"]


def test_dataclasses_times_and_decimals_are_written_plain(ledger: EntryStore) -> None:
    @dataclass
    class Loan:
        amount: Decimal
        outcome: Outcome
        when: datetime

    body = ledger.append("loan", "x", Loan(Decimal("10.50"), Outcome.DECLINE, NOON)).body
    assert body == {"amount": "10.50", "outcome": "decline", "when": "2026-03-01T12:00:00+00:00"}


def test_half_a_surrogate_pair_and_controls_survive(ledger: EntryStore) -> None:
    body = {"text": "a\ud83d\x00\u200bb", "\udc00": "😀"}
    ledger.append("note", "x", body)
    assert ledger.get(1).body == body
    assert ledger.verify() == []


def test_the_caller_can_not_reach_into_what_was_appended(ledger: EntryStore) -> None:
    body: dict[str, object] = {"reasons": ["a"]}
    entry = ledger.append("note", "x", body)
    body["reasons"] = []
    entry.body["reasons"] = ["forged"]
    assert ledger.get(1).body == {"reasons": ["a"]}
    assert ledger.verify() == []


@pytest.mark.parametrize("body", [None, "text", 3, ["a"], b"{", {"p": float("inf")}, {"x": object()}])
def test_a_body_that_is_no_json_object_is_refused_and_nothing_is_written(ledger: EntryStore, body: object) -> None:
    with pytest.raises(InputError):
        ledger.append("note", "x", body)
    assert ledger.entries() == []


@pytest.mark.parametrize(("kind", "subject"), [("", "x"), ("note", ""), ("note", "\ud800")])
def test_a_name_that_is_empty_or_unwritable_is_refused(ledger: EntryStore, kind: str, subject: str) -> None:
    with pytest.raises(InputError):
        ledger.append(kind, subject, {})
    with pytest.raises(InputError):
        ledger.find(kind, subject)


def test_an_entry_that_is_not_there_is_named(ledger: EntryStore) -> None:
    ledger.append("note", "x", {})
    for seq in (0, 2, -1):
        with pytest.raises(InputError, match=f"no such entry .received {seq}"):
            ledger.get(seq)


def test_a_closed_ledger_says_so(ledger: EntryStore) -> None:
    ledger.close()
    with pytest.raises(FacilityError, match="closed"):
        ledger.append("note", "x", {})
    with pytest.raises(FacilityError, match="closed"):
        ledger.entries()


@pytest.mark.parametrize("make", [_on_disk, _in_memory])
def test_times_are_kept_in_utc_and_the_order_holds_when_the_clock_jumps(
    make: Callable[..., EntryStore], tmp_path: Path
) -> None:
    east = timezone(timedelta(hours=8))
    times = iter([NOON.astimezone(east), NOON - timedelta(hours=1), NOON + timedelta(microseconds=1)])
    with make(tmp_path, lambda: next(times)) as ledger:
        written = [ledger.append("note", "x", {"n": n}) for n in range(3)]
        assert [entry.body["n"] for entry in ledger.entries()] == [0, 1, 2]
        assert written[0].time == NOON
        assert all(entry.time.tzinfo is UTC for entry in ledger.entries())
        assert ledger.verify() == []


@pytest.mark.parametrize("make", [_on_disk, _in_memory])
def test_a_clock_without_zone_is_refused(make: Callable[..., EntryStore], tmp_path: Path) -> None:
    with make(tmp_path, lambda: NOON.replace(tzinfo=None)) as ledger, pytest.raises(InputError, match="no zone"):
        ledger.append("note", "x", {})


_texts = st.text(st.characters(), max_size=8)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
_writes = st.lists(
    st.tuples(
        st.sampled_from(["decision", "verdict"]),
        st.lists(st.tuples(_names, st.dictionaries(_texts, _values, max_size=4)), max_size=3),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=40)
@given(writes=_writes)
def test_both_ledgers_hold_the_same_after_any_appends(
    writes: list[tuple[str, list[tuple[str, dict[str, object]]]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("same")
    with _on_disk(folder, lambda: NOON) as disk, _in_memory(folder, lambda: NOON) as memory:
        for kind, items in writes:
            assert disk.append_many(kind, items) == memory.append_many(kind, items)
        entries = memory.entries()
        assert disk.entries() == entries
        assert [entry.body for entry in entries] == [body for _, items in writes for _, body in items]
        for entry in entries:
            assert disk.get(entry.seq) == memory.get(entry.seq) == entry
            assert disk.find(entry.kind, entry.subject) == memory.find(entry.kind, entry.subject)
        assert disk.verify() == memory.verify() == []
