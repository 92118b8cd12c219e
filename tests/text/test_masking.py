from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fengkong.text import clean, mask_identifiers

QUICK = settings(deadline=None, max_examples=60)
DIGITS = "0123456789"


def masked(text: str) -> str:
    return mask_identifiers(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane.doe+x@mail.example.co.uk.", "mail [EMAIL]."),
        ("邮箱zhang_3@qq.com，谢谢", "邮箱[EMAIL]，谢谢"),
        ("手机13812345678", "手机[PHONE]"),
        ("138-1234-5678 or 138 1234 5678", "[PHONE] or [PHONE]"),
        ("+8613812345678, +86 138-1234-5678, 0086 13812345678", "[PHONE], [PHONE], [PHONE]"),
        ("010-65529988 (010)65529988 0755 1234567 02165529988", "[PHONE] [PHONE] [PHONE] [PHONE]"),
        ("13812345678,13912345678;13712345678/13612345678", "[PHONE],[PHONE];[PHONE]/[PHONE]"),
        ("拨打400-820-8820或4008208820", "拨打[PHONE]或[PHONE]"),
        ("020 7946 0958, 07700 900123, 07700900123, 01632 960 001", "[PHONE], [PHONE], [PHONE], [PHONE]"),
        ("+44 (0)20 7946 0958 and +852 9123 4567", "[PHONE] and [PHONE]"),
        ("(415) 555-2671, 415-555-2671, 415.555.2671, +1 415 555 2671", "[PHONE], [PHONE], [PHONE], [PHONE]"),
        ("Call me on 4155552671.", "Call me on [PHONE]."),
        ("电话：4155552671", "电话：[PHONE]"),
        ("id 11010519491231002X", "id [ID]"),
        ("身份证11010519491231002x号", "身份证[ID]号"),
        ("110105 19491231 002X", "[ID]"),
        ("old form 110105491231002", "old form [ID]"),
        ("4111111111111111 5500-0000-0000-0004", "[CARD] [CARD]"),
        ("pay 4111 1111 1111 1111 200 times", "pay [CARD] 200 times"),
        ("1234 4111 1111 1111 1111", "1234 [CARD]"),
        ("3782 822463 10005", "[CARD]"),
        ("6222 0212 3456 7890 128", "[CARD]"),
        ("GB82 WEST 1234 5698 7654 32 please", "[IBAN] please"),
        ("DE89370400440532013000", "[IBAN]"),
        ("gb82west12345698765432", "[IBAN]"),
        ("统一社会信用代码91350100M000100Y43", "统一社会信用代码[USCI]"),
    ],
)
def test_identifiers_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Income $45,000.00 and 1,234,567,890.12 in assets",
        "¥13800000000 or 13800000000元 or RMB 13800000000 or 138亿",
        "2023-11-23, 23.11.2023, 2023年11月23日 12:30:45, 20231123",
        "up 28.40%, 0.4111111111111111, 3.14159265358979",
        "+12 345 678 and 800 123 456 EUR",
        "订单号 20231123000123456, order 2023112300012345",
        "invoice AB13812345678, ticket 0001234567",
        "timestamp 1700000000000, zip 100020, year 2023, hotline 95588",
        "revenue of 8000000000 and 4000000000",
        "a @ b, @handle, user@localhost",
        "id 110105194912310021 and 11010519490230003X",
        "4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "91350100M000100Y44",
    ],
)
def test_other_numbers_survive(text: str) -> None:
    assert masked(text) == text


def test_full_width_identifiers_are_found_after_normalising() -> None:
    assert clean("卡号４１１１　１１１１　１１１１　１１１１，邮箱ａ＠ｂ．ｃｏｍ").text == "卡号[CARD]，邮箱[EMAIL]"
    assert clean("138\u200b1234\u200b5678").text == "[PHONE]"


def resident_id(province: str, born: date, order: str) -> str:
    body = province + "0101" + born.strftime("%Y%m%d") + order
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


@QUICK
@given(
    st.sampled_from(["11", "31", "44", "51", "65"]),
    st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    st.text(DIGITS, min_size=3, max_size=3),
    st.integers(1, 10),
)
def test_resident_ids_by_their_check(province: str, born: date, order: str, slip: int) -> None:
    number = resident_id(province, born, order)
    assert masked(f"身份证{number}，") == "身份证[ID]，"
    checks = "0123456789X"
    broken = number[:-1] + checks[(checks.index(number[-1]) + slip) % 11]
    assert "[ID]" not in masked(broken)


def with_luhn(body: str) -> str:
    total = sum(int(c) if place % 2 else sum(divmod(int(c) * 2, 10)) for place, c in enumerate(reversed(body)))
    return body + str(-total % 10)


@QUICK
@given(
    st.sampled_from(["4", "51", "62", "35"]), st.text(DIGITS, min_size=15, max_size=15), st.sampled_from(["", " ", "-"])
)
def test_cards_by_their_check(issuer: str, rest: str, gap: str) -> None:
    body = (issuer + rest)[:15]
    good = with_luhn(body)
    groups = gap.join(good[at : at + 4] for at in range(0, 16, 4))
    assume("[ID]" not in masked(good))
    assert masked(f"card {groups}.") == "card [CARD]."
    bad = body + str((int(good[-1]) + 1) % 10)
    assert masked(f"card {bad}.") == f"card {bad}."


@QUICK
@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4),
    st.text(DIGITS, min_size=14, max_size=14),
    st.booleans(),
)
def test_ibans_by_their_check(bank: str, account: str, grouped: bool) -> None:
    remainder = int("".join(str(int(c, 36)) for c in bank + account + "GB00")) % 97
    iban = f"GB{98 - remainder:02d}{bank}{account}"
    written = " ".join(iban[at : at + 4] for at in range(0, 22, 4)) if grouped else iban
    assert masked(f"to {written} now") == "to [IBAN] now"
    broken = iban[:-1] + str((int(iban[-1]) + 1) % 10)
    assert "[IBAN]" not in masked(broken)


USCI = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@QUICK
@given(st.text(USCI, min_size=9, max_size=9), st.integers(1, 30))
def test_uscis_by_their_check(organisation: str, slip: int) -> None:
    body = "91440300" + organisation
    total = sum(USCI.index(char) * 3**place for place, char in enumerate(body))
    code = body + USCI[-total % 31]
    assume("[ID]" not in masked(code))
    assert masked(f"代码{code}。") == "代码[USCI]。"
    broken = body + USCI[(USCI.index(code[-1]) + slip) % 31]
    assert "[USCI]" not in masked(broken)


@QUICK
@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), st.integers(0, 10**9), st.integers(0, 9999))
def test_dates_amounts_and_percentages_survive(day: date, amount: int, basis_points: int) -> None:
    text = (
        f"{day} {day + timedelta(9):%d/%m/%Y} {day:%Y年%m月%d日} ${amount:,}.50 {amount}元 人民币{amount}万元 "
        f"{basis_points / 100:.2f}% CNY {amount}"
    )
    assert masked(text) == text
