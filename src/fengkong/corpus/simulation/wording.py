"""The words of a world: what one language can say in it. docs/simulation.md describes every key.

All that could fail once texts are written is looked for when the words are read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from graphlib import CycleError, TopologicalSorter
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fengkong.corpus.simulation.language import Language, Material, slots_in
from fengkong.corpus.simulation.world import World, read_toml
from fengkong.domain.errors import SettingsError, likely_slip

__all__ = ["Wording", "load_wording"]

MONEY = re.compile(r"[^{}]*\{(:,)?\}[^{}]*")
LARGEST_SCALE = 10**6

Fault = tuple[str, str, str]
"""What is amiss, what was received, and the cure."""


@dataclass(frozen=True, kw_only=True)
class Wording(Material):
    """What one language can say in a world.

    scenes: openings by scene. causes: phrases by cause and sense; {who} is whom the text is about.
    others: frames for what somebody else did ({any}), without effect, said of {other}. closers: last words, at times.
    shared: slots that keep their value through a text. codes: patterns by field, each # a digit.
    values: how a choice is written, by field and value.
    """

    scenes: Mapping[str, Sequence[str]]
    causes: Mapping[str, Mapping[str, Sequence[str]]]
    openers: Sequence[str] = ("",)
    distractors: Sequence[str] = ()
    others: Sequence[str] = ()
    closers: Sequence[str] = ()
    shared: Sequence[str] = ()
    who: str = ""
    other: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_wording(folder: Traversable | Path, language: Language, world: World) -> Wording:
    """The words of one language.

    Raises SettingsError for an unknown key or a value of the wrong type, for a part of the model without words, and
    for braces that stand alone, name no slot, or lead back to themselves.
    """
    file = folder.joinpath(f"phrases_{language}.toml")
    values = read_toml(file)
    _raise_first(_wrong_keys(values), file)
    try:
        wording = TypeAdapter(Wording).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"the key {key!r} can't be used: {first['msg']}", where=str(file), cure="put it right"
        ) from error
    for faults in (_unsaid(wording, world), _not_plain(wording), _wrong_slots(wording, world)):
        _raise_first(faults, file)
    return wording


def _raise_first(faults: Iterator[Fault], file: Traversable | Path) -> None:
    for what, received, cure in faults:
        raise SettingsError(what, where=str(file), received=received, cure=cure)


def _wrong_keys(values: Mapping[str, object]) -> Iterator[Fault]:
    known = {part.name for part in fields(Wording)}
    for name in sorted(values.keys() - known):
        yield "the key is not known", repr(name), likely_slip(name, known)
    for name in ("sentence_end", "joiner", "money", "money_scale", "slots", "scenes", "causes"):
        if name not in values:
            yield "a part has no words", repr(name), "write some"


def _unsaid(wording: Wording, world: World) -> Iterator[Fault]:
    """Scenes, causes and fields of the model that no words are written for, and lists that are empty."""
    models = [*world.fields.items(), *(item for scene in world.scenes.values() for item in scene.fields.items())]
    drawn = {kind: [name for name, model in models if model.kind == kind] for kind in ("code", "phrase")}
    senses = {f"{name}.{sense}": phrases for name, said in wording.causes.items() for sense, phrases in said.items()}
    needed: list[tuple[str, Iterable[str], Mapping[str, object]]] = [
        ("scenes", world.scenes, wording.scenes),
        ("causes", world.causes, wording.causes),
        ("causes", [f"{name}.{sense}" for name in world.causes for sense in ("risky", "benign")], senses),
        ("codes", drawn["code"], wording.codes),
        ("slots", [*drawn["phrase"], *wording.shared, *wording.slots], wording.slots),
    ]
    missing = [f"{part}.{name}" for part, names, said in needed for name in names if not said.get(name)]
    for name in [*missing, *([] if wording.openers else ["openers"])]:
        yield "a part has no words", repr(name), "write some"
    spoken = {"scenes": wording.scenes, "causes": wording.causes, "distractors": wording.distractors}
    for part, texts in {**spoken, "others": wording.others, "closers": wording.closers}.items():
        if not all(text.strip() for text in _texts(texts)):
            yield "a phrase is blank", repr(part), "write words, or leave it out"


def _not_plain(wording: Wording) -> Iterator[Fault]:
    if not MONEY.fullmatch(wording.money):
        yield "money can't be written so", repr(wording.money), "write {} or {:,} where the amount stands"
    if not 0 < wording.money_scale <= LARGEST_SCALE:
        yield "the scale of money can't be used", str(wording.money_scale), f"write 1 to {LARGEST_SCALE:,}"
    for text in _texts([wording.codes, wording.values]):
        if "{" in text or "}" in text:
            yield "a code or a value can't hold braces", repr(text), "write it out"


def _wrong_slots(wording: Wording, world: World) -> Iterator[Fault]:
    """Braces that stand alone, slots that nothing fills where they stand, and slots that lead back to themselves."""
    for text in _texts([getattr(wording, part.name) for part in fields(Wording) if part.name != "money"]):
        try:
            slots_in(text)
        except ValueError:
            yield "a brace stands alone", repr(text), "write {slot} or {one|another}"
    graph = {name: _slots(texts) for name, texts in wording.slots.items()}
    of_fields, people = set(world.fields), {"who", "other"}
    phrases = {name for name, model in world.fields.items() if model.kind == "phrase"}
    said = [wording.scenes, wording.causes, wording.openers, wording.distractors, wording.closers]
    for names, known in (
        (phrases, set[str]()),
        (_slots([wording.who, wording.other]), of_fields),
        (_slots(said) | _slots(wording.others) - {"any"} | set(wording.shared), of_fields | people),
        (set(graph), of_fields | people),
    ):
        for name in sorted(_unfilled(names, known, graph)):
            yield "nothing fills the slot", repr(name), likely_slip(name, known | set(graph))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "a slot leads back to itself", " -> ".join(error.args[1]), "break the circle"


def _unfilled(names: Iterable[str], known: set[str], graph: Mapping[str, set[str]]) -> set[str]:
    """Of these slots, and of all that they lead to, those that are neither known nor have words."""
    met: set[str] = set()
    ahead = set(names) - known
    while ahead:
        met |= ahead
        ahead = {inner for name in ahead for inner in graph.get(name, ())} - known - met
    return met - graph.keys()


def _slots(texts: object) -> set[str]:
    return {slot for text in _texts(texts) for slot in slots_in(text)}


def _texts(part: object) -> Iterator[str]:
    """Every text in a part of the phrases, however deep."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        yield from (text for inner in part.values() for text in _texts(inner))
    elif isinstance(part, Sequence):
        yield from (text for inner in part for text in _texts(inner))
