"""What texts say, as fields: the phrases that tell good cases from bad, the length, and the script.

Such a field is called by its expression in the rule language, so that a condition on it is written as any other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from fengkong.mining.binning import BoolArray
from fengkong.mining.cases import Cases
from fengkong.mining.fields import Field, literal
from fengkong.rules.types import BOOLEAN, INTEGER
from fengkong.text.normalising import normalise
from fengkong.text.units import units

__all__ = ["HAN", "phrase_fields", "shape_fields", "telling_phrases"]

PHRASES = 100
WORDS, CHARACTERS = 2, 4
"""The longest phrase, in words of an alphabet and in Han characters."""
READ = 20_000
"""Characters of a text in which phrases are looked for."""
HAN = r"\p{Han}"


def telling_phrases(cases: Cases, least: int) -> list[str]:
    """The phrases, in small letters, that at least `least` texts hold and whose share of bad cases is the oddest.

    A phrase within a longer one of the same texts is left out, since the longer one says more to people. Numbers are
    none: a part of a number is another number.
    """
    held: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for text, poor in zip(cases.texts, cases.bad, strict=True):
        said = set(_phrases(text.lower()))
        held.update(said)
        if poor:
            bad.update(said)
    base = cases.bad.mean()
    usual = {phrase: n for phrase, n in held.items() if n >= least and literal(phrase) and _stays(phrase)}
    odd = {phrase: abs(bad[phrase] - base * n) / (n * base * (1 - base)) ** 0.5 for phrase, n in usual.items()}
    chosen: list[str] = []
    for phrase in sorted(odd, key=lambda phrase: (-odd[phrase], -len(phrase), phrase)):
        if not any(phrase in other and usual[phrase] == usual[other] for other in chosen):
            chosen.append(phrase)
        if len(chosen) == PHRASES:
            break
    return chosen


def _phrases(text: str) -> Iterator[str]:
    text = text[:READ]
    spans = units(text)
    for first, (start, end) in enumerate(spans):
        if text[start].isdigit():
            continue
        han = _han(text[start])
        if not han and end - start > 1:
            yield text[start:end]
        for before, (beyond, last) in pairwise(spans[first : first + (CHARACTERS if han else WORDS)]):
            if text[before[1] : beyond].strip() or text[beyond].isdigit() or _han(text[beyond]) is not han:
                break
            yield text[start:last]


def _han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or character >= "\U00020000"


def _stays(phrase: str) -> bool:
    """Whether rules, which read texts normalised, can find it."""
    return normalise(phrase).text == phrase


def phrase_fields(phrases: Sequence[str], cases: Cases) -> tuple[Field, ...]:
    """A field a phrase: whether the text holds it, letter case aside."""
    lowered = [text.lower() for text in cases.texts]
    return tuple(
        _field(
            f"contains(lower(text), {literal(phrase)})",
            np.array([phrase in text for text in lowered], dtype=bool),
            (f"the text says {literal(phrase)}", f"文本含有{literal(phrase)}"),
        )
        for phrase in phrases
    )


def shape_fields(cases: Cases) -> tuple[Field, ...]:
    """How long a text is, in characters, and whether it holds Chinese; none of which every case is equal in."""
    lengths = np.array([len(text) for text in cases.texts], dtype=np.float64)
    chinese = np.array([any(map(_han, text)) for text in cases.texts], dtype=bool)
    everywhere = np.ones(len(cases), dtype=bool)
    return (
        Field("length(text)", INTEGER, lengths, everywhere, ("the length of the text", "文本长度")),
        _field(f'matches(text, "{HAN}")', chinese, ("the text holds Chinese", "文本含有汉字")),
    )


def _field(expression: str, true: BoolArray, said: tuple[str, str]) -> Field:
    texts = np.where(true, "true", "false").astype(object)
    return Field(expression, BOOLEAN, texts, np.ones(len(true), dtype=bool), said)
