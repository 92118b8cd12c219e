"""What is read: documents, and the labelled examples that models learn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType

from fengkong.domain.canonical import digest
from fengkong.domain.errors import InputError
from fengkong.domain.spans import Span

__all__ = ["Document", "Example", "FieldValue", "Place", "Scalar"]

Scalar = str | bool | int | float | Decimal | datetime | date | timedelta | None
"""One value; None means unknown, never zero."""

FieldValue = Scalar | tuple[Scalar, ...]
"""One application fact: a value, or a list of values."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, as a person would look it up: file, line (from 1), and a name there."""

    file: str = ""
    line: int | None = None
    name: str = ""

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}" if self.line is not None else self.file
        return f"{at} [{self.name}]" if self.name and at else at or self.name


@dataclass(frozen=True)
class Document:
    """One text to decide on, with the facts that came with it.

    id: the caller's own; empty means "take the content hash".
    time: when it happened, with zone; None when not known.
    pair: the second text, where a model reads two side by side (a sentence and the company it is about).
    Raises InputError for a time without zone: it can't be placed among others.
    """

    text: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    id: str = ""
    source: str = ""
    time: datetime | None = None
    pair: str = ""

    def __post_init__(self) -> None:
        if self.time is not None and self.time.tzinfo is None:
            raise InputError("the time of a document has no zone", received=self.time.isoformat(), cure="add +00:00")
        # JSON gives lists as `list`, which somebody could still change.
        given: Mapping[str, object] = self.fields
        fixed = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        object.__setattr__(self, "fields", MappingProxyType(fixed))
        if not self.id:
            object.__setattr__(self, "id", self.content_hash[:16])

    @cached_property
    def content_hash(self) -> str:
        """sha256 (hex) over text, second text and fields: equal content, equal hash."""
        content: dict[str, object] = {"text": self.text, "fields": dict(self.fields)}
        return digest({**content, "pair": self.pair} if self.pair else content)


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `place` is where it was read from; `group` names the entity it belongs to.

    label: the label, in a readable form whatever the task: several labels are joined by "|", a number is written out,
        and a text labelled by its entities has "".
    labels: all labels, where a text may bear several or none; None where it bears one.
    entities: the named stretches of the text, in order, without overlap; None where the text is not labelled so.
    pair: the second text, where two are read side by side.
    question: which of several questions, learnt together, its label answers.
    """

    text: str
    label: str
    split: str | None = None
    time: datetime | None = None
    group: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    place: Place = Place()
    pair: str = ""
    labels: tuple[str, ...] | None = None
    question: str = ""
    entities: tuple[Span, ...] | None = None

    def document(self) -> Document:
        """The same text without its label, as a decision would see it."""
        return Document(self.text, self.fields, time=self.time, pair=self.pair)
