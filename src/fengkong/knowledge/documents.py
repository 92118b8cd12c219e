"""Documents to entities and edges, by a small table of settings: which field, or which entity that a model finds, is
who, and how they are linked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import InputError, SettingsError, likely_slip
from fengkong.domain.signals import Signal
from fengkong.knowledge.entities import Edge, Entity, Vocabulary, check_value

__all__ = ["DocumentReading", "Relation", "Role", "written"]


@dataclass(frozen=True, slots=True)
class Role:
    """Someone or something that a document names, such as its applicant: the type of entity and where it stands.

    field: the field that holds its name, or a list of names. label: the type of span by which models mark it in the
    text ("ORG"); a text may hold several. One of the two is given.
    """

    name: str
    type: str
    field: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """How two roles of a document are linked: an edge of that kind, from `start` to `end`.

    value: the field that holds its amount or share; "" where it has none.
    """

    kind: str
    start: str
    end: str
    value: str = ""


@dataclass(frozen=True)
class DocumentReading:
    """The roles and relations of one kind of document.

    Raises SettingsError for a name used twice, an undeclared type, kind or role, and a role with no single place.
    """

    roles: Sequence[Role]
    relations: Sequence[Relation] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    def __post_init__(self) -> None:
        names = [role.name for role in self.roles]
        for role in self.roles:
            if names.count(role.name) > 1:
                raise SettingsError("a role stands twice", received=repr(role.name), cure="rename one of them")
            if bool(role.field) == bool(role.label):
                cure = "name a field, or the label of spans that models find"
                raise SettingsError("a role has no single place", where=role.name, cure=cure)
            _known("the type of a role", role.type, self.vocabulary.types)
        for relation in self.relations:
            _known("the kind of a relation", relation.kind, self.vocabulary.kinds)
            _known("the start of a relation", relation.start, names)
            _known("the end of a relation", relation.end, names)
            if relation.value and self.vocabulary.kinds[relation.kind] == "nothing":
                cure = "leave the value out, or take another kind"
                raise SettingsError("edges of this kind have no value", received=repr(relation.kind), cure=cure)

    def entities(self, doc: Document, signals: Iterable[Signal] = ()) -> dict[str, list[Entity]]:
        """The entities of each role, one for each name in a list.

        None where the field is unknown, names nobody, or names more than 100, which would link everybody.
        """
        spans = [span for signal in signals for span in signal.spans]
        found: dict[str, list[Entity]] = {}
        for role in self.roles:
            given = (
                [span.text for span in spans if span.label == role.label]
                if role.label
                else written(doc.fields.get(role.field))
            )
            named = list(dict.fromkeys(self._named(role.type, given)))
            found[role.name] = named if len(named) <= _MOST_NAMES else []
        return found

    def edges(self, doc: Document, time: datetime, signals: Iterable[Signal] = ()) -> list[Edge]:
        """What the document says, as of a time; its id is the source.

        A value that is not a number, or that `check_value` refuses, is taken as not known.
        """
        found = self.entities(doc, signals)
        edges = []
        for relation in self.relations:
            value = self._value(relation.kind, doc.fields.get(relation.value)) if relation.value else None
            edges += [
                Edge(relation.kind, start, end, time, None, value, doc.id)
                for start in found[relation.start]
                for end in found[relation.end]
                if start != end
            ]
        return edges

    def _value(self, kind: str, given: FieldValue) -> Decimal | None:
        """An exact number, a float as it is written; None for one that an edge of the kind can't have."""
        if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
            return None
        value = Decimal(str(given))
        try:
            check_value(kind, self.vocabulary.kinds[kind], value)
        except InputError:
            return None
        return value

    def _named(self, kind: str, names: Iterable[str]) -> Iterator[Entity]:
        for name in names:
            try:
                yield self.vocabulary.entity(kind, name)
            except InputError:
                continue  # a dash or a blank is how forms say "none"


_MOST_NAMES = 100
_LONGEST_NUMBER = 40
"""Digits of the longest identifier that is written out where it comes as a number."""


def _known(what: str, word: str, known: Iterable[str] | Mapping[str, object]) -> None:
    if word not in known:
        raise SettingsError(f"{what} is not declared", received=repr(word), cure=likely_slip(word, known))


def written(value: FieldValue) -> list[str]:
    """The names in a field, one for each item of a list: 7, 7.0 and "7" are one name, unknown ones and flags none."""
    if isinstance(value, tuple):
        return [name for item in value for name in written(item)]
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, float | Decimal):
        number = Decimal(str(value))
        if not number.is_finite():
            return []
        whole = number == number.to_integral_value() and number.adjusted() < _LONGEST_NUMBER
        return [f"{number:.0f}" if whole else str(number)]
    return [str(value)]
