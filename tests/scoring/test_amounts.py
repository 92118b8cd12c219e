"""Numbers as people write them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.scoring.amounts import parse_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("28.40%", 28.4),
        ("$10,000", 10_000),
        ("36 months", 36),
        ("10+ years", 10),
        ("< 1 year", 0.5),
        ("1 year", 1),
        ("-5", -5),
        ("−5", -5),
        ("-$1,250.50", -1250.5),
        ("$-3", -3),
        ("(1,200)", -1200),
        ("US$ 30k", 30_000),
        ("1e5", 100_000),
        (".5", 0.5),
        ("CNY 12", 12),
        ("12 USD", 12),
        ("3.5万元", 35_000),
        ("３．５万", 35_000),
        ("￥1,234", 1234),
        ("约2亿", 2e8),
        ("50万以上", 500_000),
        ("36个月", 36),
        ("10年以上", 10),
        ("1年以内", 0.5),
        ("人民币 800 元", 800),
        (True, 1),
        (7, 7),
        (Decimal("1.25"), 1.25),
    ],
)
def test_reads(written, number) -> None:
    assert parse_number(written) == pytest.approx(number)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "n/a",
        "113xx",
        "2024-01-05",
        "1,23,4",
        "1.234,56",
        "12 monkeys",
        "nan",
        "inf",
        "1e999",
        "0x10",
        "1_000",
        "9" * 5000,
        "1 2",
        "--1",
        float("nan"),
        float("inf"),
        10**400,
        Decimal("sNaN"),
        date(2024, 1, 5),
        None,
    ],
)
def test_refuses(written) -> None:
    assert parse_number(written) is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{:,}", "{}", " {} ", "{}元", "${:,}", "{} years"]))
@settings(deadline=None, max_examples=200)
def test_a_whole_number_survives_its_writing(number: int, form: str) -> None:
    assert parse_number(form.format(number)) == number


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=300)
def test_never_raises_on_text(text: str) -> None:
    number = parse_number(text)
    assert number is None or abs(number) < float("inf")
