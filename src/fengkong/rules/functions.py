"""The builtin functions of the rule language: a short list, each total and linear in the length of its arguments.

A function gets arguments, evaluated for each document, and settings, literals that its author fixed. Unknown
arguments never reach it: the result is then unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from functools import partial
from operator import contains
from types import MappingProxyType
from typing import Any

import re2

from fengkong.domain.errors import RuleError
from fengkong.rules.arithmetic import absolute, round_half_up
from fengkong.rules.listing import LOOKUPS
from fengkong.rules.sequences import QUANTIFIERS, extreme, has, joined, quantified, total
from fengkong.rules.similarity import similarity
from fengkong.rules.times import PARTS, part_of
from fengkong.rules.types import BOOLEAN, DECIMAL, INTEGER, PROBABILITY, TEXT, Type

__all__ = ["FUNCTIONS", "Argument", "Function", "Setting", "at_least", "compile_pattern", "plain_function"]

PATTERN_LENGTH = 500
PATTERN_SIZE = 5_000
# With less, RE2 gives up its automaton on some patterns, and takes seconds for a hundred thousand characters.
PATTERN_MEMORY = 8 << 20


class Argument(Enum):
    """What an argument may be."""

    TEXT = auto()
    NUMBER = auto()
    DAY = auto()
    LIST = auto()
    TEXTS = auto()


class Setting(Enum):
    """What a literal argument must be."""

    PATTERN = auto()
    PARTS = auto()
    DIGITS = auto()


@dataclass(frozen=True, slots=True)
class Function:
    """One builtin.

    usage: how it is written, for messages.
    arguments: what each must be; `many` lets the last one repeat, and then there are at least two.
    result: its type; None means "the same number type as the arguments".
    make: takes the settings and gives the plain function of the arguments.
    """

    usage: str
    arguments: tuple[Argument, ...]
    result: Type | None
    make: Callable[..., Callable[..., Any]]
    settings: tuple[Setting, ...] = ()
    many: bool = False


def compile_pattern(pattern: str) -> Any:
    """The compiled RE2 pattern, which matches in linear time. Raises RuleError for one that RE2 does not take."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    options.never_capture = True
    if len(pattern) > PATTERN_LENGTH:
        raise RuleError(
            "the pattern is too long", received=f"{len(pattern)} characters", cure=f"use at most {PATTERN_LENGTH}"
        )
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        cause = error.args[0] if error.args else ""
        cause = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise RuleError(
            "the pattern is not a regular expression of RE2", received=cause, cure="see the RE2 syntax"
        ) from error
    if compiled.programsize > PATTERN_SIZE:
        raise RuleError(
            "the pattern is too large", received=f"{compiled.programsize} instructions", cure="repeat less in it"
        )
    return compiled


def at_least(least: int, values: Sequence[bool | None]) -> bool | None:
    """Whether `least` of the values are true, when that can be told already."""
    if values.count(True) >= least:
        return True
    return False if values.count(True) + values.count(None) < least else None


def _matches(pattern: str) -> Callable[[str], bool]:
    search = compile_pattern(pattern).search
    # Bytes spare RE2's wrapper the search for character offsets; a lone surrogate can't be encoded and becomes "?".
    return lambda text: search(text.encode("utf-8", "replace")) is not None


def _contains_any(parts: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda text: any(part in text for part in parts)


def _round(digits: int) -> Callable[[Any], Any]:
    return partial(round_half_up, digits=digits)


def _days_between(start: date, end: date) -> int:
    return (end - start).days


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "contains": Function("contains(text, part)", (Argument.TEXT, Argument.TEXT), BOOLEAN, lambda: contains),
        "starts": Function("starts(text, part)", (Argument.TEXT, Argument.TEXT), BOOLEAN, lambda: str.startswith),
        "ends": Function("ends(text, part)", (Argument.TEXT, Argument.TEXT), BOOLEAN, lambda: str.endswith),
        "contains_any": Function(
            'contains_any(text, ["one", "two"])', (Argument.TEXT,), BOOLEAN, _contains_any, (Setting.PARTS,)
        ),
        "matches": Function('matches(text, "pattern")', (Argument.TEXT,), BOOLEAN, _matches, (Setting.PATTERN,)),
        "length": Function("length(text)", (Argument.TEXT,), INTEGER, lambda: len),
        "similarity": Function(
            "similarity(text, text)", (Argument.TEXT, Argument.TEXT), PROBABILITY, lambda: similarity
        ),
        "count": Function("count(list)", (Argument.LIST,), INTEGER, lambda: len),
        "join": Function("join(list of texts)", (Argument.TEXTS,), TEXT, lambda: joined),
        "upper": Function("upper(text)", (Argument.TEXT,), TEXT, lambda: str.upper),
        "lower": Function("lower(text)", (Argument.TEXT,), TEXT, lambda: str.lower),
        "abs": Function("abs(number)", (Argument.NUMBER,), None, lambda: absolute),
        "round": Function("round(number, digits)", (Argument.NUMBER,), DECIMAL, _round, (Setting.DIGITS,)),
        "min": Function("min(number, number, ...)", (Argument.NUMBER,), None, lambda: min, many=True),
        "max": Function("max(number, number, ...)", (Argument.NUMBER,), None, lambda: max, many=True),
        "days_between": Function(
            "days_between(start, end)", (Argument.DAY, Argument.DAY), INTEGER, lambda: _days_between
        ),
    }
)
"""By name. `date("...")`, `datetime("...")` and `at_least(n, [...])` are syntax, not functions: they have no plain
function behind them."""


def plain_function(name: str, settings: Sequence[object]) -> Callable[..., Any]:
    """The plain function of a call in a typed tree: a builtin, or a look-up that the checker put there."""
    make = LOOKUPS.get(name) or _HIDDEN.get(name) or FUNCTIONS[name].make
    return make(*settings)


_HIDDEN: Mapping[str, Callable[..., Callable[..., Any]]] = MappingProxyType(
    {
        "has": lambda: has,
        "total": lambda: total,
        "total of integers": lambda: sum,
        "smallest": lambda: extreme(min),
        "largest": lambda: extreme(max),
        **{name: quantified(name) for name in QUANTIFIERS},
        **{name: partial(part_of, read) for name, read in PARTS.items()},
    }
)
"""Functions behind forms of their own: `x in items`, `sum(items)`, `any_of(items) > 5`, `year(moment, "UTC")`."""
