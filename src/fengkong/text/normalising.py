"""One spelling for what looks the same, so that a model meets the words that it knows."""

import re
import unicodedata

from fengkong.text.alignment import CleanText
from fengkong.text.characters import character_rules
from fengkong.text.homoglyphs import respell_lookalikes

__all__ = ["normalise"]

_BLANKS = re.compile("  +")


def normalise(text: str) -> CleanText:
    """The text in one spelling: NFKC with care, no invisible characters, Latin look-alikes, simplified Chinese.

    Line ends and tabs become blanks and a run of blanks becomes one; halves of surrogate pairs become U+FFFD.
    Doing it twice changes nothing more.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return CleanText(text)
    rules = character_rules()
    if "  " not in text and not rules.touched.search(text):
        return CleanText(text)
    clean = CleanText(text.translate(rules.exchanged))
    if not clean.text.isascii() or not clean.text.isprintable():
        clean = clean.edited((*m.span(), _spelt_out(m, rules.rewritten)) for m in rules.rewrites.finditer(clean.text))
        clean = clean.respelt(respell_lookalikes(clean.text))
        clean = clean.edited(
            (*m.span(), unicodedata.normalize("NFC", m[0])) for m in rules.clusters.finditer(clean.text)
        )
    return clean.edited((*m.span(), " ") for m in _BLANKS.finditer(clean.text))


def _spelt_out(match: re.Match[str], rewritten: dict[str, str]) -> str:
    """What one character is spelt out as, kept apart from numbers beside it: 3½ -> 3 1/2."""
    new = rewritten[match[0]]
    if not new:
        return new
    text, start, end = match.string, match.start(), match.end()
    before = " " if new[0].isdigit() and text[max(start - 1, 0) : start].isnumeric() else ""
    after = " " if new[-1].isdigit() and text[end : end + 1].isnumeric() else ""
    return before + new + after
