"""A mention in a text to the entity that is meant: with score and reason, and where it is ambiguous, told so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.knowledge.entities import Entity
from fengkong.knowledge.matching import Match, NameIndex

__all__ = ["Linked", "link", "link_spans"]

MARGIN = 0.05
"""Two entities whose scores lie no further apart are as likely to be meant."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a mention was linked to.

    entity: who is meant; None where nobody known is, or several may be. score: of the best match, in [0, 1].
    rivals: all matches that lie within the margin of the best, where they belong to several entities.
    """

    mention: str
    entity: Entity | None
    score: float
    reason: str
    rivals: tuple[Match, ...] = ()


def link(mention: str, names: NameIndex, least: float | None = None) -> Linked:
    """The one known entity that a mention means; `least` as in `NameIndex.find`.

    The same name goes before all that are alike. Where several entities come within 0.05 of the best score, none is
    chosen: which one is meant, only more than the name can tell.
    """
    matches = names.find(mention, least)
    if not matches:
        return Linked(mention, None, 0.0, "no known name is alike")
    best = matches[0]
    margin = 0.0 if best.score == 1 else MARGIN
    near = [match for match in matches if match.score >= best.score - margin]
    if len({match.entity for match in near}) == 1:
        return Linked(mention, best.entity, best.score, best.reason)
    reason = "several bear this name" if best.score == 1 else "several are as alike"
    return Linked(mention, None, best.score, reason, tuple(near))


def link_spans(
    signals: Iterable[Signal], names: Mapping[str, NameIndex], least: float | None = None
) -> list[tuple[Span, Linked]]:
    """Each span that a model marked, with whom it means. `names`: the known names by label of span ("ORG")."""
    return [
        (span, link(span.text, names[span.label], least))
        for signal in signals
        for span in signal.spans
        if span.label in names
    ]
