"""One spelling for the names of one entity: what two sources write differently, but mean the same by.

Only what no two entities of a type differ in is taken away: width, case, blanks, traditional characters, punctuation,
a country's dialling code, the way a legal form is written (Ltd is Limited, 有限责任公司 is 有限公司). Forms that do
tell entities apart stay: 股份有限公司 is not 有限公司, Inc is not LLC. What is only alike is for `matching` to say.
"""

import re

from fengkong.text.normalising import normalise

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

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_FORM = re.compile(
    "(?:" + "|".join(rf"(?:(?<=\S) ?|\b){form}" for form in sorted(LEGAL_FORMS, key=len, reverse=True)) + ")$"
)
_SIGNS = re.compile(r"[^\w&+]+|_+")
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}]) +| +(?=[{_HAN}])")
_COMPANY_DOTS = re.compile(r"(?<=\b\w)\.(?=\w\b|\s|,|$)")
_COMPANY = re.compile("(?: (?:co|company))+$")
_TITLES = re.compile("^(?:(?:mr|mrs|ms|miss|dr|prof) )+|(?<=.)(?:先生|女士|小姐|老师)+$")
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
_ABROAD = re.compile("^00(?=[1-9])")
_DIALLED = re.compile(r"^(?:\+|00)?86(?=1[3-9]\d{9}$)")


def normal_name(kind: str, name: str) -> str:
    """The name of an entity of that type in one spelling; "" where nothing of it can tell an entity.

    person: titles go, "Smith, John" is John Smith. company: one way to write its legal form. phone: digits, without
    86 before a Chinese mobile number, + before other country codes. address: street, road and the like spelt out.
    device, account and every declared type: letters and digits only.
    """
    plain = normalise(name).text.casefold().strip()
    match kind:
        case "phone":
            return _phone(plain)
        case "person":
            return _person(plain)
        case "company":
            return _company(plain)
        case "address":
            return _address(plain)
    return _SIGNS.sub("", plain)


def legal_form(name: str) -> tuple[str, str]:
    """A company's normal name without its legal form, and the form; "" where it has none."""
    match = _FORM.search(name)
    if match is None or not match.start():
        return name, ""
    return name[: match.start()].rstrip(), LEGAL_FORMS[match[0].strip()]


def _phone(plain: str) -> str:
    digits = re.sub(r"[^\d+]", "", plain.partition("ext")[0])
    digits = digits[:1] + digits[1:].replace("+", "")
    digits = _DIALLED.sub("", digits)
    return _ABROAD.sub("+", digits)


def _person(plain: str) -> str:
    last, comma, first = plain.partition(",")
    spoken = f"{first} {last}" if comma and last.strip() and first.strip() else plain
    return _TITLES.sub("", _words(spoken)).strip()


def _company(plain: str) -> str:
    name, form = legal_form(_words(_COMPANY_DOTS.sub("", plain)))
    if form == "ltd":
        name = _COMPANY.sub("", name)
    glue = "" if form and form[0] >= "\u3400" else " "
    return f"{name}{glue}{form}" if form else name


def _address(plain: str) -> str:
    return _joined(" ".join(filter(None, (_STREETS.get(word, word) for word in _words(plain).split()))))


def _words(plain: str) -> str:
    """Letters and digits, with one blank between words; none beside Han characters."""
    return _joined(_SIGNS.sub(" ", plain)).strip()


def _joined(words: str) -> str:
    return _BETWEEN_HAN.sub("", words)
