"""The letter to an applicant who was declined: the reasons in their language, in a template that is data only.

A template is a text with names behind a dollar sign: `$reasons`, `$reference` (the decision's id), `$date`, `$sender`,
and the fields of the document by their own names. Nothing in it is ever run, and nothing that is put in is read again.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from string import Template
from typing import Literal

from fengkong.decisions.stored import Stored
from fengkong.decisions.values import is_derived, signal_of
from fengkong.domain.decisions import Decision, Outcome, Reason, RuleTrace
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError, SettingsError, likely_slip

__all__ = ["LetterLanguage", "default_template", "letter", "letter_reasons"]

LetterLanguage = Literal["en", "zh"]

MOST_QUOTES = 2
"""The most stretches of the text that one reason quotes."""

_WORDS: Mapping[LetterLanguage, Mapping[str, str]] = {
    "en": {"unknown": "not given", "true": "yes", "false": "no"},
    "zh": {"unknown": "未提供", "true": "是", "false": "否"},
}


# Written out, since `strftime` follows the machine's locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class _Letter(Template):
    """Names in any script, with points, as fields have them."""

    idpattern = r"[^\W\d]\w*(?:\.\w+)*"
    flags = re.NOFLAG


def default_template(language: LetterLanguage) -> str:
    """The template that is used where none is given."""
    return files("fengkong.decisions").joinpath(f"letter.{language}.txt").read_text(encoding="utf-8")


def letter(stored: Stored, *, language: LetterLanguage, sender: str, template: str | None = None) -> str:
    """The letter about one declined document.

    Raises InputError for a decision that is no decline, SettingsError for a template that names what isn't known.
    """
    doc, dec, _ = stored
    if dec.outcome is not Outcome.DECLINE:
        raise InputError(
            "only a decline is told in a letter of reasons", received=f"{dec.id}: {dec.outcome}", cure="name a decline"
        )
    lines = [f"{number}. {line}" for number, line in enumerate(letter_reasons(dec, language), start=1)]
    values = {name: written(value, language) for name, value in doc.fields.items()} | {
        "reasons": "\n".join(lines),
        "reference": dec.id,
        "date": written(dec.time.date(), language),
        "sender": sender,
    }
    try:
        return _Letter(default_template(language) if template is None else template).substitute(values)
    except KeyError as error:
        name = str(error.args[0])
        raise SettingsError(
            "the letter's template names what the decision doesn't have",
            received=repr(f"${name}"),
            cure=likely_slip(name, values),
        ) from error
    except ValueError as error:
        raise SettingsError(
            "the letter's template can't be read", received=str(error), cure="write a dollar sign as $$"
        ) from error


def letter_reasons(dec: Decision, language: LetterLanguage) -> list[str]:
    """The reasons for a decline, at most four: each with what it was seen in, where a model or the application says.

    Reasons that asked for a review only aren't why it was declined, and are left out.
    """
    rules = {rule.rule: rule for rule in dec.trace.rules}
    return [
        _text(reason, language) + _particulars(dec, rule, language)
        for reason in dec.reasons
        if (rule := rules.get(reason.source)) is None or rule.outcome is Outcome.DECLINE
    ]


def written(value: FieldValue, language: LetterLanguage) -> str:
    """A value as it is written in the language: 12,500.50; 1 March 2026 or 2026年3月1日. Texts stand as they are."""
    match value:
        case None | bool():
            return _WORDS[language]["unknown" if value is None else str(value).lower()]
        case int() | float() | Decimal():
            return f"{value:,}"
        case date():
            day = value.date() if isinstance(value, datetime) else value
            return (
                f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
                if language == "en"
                else f"{day.year}年{day.month}月{day.day}日"
            )
        case tuple():
            return (", " if language == "en" else "、").join(written(item, language) for item in value)
    return str(value)


def _text(reason: Reason, language: LetterLanguage) -> str:
    return reason.texts.get(language) or reason.texts.get("en") or reason.code


def _particulars(dec: Decision, rule: RuleTrace | None, language: LetterLanguage) -> str:
    """In brackets: what a model marked in the text, else the fields that were missing."""
    if rule is None:
        return ""
    quotes = list(dict.fromkeys(_quotes(dec, rule)))[:MOST_QUOTES]
    missing = [name for name, value in rule.values.items() if value is None and _is_field(name)]
    if language == "en":
        told = ", ".join(f'"{quote}"' for quote in quotes) or (f"missing: {', '.join(missing)}" if missing else "")
        return f" ({told})" if told else ""
    told = "、".join(f"“{quote}”" for quote in quotes) or (f"缺少：{'、'.join(missing)}" if missing else "")
    return f"（{told}）" if told else ""


def _quotes(dec: Decision, rule: RuleTrace) -> Iterator[str]:
    """What the models that the rule reads marked in the text, the weightiest first."""
    read = {signal_of(name) for name in rule.values}
    spans = [span for sig in dec.signals if sig.name in read for span in sig.spans]
    yield from (span.text for span in sorted(spans, key=lambda span: -abs(span.weight)))


def _is_field(name: str) -> bool:
    return not signal_of(name) and not is_derived(name)
