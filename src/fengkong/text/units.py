"""The units that people read, for explanations and counting: words, single Han characters, numbers, masks."""

import re

__all__ = ["HAN", "units"]

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Han characters, 〇 among them, as a class of a pattern holds them: unified, of all planes, and compatible ones."""
_LETTER = rf"[^\W\d_{HAN}]"
_UNIT = re.compile(
    r"\[(?:EMAIL|IBAN|ID|USCI|CARD|PHONE)\]"
    rf"|[{HAN}]"
    rf"|\d+(?:[.,]\d+)*%?"
    rf"|{_LETTER}(?:['’]?[^\W_{HAN}])*"
)


def units(text: str) -> list[tuple[int, int]]:
    """The spans [start, end) of the text's units, in order; blanks and punctuation belong to none.

    A unit is a word of an alphabet (don't, Q3), one Han character, a number with its decimals and its per cent
    sign (1,000.50, 3.5%), or the mask of an identifier ([PHONE]).
    """
    return [match.span() for match in _UNIT.finditer(text)]
