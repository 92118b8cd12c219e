"""Personal and business identifiers -> [EMAIL] [IBAN] [ID] [USCI] [CARD] [PHONE].

A model has nothing to learn from a particular number, and a number learnt is a number that can leak. Where an
identifier carries a check digit it must hold, so amounts, dates, percentages and most order numbers survive;
telephone numbers have none and are known by their form. Every pattern is bounded or possessive, so the time is
linear in the text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fengkong.text.alignment import CleanText
from fengkong.text.checksums import IBAN_LENGTHS, iban_holds, luhn_holds, resident_id_holds, usci_holds

__all__ = ["mask", "mask_identifiers"]

# A number ends where no letter, digit or decimals go on; a sum of money is no telephone number. Of two neighbours
# each must see its borders alike whether or not the other is masked yet, or masking twice would find more.
_START = r"(?<![0-9A-Za-z_])(?<![0-9]\.(?=[0-9]))"
_END = r"(?![0-9A-Za-z_]|(?<=[0-9])\.[0-9])"
_NOT_MONEY_BEFORE = r"(?<![$¥£€])(?<![$¥£€] )(?<!RMB)(?<!RMB )(?<!USD)(?<!USD )(?<!CNY)(?<!CNY )(?<!人民币)"
_NOT_MONEY_AFTER = r"(?! ?(?:[%元圆万亿股]|[美欧港日]元|英镑|(?i:yuan|dollars?|usd|rmb|cny|eur|gbp|shares?|million)\b))"
_GAP = "[ –-]"
_PHONE_START = _START + _NOT_MONEY_BEFORE
_PHONE_END = _END + _NOT_MONEY_AFTER
_CUE = r"(?<!\[)(?i:phone|tel|telephone|mobile|cell|call|whatsapp|fax|contact|电话|手机|联系|热线|传真|致电)"
_ISSUERS = r"(?:[3-69][0-9]{3}|2[2-7][0-9]{2})"  # the first digits of card issuers

# Six digits, or the head of an IBAN: what all but e-mail addresses hold. It begins with one class, so it is fast.
_MAY_HOLD_ONE = re.compile(r"[0-9](?:(?:[ .()–-]{0,3}[0-9]){5}|(?<=[A-Za-z]{2}[0-9])[0-9] ?[A-Za-z0-9]{4})")
_SEPARATORS = str.maketrans("", "", " –-")


def _always(_: str) -> bool:
    return True


def _card_holds(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and luhn_holds(digits)


def _trunk_length_holds(digits: str) -> bool:
    return 10 <= len(re.sub("[^0-9]", "", digits)) <= 12


@dataclass(frozen=True, slots=True)
class _Kind:
    """One form of an identifier: where it may stand (group 1), and whether the compact, capital form holds."""

    name: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = _always

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """The spans to mask; what doesn't hold is looked into again from its second character."""
        at = 0
        while match := self.pattern.search(text, at):
            if self.holds(match[1].translate(_SEPARATORS).upper()):
                yield (*match.span(1), f"[{self.name}]")
                at = match.end()
            else:
                at = match.start() + 1


def _kind(name: str, pattern: str, holds: Callable[[str], bool] = _always) -> _Kind:
    return _Kind(name, re.compile(pattern, re.ASCII), holds)


def _iban(length: int) -> str:
    """The rest of an IBAN after its country, whole or in groups of four."""
    fours, rest = divmod(length - 4, 4)
    return rf"[0-9]{{2}}(?: ?[A-Za-z0-9]{{4}}){{{fours}}}" + (rf" ?[A-Za-z0-9]{{{rest}}}" if rest else "")


def _iban_pattern() -> str:
    by_length: dict[int, list[str]] = {}
    for country, length in IBAN_LENGTHS.items():
        by_length.setdefault(length, []).append(country)
    forms = "|".join(f"(?i:{'|'.join(countries)}){_iban(length)}" for length, countries in by_length.items())
    return f"{_START}({forms}){_END}"


# In this order, since the stricter check decides first.
_KINDS = (
    # with what stands glued between it and the next @
    _kind("EMAIL", r"(?<![\w.%+-])([\w.%+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++(?:[\w.%+-]++(?=@))?)"),
    _kind("IBAN", _iban_pattern(), iban_holds),
    _kind("ID", rf"{_START}([1-8][0-9]{{5}} ?(?:18|19|20)[0-9]{{6}} ?[0-9]{{3}}[0-9Xx]){_END}", resident_id_holds),
    _kind("ID", rf"{_START}([1-8][0-9]{{5}} ?[0-9]{{6}} ?[0-9]{{3}}){_END}", resident_id_holds),
    _kind(
        "USCI",
        rf"{_START}([1-9ANYany][1-59][0-9]{{6}}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{{10}}){_END}",
        usci_holds,
    ),
    _kind("CARD", rf"{_START}({_ISSUERS}([ –-])(?:[0-9]{{4}}\2){{3}}[0-9]{{1,3}}){_END}", _card_holds),
    _kind("CARD", rf"{_START}({_ISSUERS}([ –-])(?:[0-9]{{4}}\2){{2}}[0-9]{{4}}){_END}", _card_holds),
    _kind("CARD", rf"{_START}(3[0-9]{{3}}([ –-])[0-9]{{6}}\2[0-9]{{4,5}}){_END}", _card_holds),
    _kind("CARD", rf"{_START}({_ISSUERS}[0-9]{{2}}[ –-]?[0-9]{{7,13}}){_END}", _card_holds),
    # China: mobile
    _kind(
        "PHONE",
        rf"{_NOT_MONEY_BEFORE}((?:\+86{_GAP}?|{_START}(?:(?:00)?86{_GAP}?)?)1[3-9][0-9]({_GAP}?)[0-9]{{4}}\2[0-9]{{4}}){_PHONE_END}",
    ),
    # Any country, with its code
    _kind("PHONE", rf"{_NOT_MONEY_BEFORE}((?:\+|{_START}00)[1-9](?:[ .()–-]{{0,2}}[0-9]){{9,14}}){_PHONE_END}"),
    # A trunk zero: landlines of China, numbers of the United Kingdom
    _kind(
        "PHONE",
        rf"{_NOT_MONEY_BEFORE}((?:[(（]0[1-9][0-9]{{1,3}}[)）]|{_START}0[1-9][0-9]{{1,3}})(?:{_GAP}?[0-9]{{3,4}}){{2}})"
        rf"{_PHONE_END}",
        _trunk_length_holds,
    ),
    # North America
    _kind(
        "PHONE",
        rf"{_NOT_MONEY_BEFORE}((?:{_START}(?:1[ .–-])?[2-9][0-9]{{2}}[ .–-]|(?:{_START}1[ .–-])?\([2-9][0-9]{{2}}\) ?)"
        rf"[2-9][0-9]{{2}}[ .–-][0-9]{{4}}){_PHONE_END}",
    ),
    # China: numbers of firms
    _kind(
        "PHONE",
        rf"{_PHONE_START}((?:[48]00{_GAP}|400(?=[1-9]))(?:[0-9]{{3}}{_GAP}?[0-9]{{4}}|[0-9]{{4}}{_GAP}?[0-9]{{3}}))"
        rf"{_PHONE_END}",
    ),
    # Bare digits, after a word that announces them
    _kind("PHONE", rf"{_CUE}[^0-9[]{{0,16}}{_PHONE_START}([0-9]{{10,13}}){_PHONE_END}"),
)


def mask_identifiers(text: str) -> CleanText:
    """The text with each e-mail address, IBAN, resident id, USCI, bank card and telephone number masked.

    Reads normalised text (`clean` sees to that): full-width digits are not found here.
    """
    return mask(CleanText(text))


def mask(clean: CleanText) -> CleanText:
    """The same for a text that was already edited, so that spans lead back to its original."""
    if "@" in clean.text or _MAY_HOLD_ONE.search(clean.text):
        for kind in _KINDS:
            clean = clean.edited(kind.find(clean.text))
    return clean
