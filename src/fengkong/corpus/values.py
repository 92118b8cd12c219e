"""Cells to what they mean: labels, splits, times and facts. A cell that means nothing is an InputError, never a guess.

The errors name the column and the cure; the reader adds file and line. Texts, groups and identifiers are not quoted.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import InputError

__all__ = [
    "SPLIT_NAMES",
    "cell_fact",
    "parse_fact",
    "parse_facts",
    "parse_label",
    "parse_labels",
    "parse_name",
    "parse_split",
    "parse_text",
    "parse_time",
]

SPLIT_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("train", "training", "训练", "训练集"), "train"),
    **dict.fromkeys(("dev", "val", "valid", "validation", "development", "验证", "验证集", "开发集"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation", "测试", "测试集"), "test"),
}

# A number as programs write it. Leading zeros (postcodes) and long runs of digits (cards, identity numbers) stay text.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
_CHINESE_DATE = re.compile(r"(\d{4})[/年](\d{1,2})[/月](\d{1,2})日?")


def parse_text(value: object, column: str) -> str:
    """The text as it stands, control and zero-width characters included: cleaning them is not the reader's business."""
    if _is_null(value):
        raise InputError(f"no text in column {column!r}", cure="give a text, or leave the row out")
    if not isinstance(value, str):
        raise InputError(f"the text in column {column!r} is not a string", received=_type(value), cure="quote it")
    _refuse_surrogates(value, column)
    return value


def parse_label(value: object, column: str) -> str:
    """One label as text: 1, 1.0 and true become "1", "1" and "true"."""
    if _is_null(value) or value == "":
        raise InputError(f"no label in column {column!r}", cure="label the row, or leave it out")
    if isinstance(value, list | tuple | dict):
        raise InputError(
            f"several labels in column {column!r}", received=_type(value), cure="give one label, as a string or number"
        )
    label = _scalar_text(value, column).strip()
    if not label:
        raise InputError(f"no label in column {column!r}", cure="label the row, or leave it out")
    return label


def parse_labels(value: object, column: str) -> tuple[str, ...]:
    """All labels of a text, in their order, each once: a list, which may be empty, or labels joined by "|"."""
    if isinstance(value, str):
        value = [part for part in value.split("|") if part.strip()]
    if not isinstance(value, list | tuple):
        raise InputError(
            f"no list of labels in column {column!r}",
            received=_type(value),
            cure='give a list such as ["a", "b"], [] for none, or labels joined by |',
        )
    return tuple(dict.fromkeys(parse_label(label, column) for label in value))


def parse_name(value: object, column: str) -> str | None:
    """A group or an identifier, as text; None where there is none."""
    return None if _is_null(value) or value == "" else _scalar_text(value, column)


def parse_split(value: object, column: str) -> str | None:
    """train, dev or test, under any of their usual names; None where the cell is empty."""
    if _is_null(value) or value == "":
        return None
    name = SPLIT_NAMES.get(value.strip().casefold()) if isinstance(value, str) else None
    if name is None:
        raise InputError(
            f"unknown split in column {column!r}", received=_quoted(value), cure="write train, dev or test"
        )
    return name


def parse_time(value: object, column: str) -> datetime | None:
    """A moment with zone; UTC where none is given. ISO 8601, 2026/3/1 or 2026年3月1日; None where the cell is empty."""
    if _is_null(value) or value == "":
        return None
    moment = value
    if isinstance(value, str):
        moment = _moment(value.strip())
    elif isinstance(value, date) and not isinstance(value, datetime):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise InputError(
            f"not a time in column {column!r}", received=_quoted(value), cure="write ISO 8601, such as 2026-03-01T09:30"
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        slashed = _CHINESE_DATE.fullmatch(text)
        if slashed is None:
            return datetime.fromisoformat(text)
        year, month, day = map(int, slashed.groups())
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def parse_facts(value: object, column: str, *, on_nan: Callable[[str], None]) -> dict[str, FieldValue]:
    """The facts of an object cell (a mapping, or JSON text in CSV). `on_nan` hears the name of each NaN fact."""
    if _is_null(value) or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InputError(f"column {column!r} does not hold a JSON object", cure='write {"name": value}') from None
    if not isinstance(value, Mapping):
        raise InputError(
            f"column {column!r} does not hold an object", received=_type(value), cure='write {"name": value}'
        )
    return {str(name): parse_fact(fact, f"{column}.{name}", on_nan=on_nan) for name, fact in value.items()}


def parse_fact(value: object, name: str, *, on_nan: Callable[[str], None]) -> FieldValue:
    """One fact. NaN is how tables write "missing", so it is unknown (None); infinity is an error."""
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        if math.isnan(value):
            on_nan(name)
            return None
        raise InputError(f"field {name!r} is infinite", cure="give a number, or leave it out for unknown")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InputError(f"field {name!r} is an integer beyond 64 bits", cure="write it as a string")
    if isinstance(value, str):
        _refuse_surrogates(value, name)
    if value is None or isinstance(value, str | bool | int | float | Decimal | datetime | date):
        return value
    raise InputError(f"field {name!r} is not one value", received=_type(value), cure="flatten it")


def cell_fact(cell: str, name: str, *, on_nan: Callable[[str], None]) -> FieldValue:
    """A fact from a table without types: plain numbers, true and false are read as such, an empty cell is unknown."""
    bare = cell.strip()
    if not bare:
        return None
    if bare.casefold() == "nan":
        on_nan(name)
        return None
    if bare.casefold() in ("true", "false"):
        return bare.casefold() == "true"
    if _PLAIN_NUMBER.fullmatch(bare):
        return float(bare) if "." in bare else int(bare)
    return cell


def _is_null(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _scalar_text(value: object, column: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        _refuse_surrogates(value, column)
        return value
    if isinstance(value, int | float | Decimal | date):
        return str(value)
    raise InputError(f"column {column!r} does not hold one value", received=_type(value), cure="give a string")


def _refuse_surrogates(text: str, column: str) -> None:
    """Half of a surrogate pair can be escaped in JSON, but no file or tokenizer can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"half of a surrogate pair in column {column!r}",
            received=f"U+{ord(text[error.start]):04X} at character {error.start + 1}",
            cure="remove it, or write the whole character",
        ) from None


def _quoted(value: object, most: int = 40) -> str:
    shown = repr(value)
    return shown if len(shown) <= most else shown[:most] + "…"


def _type(value: object) -> str:
    names = {list: "a list", dict: "an object", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
