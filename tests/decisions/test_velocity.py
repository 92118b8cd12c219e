"""Windows over past events: as of the event's time, however late events came, and equal to a naive recount."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Event, Velocity, read_events, record_event, record_events
from fengkong.domain import Document, FieldValue, InputError
from fengkong.ledger import Ledger, MemoryLedger
from fengkong.rules.windows import Window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def payment(hours: float, customer: object = "c1", event_id: str = "", **fields: FieldValue) -> Event:
    """A payment so many hours after noon."""
    return Event("payment", NOON + hours * HOUR, {"customer": customer, **fields}, event_id)


def window(measure: str, over: timedelta = 24 * HOUR, **more: object) -> Window:
    return Window("w", "payment", "customer", measure, over, **more)


def value(window: Window, events: Sequence[Event], hours: float = 0, customer: object = "c1") -> FieldValue:
    ledger = MemoryLedger()
    velocity = Velocity([window], ledger)
    for event in events:
        record_event(ledger, event)
    (fact,) = velocity.facts(Document("x", {"customer": customer}), NOON + hours * HOUR)
    assert (fact.name, fact.source) == ("w", "velocity")
    return fact.value


PAYMENTS = [
    payment(-30, amount=1, phone="1"),
    payment(-24, amount=Decimal("10.10"), phone="2"),
    payment(-3, amount=0.2, phone="3", refused=True),
    payment(-1.5, "c2", amount=500, phone="9"),
    payment(-1, amount=30, phone="2", refused="true"),
    payment(0, amount=7, phone="4"),
    payment(1, amount=900, phone="5"),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (window("count"), 3),
        (window("count", over=HOUR), 1),
        (window("count", over=HOUR / 2), 0),
        (window("sum", of="amount"), Decimal("40.3")),
        (window("sum", over=HOUR / 2, of="amount"), 0),
        (window("distinct", of="phone"), 2),
        (window("rate"), Decimal("0.125")),
        (window("since_last"), 1),
        (window("since_last", over=HOUR / 2), None),
        (window("count", where={"refused": True}), 2),
        (window("count", where={"refused": "no"}), 0),
    ],
)
def test_a_window_reaches_back_from_the_moment_and_leaves_out_the_moment_itself(
    asked: Window, expected: object
) -> None:
    assert value(asked, PAYMENTS) == expected


def test_what_has_not_happened_yet_is_not_seen_and_what_came_late_is_placed_by_its_time() -> None:
    assert [value(window("count"), PAYMENTS, hours) for hours in (-24, -2, 0.5, 2)] == [1, 2, 3, 4]
    assert value(window("count"), PAYMENTS[::-1], -2) == 2


def test_an_entity_is_the_same_as_number_and_as_text_and_nobody_is_no_entity() -> None:
    events = [payment(-1, 17), payment(-2, "17"), payment(-3, None), payment(-3, " "), payment(-3, "18")]
    assert [value(window("count"), events, 0, name) for name in (17, "17", "99", None, " ")] == [2, 2, 0, None, None]


@pytest.mark.parametrize("amount", [None, "ten", True])
def test_a_sum_with_a_part_that_is_no_number_is_unknown(amount: FieldValue) -> None:
    events = [payment(-1, amount=5), payment(-2, amount=amount)]
    assert value(window("sum", of="amount"), events) is None
    assert value(window("count"), events) == 2


def test_how_many_differ_is_unknown_where_one_is() -> None:
    assert value(window("distinct", of="phone"), [payment(-1, phone="1"), payment(-2)]) is None


@pytest.mark.parametrize("customer", [17, 17.0, Decimal("17.00"), " 17 ", "17"])
@pytest.mark.parametrize("asked", [17, 17.0, Decimal("17.0"), "17 "])
def test_an_entity_is_the_same_however_its_number_is_written(customer: object, asked: object) -> None:
    assert value(window("count"), [payment(-1, customer)], customer=asked) == 1


def test_numbers_that_are_equal_are_one_in_distinct_and_in_where() -> None:
    numbers = [1.5, Decimal("1.50"), Decimal("1.5"), 1e22, 10**22, Decimal("1E+22"), 0.0, -0.0, Decimal("1E-3"), 0.001]
    events = [payment(-1, amount=number) for number in numbers]
    assert value(window("distinct", of="amount"), events) == 4
    assert value(window("count", where={"amount": Decimal("1.5")}), events) == 3


def test_a_sum_is_exact_or_unknown_whatever_the_threads_precision() -> None:
    events = [payment(-1, amount=10**40), payment(-2, amount=Decimal("0.01")), payment(-3, amount=1e-300)]
    with localcontext(prec=3):
        assert value(window("sum", of="amount"), events) == sum(
            (Fraction(10**40), Fraction("0.01"), Fraction("1e-300")), Fraction(0)
        )
        assert value(window("rate", over=7 * HOUR), events[:1]) == Decimal("0.1428571428571428571428571429")
    assert value(window("sum", of="amount"), [*events, payment(-4, amount=Decimal("1E+999999"))]) is None


def test_an_event_sent_twice_counts_once_and_another_of_its_id_is_refused() -> None:
    ledger = MemoryLedger()
    first = record_event(ledger, payment(-1, event_id="e-1", amount=5))
    assert record_event(ledger, payment(-1, event_id="e-1", amount=5)) == first
    with pytest.raises(InputError, match=r"another event of that id was recorded before .received 'e-1'"):
        record_event(ledger, payment(-1, event_id="e-1", amount=6))
    record_event(ledger, payment(-1))
    record_event(ledger, payment(-1))
    assert len(ledger.entries()) == 3


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Event("payment", NOON.replace(tzinfo=None), {}), "the time of an event has no zone"),
        (lambda: Event(" ", NOON, {}), "an event needs a kind"),
        (lambda: Event("decision", NOON, {}), "can't be 'decision'"),
        (lambda: record_event(MemoryLedger(), payment(0, amount=float("nan"))), "a number must be finite"),
        (lambda: record_event(MemoryLedger(), payment(0, amount=Decimal("NaN"))), "a number must be finite"),
        (lambda: record_event(MemoryLedger(), payment(0, a={"x": 1})), "field 'a': a value is none"),
        (lambda: record_event(MemoryLedger(), payment(0, a=[[1]])), "field 'a': a value is none"),
    ],
)
def test_a_bad_event_is_refused(make: object, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        make()


def test_the_index_is_built_anew_from_the_ledger_and_follows_other_writers(tmp_path: Path) -> None:
    doc = Document("x", {"customer": "c1"})
    with Ledger.open(tmp_path / "ledger.db") as ledger, Ledger.open(tmp_path / "ledger.db") as other:
        velocity = Velocity([window("count")], ledger)
        record_event(ledger, payment(-1))
        assert velocity.facts(doc, NOON)[0].value == 1
        record_event(other, payment(-2))
        assert velocity.facts(doc, NOON)[0].value == 2
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        assert Velocity([window("count")], ledger).facts(doc, NOON)[0].value == 2


def test_an_event_that_can_not_be_read_is_never_passed_over() -> None:
    ledger = MemoryLedger()
    velocity = Velocity([window("count")], ledger)
    ledger.append("event", "e-1", {"format": 2})
    for _ in range(2):
        with pytest.raises(InputError, match=r"entry 1: the entry is not an event of format 1 .received format 2"):
            velocity.facts(Document("x", {"customer": "c1"}), NOON)
    ledger = MemoryLedger()
    ledger.append("event", "e-1", {"format": 1, "kind": "payment", "time": "noon"})
    with pytest.raises(InputError, match="entry 1: an event can't be read; verify the ledger"):
        Velocity([window("count")], ledger).facts(Document("x"), NOON)


_fields = st.fixed_dictionaries(
    {"customer": st.sampled_from(["a", "b", None])},
    optional={
        "amount": st.none() | st.integers(0, 9) | st.decimals(0, 9, places=2),
        "phone": st.sampled_from(["1", "2", 2]),
        "city": st.sampled_from(["x", "y"]),
    },
)
_events = st.builds(
    lambda kind, minutes, fields: Event(kind, NOON + timedelta(minutes=minutes), fields),
    st.sampled_from(["payment", "login"]),
    st.integers(-200, 60),
    _fields,
)
_windows = st.builds(
    lambda measure, minutes, where: window(
        measure, timedelta(minutes=minutes), of={"sum": "amount", "distinct": "phone"}.get(measure, ""), where=where
    ),
    st.sampled_from(["count", "sum", "distinct", "rate", "since_last"]),
    st.integers(1, 150),
    st.sampled_from([{}, {"city": "x"}]),
)


def recount(asked: Window, events: Sequence[Event], customer: str, as_of: datetime) -> FieldValue:
    """The same by the book, looking at every event."""
    seen: list[Mapping[str, FieldValue]] = [
        {"time": event.time, **event.fields}
        for event in events
        if event.kind == "payment"
        and event.fields["customer"] == customer
        and all(event.fields.get(name) == wanted for name, wanted in asked.where.items())
        and timedelta(0) < as_of - event.time <= asked.over
    ]
    measured = [event.get(asked.of) for event in seen]
    if asked.measure == "since_last":
        last = max((event["time"] for event in seen), default=None)
        return None if last is None else Decimal((as_of - last).seconds) / 3600
    if asked.measure in {"sum", "distinct"} and None in measured:
        return None
    match asked.measure:
        case "sum":
            return sum(map(Decimal, measured), Decimal(0))
        case "distinct":
            return len(set(map(str, measured)))
        case "rate":
            return len(seen) / (Decimal(asked.over.seconds) / 3600)
    return len(seen)


@settings(deadline=None, max_examples=80)
@given(
    batches=st.lists(st.lists(_events, max_size=6), max_size=4),
    asked=_windows,
    minutes=st.integers(-100, 100),
    customer=st.sampled_from(["a", "b"]),
)
def test_values_equal_a_naive_recount_whatever_order_events_come_in(
    batches: list[list[Event]], asked: Window, minutes: int, customer: str
) -> None:
    ledger, so_far = MemoryLedger(), []
    velocity = Velocity([asked, window("count")], ledger)
    doc, as_of = Document("x", {"customer": customer}), NOON + timedelta(minutes=minutes)
    for batch in batches:
        for event in batch:
            record_event(ledger, event)
        so_far += batch
        expected = recount(asked, so_far, customer, as_of)
        assert velocity.facts(doc, as_of)[0].value == expected
        assert Velocity([asked], ledger).facts(doc, as_of)[0].value == expected


def test_a_file_of_events_is_recorded_and_again_changes_nothing(tmp_path: Path) -> None:
    path, ledger = tmp_path / "events.jsonl", MemoryLedger()
    lines = [
        '{"kind": "payment", "time": "2026-03-01T11:00:00+00:00", "id": "e-1", "customer": "c1", "amount": 5}',
        '{"kind": "payment", "time": "2026-03-01T19:30:00+08:00", "id": 2, "customer": "c1", "tags": ["a"]}',
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [record_events(ledger, read_events(path)) for _ in range(2)] == [2, 0]
    assert Velocity([window("count")], ledger).facts(Document("x", {"customer": "c1"}), NOON)[0].value == 2


def test_events_before_a_bad_one_are_kept_and_the_bad_one_is_named(tmp_path: Path) -> None:
    good = '{"kind": "login", "time": "2026-03-01T11:00:00+00:00", "id": "e-1", "customer": "c1"}'
    other = good.replace("c1", "c2")
    for bad, fault in [
        ("{", "events.jsonl:2: the line is no event; write"),
        ("[]", "events.jsonl:2: the line is no event"),
        ('{"kind": "login"}', "events.jsonl:2: the line is no event"),
        ('{"kind": 7, "time": "2026-03-01T11:00:00Z"}', "events.jsonl:2: the line is no event"),
        ('{"kind": "login", "time": "2026-03-01T11:00:00"}', "events.jsonl:2: the time of an event has no zone"),
        (good.replace('"c1"', '{"x": 1}'), "events.jsonl:2 field 'customer': a value is none"),
        (other, "another event of that id was recorded before"),
    ]:
        ledger, path = MemoryLedger(), tmp_path / "events.jsonl"
        path.write_text(f"{good}\n{bad}\n", encoding="utf-8")
        with pytest.raises(InputError, match=fault):
            record_events(ledger, read_events(path))
        assert [entry.subject for entry in ledger.entries()] == ["e-1"]
    with pytest.raises(InputError, match="can't be read"):
        record_events(MemoryLedger(), read_events(tmp_path / "none.jsonl"))
