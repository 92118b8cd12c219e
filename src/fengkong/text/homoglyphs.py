"""Letters that pass for Latin ones, to slip past a reader: "lоan" written with a Cyrillic о.

A small table of our own, after the idea of Unicode Technical Standard 39 (confusables): only letters that
look the same in common fonts. A word is respelt only where it holds a Latin letter and every other letter
of it has a Latin twin, so Russian and Greek words stay as they are.
"""

import re

__all__ = ["LOOKALIKES", "respell_lookalikes"]

LOOKALIKES: dict[int, str] = {
    ord(twin): latin
    for twins, latins in (
        ("АВЕКМНОРСТУХІЈЅҺԚԜӀ", "ABEKMHOPCTYXIJSHQWI"),  # Cyrillic capitals
        ("асеорухіјѕһԁԛԝӏкѵ", "aceopyxijshdqwlkv"),  # Cyrillic
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),  # Greek capitals
        ("αικνορυχϲϳ", "aiknopuxcj"),  # Greek
        ("օսհոց", "ouhng"),  # Armenian
        ("ɑɡɩ", "agi"),  # Latin letters of phonetic alphabets
    )
    for twin, latin in zip(twins, latins, strict=True)
}

_LATIN = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
_ALPHABETS = _LATIN + "\u0250-\u02af\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u1f00-\u1fff"
_ANY_TWIN = re.compile(f"[{''.join(map(chr, LOOKALIKES))}]")
_TWINS = "".join(map(chr, LOOKALIKES))
# Accents count as part of their word, whether or not they are composed with their letter yet.
_WORD = re.compile(f"[{_ALPHABETS}\u0300-\u036f]+")
_LATIN_BUT_FOR_TWINS = re.compile(f"(?=[{_TWINS}\u0300-\u036f]*[{_LATIN}])[{_LATIN}{_TWINS}\u0300-\u036f]+")


def respell_lookalikes(text: str) -> str:
    """The text with look-alikes in Latin words exchanged for the Latin letters; the length stays."""
    if not _ANY_TWIN.search(text):
        return text
    return _WORD.sub(_respell, text)


def _respell(match: re.Match[str]) -> str:
    word = match[0]
    return word.translate(LOOKALIKES) if _LATIN_BUT_FOR_TWINS.fullmatch(word) else word
