"""A stretch of a text: what models find in it, what explains a score, what a person marked."""

from dataclasses import dataclass

__all__ = ["Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the original text, [start, end) in characters, with what it is or what it weighs."""

    start: int
    end: int
    text: str
    label: str = ""
    weight: float = 0.0
