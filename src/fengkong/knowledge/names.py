"""One spelling for the names of one entity: what two sources write differently, but mean the same by.

Only what no two entities of a type differ in is taken away: width, case, blanks, traditional characters, punctuation,
a country's dialling code, the way a legal form is written (Ltd is Limited, 有限责任公司 is 有限公司). Forms that do
tell entities apart stay: 股份有限公司 is not 有限公司, Inc is not LLC. What is only alike is for `matching` to say.
"""

import re

from fengkong.text.normalising import normalise
from fengkong.text.units import HAN

__all__ = ["LEGAL_FORMS", "legal_form", "normal_name"]

LEGAL_FORMS = {
    "有限责任公司": "有限公司",
    "有限公司": "有限公司",
    "股份有限公司": "股份有限公司",
    "股份公司": "股份有限公司",
    "private limited": "ltd",
    "limited": "ltd",
    "ltd": "ltd",
    "public limited company": "plc",
    "plc": "plc",
    "incorporated": "inc",
    "inc": "inc",
    "corporation": "corp",
    "corp": "corp",
    "limited liability company": "llc",
    "llc": "llc",
    "limited liability partnership": "llp",
    "llp": "llp",
    "gmbh": "gmbh",
    "ag": "ag",
    "sa": "sa",
    "bv": "bv",
    "nv": "nv",
}
"""How legal forms are written, and the one way each is kept."""

_HAN_FORMS, _LATIN_FORMS = (
    "|".join(sorted((form for form in LEGAL_FORMS if (form[0] >= "\u3400") is han), key=len, reverse=True))
    for han in (True, False)
)
_FORM = re.compile(rf"(?:(?:{_HAN_FORMS})|(?:(?<=[{HAN}])|\b)(?:{_LATIN_FORMS}))$")
_SIGNS = re.compile(r"(?:[^\w&+]|_)+")
_ANY_HAN = re.compile(f"[{HAN}]")
_BETWEEN_HAN = re.compile(f"(?<=[{HAN}]) +| +(?=[{HAN}])")
_COMPANY_DOTS = re.compile(r"(?<=\b\w)\.(?=\w\b|\s|,|$)")
_COMPANY = re.compile("(?: (?:co|company))+$")
_TITLES = re.compile(
    "^(?:(?:mr|mrs|ms|miss|dr|prof)(?: |$))+|(?:先生|女士|小姐|老师|总经理|经理|老板|师傅|医生|律师)+$"
)
_LONG_SURNAMES = re.compile(
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|长孙|宇文|南宫|独孤|西门|呼延|申屠"
)
_NOBODY = re.compile("无|没有|暂无|不详|未知|不明|不适用|空|未填|未填写|同上|na|nan|none|nil|null|unknown|undefined")
"""How forms say that there is none, without signs."""
_STREETS = {
    "st": "street",
    "rd": "road",
    "ave": "avenue",
    "av": "avenue",
    "blvd": "boulevard",
    "ln": "lane",
    "dr": "drive",
    "sq": "square",
    "apt": "apartment",
    "fl": "floor",
    "bldg": "building",
    "no": "",
    "number": "",
}
_EXTENSION = re.compile("ext|转|分机")
_SHORTEST_PHONE = 5
"""Digits of the shortest numbers in use, such as 95588."""
_ABROAD = re.compile("^00(?=[1-9])")
_DIALLED = re.compile(r"^(?:\+|00)?86(?=1[3-9]\d{9}$)")


def normal_name(kind: str, name: str) -> str:
    """The name of an entity of that type in one spelling; "" where nothing of it can tell an entity.

    person: titles go, "Smith, John" is John Smith; a surname with only a title is nobody's. company: one way to write
    its legal form. phone: digits, without 86 before a Chinese mobile number, + before other country codes; fewer than
    5, or all the same, are none. address: street, road and the like spelt out. device, account and every declared
    type: letters and digits only. A word for "none" (无, 不详, N/A) names nothing of any type.
    """
    plain = normalise(name.casefold()).text.casefold().strip()
    spell = _SPELLINGS.get(kind, _identifier)
    normal = spell(plain)
    told = _identifier(normal)
    return normal if any(map(str.isalnum, told)) and not _NOBODY.fullmatch(told) else ""


def legal_form(name: str) -> tuple[str, str]:
    """A company's normal name without its legal form, and the form; "" where it has none."""
    match = _FORM.search(name)
    if match is None or not match.start():
        return name, ""
    return name[: match.start()].rstrip(), LEGAL_FORMS[match[0].strip()]


def _phone(plain: str) -> str:
    digits = re.sub(r"[^\d+]", "", _EXTENSION.split(plain)[0])
    digits = digits[:1] + digits[1:].replace("+", "")
    digits = _ABROAD.sub("+", _DIALLED.sub("", digits))
    bare = digits.removeprefix("+")
    return digits if len(bare) >= _SHORTEST_PHONE and len(set(bare)) > 1 else ""


def _person(plain: str) -> str:
    last, comma, first = plain.partition(",")
    spoken = f"{first} {last}" if comma and last.strip() and first.strip() else plain
    words = _words(spoken)
    named = _TITLES.sub("", words).strip()
    return "" if named != words and _is_surname(named) else named


def _is_surname(named: str) -> bool:
    """Whether what stands beside a title is a surname alone, which thousands bear."""
    return (
        len(named) < 2
        or _LONG_SURNAMES.fullmatch(named) is not None
        or (" " not in named and not _ANY_HAN.search(named))
    )


def _company(plain: str) -> str:
    name, form = legal_form(_words(_COMPANY_DOTS.sub("", plain)))
    if form == "ltd":
        name = _COMPANY.sub("", name)
    glue = "" if form and form[0] >= "\u3400" else " "
    return f"{name}{glue}{form}" if form else name


def _address(plain: str) -> str:
    return _joined(" ".join(filter(None, (_STREETS.get(word, word) for word in _words(plain).split()))))


def _identifier(plain: str) -> str:
    return _SIGNS.sub("", plain)


def _words(plain: str) -> str:
    """Letters and digits, with one blank between words; none beside Han characters."""
    return _joined(_SIGNS.sub(" ", plain)).strip()


def _joined(words: str) -> str:
    return _BETWEEN_HAN.sub("", words)


_SPELLINGS = {"phone": _phone, "person": _person, "company": _company, "address": _address}
