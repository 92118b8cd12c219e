"""Numbers as people write them in application forms, in English and Chinese."""

import math
import re
import unicodedata
from decimal import Decimal

from fengkong.domain.documents import FieldValue

__all__ = ["parse_number"]

_MULTIPLES = {"": 1.0, "k": 1e3, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8}
_LONGEST = 64
"""No form holds a longer number; what is longer is prose."""
_CURRENCIES = r"[$€£¥₩₹]|(?:US|HK)\$|USD|CNY|RMB|EUR|GBP|HKD|JPY|人民币|美元|港元|港币"
_UNITS = (
    r"%|percent|pct|years?|yrs?|months?|mos?|weeks?|wks?|days?|times?|people|dollars?|yuan|"
    r"年|个?月|周|星期|[天日]|岁|[元块]|人|次|笔|期|倍|个"
)
_MINUS = frozenset("-−")
_WRITTEN = re.compile(
    rf"""(?P<below>[<≤])?[>≥~≈约]?\s*
    (?P<sign>[-−]?\s*(?:{_CURRENCIES})?|(?:{_CURRENCIES})\s*[-−])\s*
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?P<exponent>e[+-]?\d{{1,3}})?\s*
    (?P<multiple>十万|百万|千万|[k千万亿])?\s*\+?\s*
    (?:{_UNITS})?\s*(?:{_CURRENCIES})?\s*\+?(?:以上|左右|(?P<within>以[下内]))?""",
    re.VERBOSE | re.IGNORECASE,
)


def parse_number(value: FieldValue) -> float | None:
    """The number in a field: 28.4 of "28.40%", 10000 of "$10,000", 36 of "36 months", 35000 of "3.5万元".

    Units are dropped, not converted: one field is expected to keep to one unit. "< 1 year" and "1年以内" are read as
    half the bound, the usual stand-in for a value known only to lie below; "10+ years" as its bound, "(1,200)" as
    -1200.
    None when there is no number that is finite, when the words around it aren't known units, and for dates.
    """
    match value:
        case str():
            number = _read(value)
        case bool() | int() | float() | Decimal():
            number = _as_float(value)
        case _:
            return None
    return number if number is not None and math.isfinite(number) else None


def _as_float(value: float | Decimal) -> float | None:
    try:
        return float(value)
    except (OverflowError, ValueError):  # an integer beyond the range of floats; a signalling NaN
        return None


def _read(text: str) -> float | None:
    if len(text) > _LONGEST:
        return None
    written = unicodedata.normalize("NFKC", text).strip()
    negative = written.startswith("(") and written.endswith(")")
    found = _WRITTEN.fullmatch(written[1:-1] if negative else written)
    if found is None:
        return None
    number = float(found["digits"].replace(",", "") + (found["exponent"] or ""))
    number *= _MULTIPLES[(found["multiple"] or "").lower()]
    if found["below"] or found["within"]:
        number /= 2
    return -number if negative or _MINUS & set(found["sign"]) else number
