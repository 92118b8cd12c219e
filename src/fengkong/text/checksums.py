"""The check digits by which an identifier is told from any other number.

Each function takes the identifier without blanks or dashes, letters in capitals.
"""

import re
from datetime import date

__all__ = ["IBAN_LENGTHS", "iban_holds", "luhn_holds", "resident_id_holds", "usci_holds"]

# GB/T 2260, with 83 for residence permits of people from Taiwan.
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCI_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCI_VALUES = {char: value for value, char in enumerate(_USCI_ALPHABET)}
_USCI_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# SWIFT's IBAN registry: the length of each country's number.
IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def resident_id_holds(number: str) -> bool:
    """A Chinese resident id: province, date of birth and, in the 18-digit form, the check of GB 11643 (MOD 11-2)."""
    if not _PROVINCES.match(number):
        return False
    born = number[6:14] if len(number) == 18 else "19" + number[6:12]
    try:
        date.fromisoformat(born)
    except ValueError:
        return False
    if len(number) == 15:
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == number[17]


def usci_holds(code: str) -> bool:
    """A Chinese unified social credit code of 18 characters, by the check of GB 32100 (modulo 31)."""
    total = sum(_USCI_VALUES[char] * weight for char, weight in zip(code, _USCI_WEIGHTS, strict=False))
    return _USCI_ALPHABET[-total % 31] == code[17]


def luhn_holds(digits: str) -> bool:
    """A payment card's number, by the check of ISO/IEC 7812-1 (Luhn)."""
    return (sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def iban_holds(number: str) -> bool:
    """An international bank account number, by its country's length and ISO 7064 MOD 97-10."""
    if len(number) != IBAN_LENGTHS.get(number[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1
