"""How findings count examples and list labels."""

from collections.abc import Mapping, Sequence

from fengkong.domain.documents import Example

__all__ = ["RARE", "counted", "listed"]

RARE = 10
"""Marks in train below which a label or type is hardly learnt."""


def counted(examples: Sequence[Example], most: int = 3) -> str:
    """How many, and where the next few after the first stand (the finding's own place is the first's)."""
    file = examples[0].place.file
    near = [ex.place for ex in examples[1 : most + 1]]
    shown = [str(place.line) if place.file == file and place.line is not None else str(place) for place in near]
    others = ", ".join(filter(None, shown))
    return f"{len(examples):,}" + (f" (next at {others})" if others else "")


def listed(counts: Mapping[str, int], *, with_counts: bool = False, most: int = 5) -> str:
    """The first few names, each with its count where asked for, and how many more there are."""
    names = [f"{label!r} ({count})" if with_counts else repr(label) for label, count in list(counts.items())[:most]]
    return ", ".join(names) + (f" and {len(counts) - most} more" if len(counts) > most else "")
