"""Literals of rules that no text holds: rules see the text normalised, and so must be written.

A word in traditional characters, in full width or with two blanks would never be found, and nobody would hear of it.
"""

import re
from collections.abc import Iterator

from fengkong.decisions.values import TEXT
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.ruleset import RuleSet
from fengkong.rules.tree import Call, Const, Expr, children, input_names
from fengkong.text.normalising import normalise

__all__ = ["check_literals"]

_CHARACTER_CLASS = re.compile(r"\[[^\]]+\]")


def check_literals(rules: RuleSet) -> list[Finding]:
    """An error for each literal that is compared with `text` and that no normalised text holds, by rule."""
    return [
        Finding(
            "P001",
            Severity.ERROR,
            f"the text never holds {literal!r}, since rules see it normalised",
            rule.place,
            f"write {normalise(literal).text!r}",
        )
        for rule in rules.rules
        for literal in dict.fromkeys(_compared(rule.condition))
        if normalise(literal).text != literal
    ]


def _compared(expr: Expr) -> Iterator[str]:
    """The literals that stand beside the text. A pattern's classes are left out: they may list what they like."""
    if TEXT not in input_names(expr):
        return
    below = children(expr)
    yield from (item.value for item in below if isinstance(item, Const) and isinstance(item.value, str))
    for setting in expr.settings if isinstance(expr, Call) else ():
        match setting:
            case str() as pattern:
                yield _CHARACTER_CLASS.sub(".", pattern)
            case tuple():
                yield from setting
    for child in below:
        yield from _compared(child)
