"""From sentences to a text, with the place of every planted phrase: what the writers of all simulations share."""

from collections.abc import Sequence
from dataclasses import dataclass

from fengkong.corpus.simulation.language import Material
from fengkong.domain.errors import SettingsError
from fengkong.domain.spans import Span

__all__ = ["DISTRACTOR", "Composed", "Sentence", "compose"]

DISTRACTOR = "distractor"
"""The label of a loaded phrase without effect."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words before the first letter is raised. The phrase after the opener is marked where it has a label."""

    phrase: str
    opener: str = ""
    label: str = ""
    effect: float = 0.0


@dataclass(frozen=True, slots=True)
class Composed:
    """A written text. planted: cause and effect of each phrase; distractors: loaded phrases without effect."""

    text: str
    planted: tuple[Span, ...]
    distractors: tuple[Span, ...]


def compose(material: Material, sentences: Sequence[Sentence]) -> Composed:
    """The sentences as the language joins them. Spans are [start, end) in characters of the text.

    Raises SettingsError for a phrase of which nothing is left once its slots are filled.
    """
    text = ""
    planted: list[Span] = []
    distractors: list[Span] = []
    for sentence in sentences:
        if not sentence.phrase:
            raise SettingsError(
                "a phrase has no words once its slots are filled",
                received=sentence.label or "an opening or a closing",
                cure="leave no choice or slot of it empty",
            )
        text += material.joiner if text else ""
        words = sentence.opener + sentence.phrase
        start, text = len(text) + len(sentence.opener), text + words[0].upper() + words[1:]
        if sentence.label:
            span = Span(start, len(text), text[start:], sentence.label, sentence.effect)
            (distractors if sentence.label == DISTRACTOR else planted).append(span)
        text += material.sentence_end
    return Composed(text, tuple(planted), tuple(distractors))
