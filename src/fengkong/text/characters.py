"""What becomes of each single character: kept, exchanged for another, spelt out, or removed.

NFKC (Unicode Standard Annex 15) is the ground, but not where it changes what is said: 10² is not 102 and
3½ is not 31⁄2. Traditional characters become simplified ones by OpenCC's t2s, one by one, so that positions
hold; the few that need their phrase to decide take their most common reading.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from fengkong.text.homoglyphs import LOOKALIKES

__all__ = ["CharacterRules", "character_rules"]

_CHINESE_PUNCTUATION = "！（），：；？"  # as Chinese models met it in their pretraining
_ELLIPSES = "‥…"
_HYPHENS = "‐‑‒−"  # hyphens, the dash of figures, the minus sign
_ENUMERATION = re.compile(r"[(.]?(\d+)[).]?")

# Default_Ignorable_Code_Point of the Unicode Character Database: zero-width, bidi controls, variation
# selectors, fillers, tags. The last range is of the interlinear annotations.
_INVISIBLE = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF), (0xFFF9, 0xFFFB),
]  # fmt: skip
_LAST_BASIC = 0xFFFF
_LAST = 0x323AF  # what NFKC changes or OpenCC simplifies lies below
_HAN = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, _LAST)]
_JAMO = range(0x1161, 0x1200)


@dataclass(frozen=True, slots=True)
class CharacterRules:
    """The rules, ready to run.

    exchanged: for str.translate; one character for one.
    rewritten: character -> what it is spelt out as ("" removes it); `rewrites` finds them.
    clusters: finds a letter with the marks, or Hangul vowels and finals, that may compose with it.
    touched: finds any character that some rule may change; no match means a clean text. All of the
        supplementary planes are found: beyond the basic plane `re` walks a class one range at a time.
    """

    exchanged: dict[int, str]
    rewritten: dict[str, str]
    rewrites: re.Pattern[str]
    clusters: re.Pattern[str]
    touched: re.Pattern[str]


@cache
def character_rules() -> CharacterRules:
    """The rules for all of Unicode; made on first use (about 0.1 s)."""
    simplified = _simplified()
    exchanged: dict[int, str] = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # halves of surrogate pairs
    rewritten = {chr(code): "" for first, last in _INVISIBLE for code in range(first, last + 1)}
    marks: set[int] = set()
    for code in range(_LAST + 1):
        char = chr(code)
        if code <= _LAST_BASIC and unicodedata.combining(char):
            marks.add(code)
        if code in exchanged or char in rewritten:
            continue
        became = "".join(simplified.get(part, part) for part in _became(char))
        if len(became) == 1 and became != char:
            exchanged[code] = became
        elif became != char:
            rewritten[char] = became
    mark = _char_class(marks)
    touched = {*exchanged, *map(ord, rewritten), *marks, *_JAMO, *LOOKALIKES}
    return CharacterRules(
        exchanged,
        rewritten,
        re.compile(_char_class(map(ord, rewritten))),
        re.compile(f"[^{mark[1:-1]}]{mark}+|[\u1100-\u115e\uac00-\ud7a3]{_char_class(_JAMO)}+"),
        re.compile(_char_class({*(code for code in touched if code <= _LAST_BASIC), *range(0x10000, 0x110000)})),
    )


def _became(char: str) -> str:
    """One character by our reading of NFKC, before simplification; "" removes it."""
    category = unicodedata.category(char)
    if category in {"Lo", "Cn"} and unicodedata.is_normalized("NFKC", char):
        return char
    if char.isspace():
        return " "
    if category == "Cc":
        return ""
    if category == "Nd":
        return str(unicodedata.digit(char))
    if char in _HYPHENS:
        return "-"
    if char in _CHINESE_PUNCTUATION or char in _ELLIPSES:
        return char
    return _compatible(char)


def _compatible(char: str) -> str:
    """The NFKC form, but for the cases where it would say something else."""
    became = unicodedata.normalize("NFKC", char)
    tag = unicodedata.decomposition(char).partition(" ")[0]
    if tag in {"<super>", "<sub>"} and not (len(became) == 1 and became.isalpha()):
        return char  # 10² is not 102, and a trade mark's TM is not part of the name
    if len(became) > 1 and became.startswith(" "):
        return char  # an accent that stands alone
    if tag == "<fraction>":
        return became.replace("\u2044", "/")
    numbered = _ENUMERATION.fullmatch(became)
    if numbered and unicodedata.category(char) == "No" and tag in {"<circle>", "<compat>"}:
        return f"({numbered[1]})"  # ① ⑴ ⒈ number a list
    return became


def _simplified() -> dict[str, str]:
    """Traditional -> simplified, by single characters."""
    from opencc import OpenCC  # noqa: PLC0415 - its dictionaries load only where a text needs them

    han = [chr(code) for first, last in _HAN for code in range(first, last + 1)]
    # Line ends keep OpenCC from reading neighbours as a phrase.
    became = OpenCC("t2s").convert("\n".join(han)).split("\n")
    pairs = {char: new for char, new in zip(han, became, strict=True) if new != char and len(new) == 1}
    return {char: pairs.get(new, new) for char, new in pairs.items()}


def _char_class(codes: Iterable[int]) -> str:
    """A character class of a regular expression; neighbours are written as ranges."""
    ranges: list[list[int]] = []
    for code in sorted(set(codes)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"
