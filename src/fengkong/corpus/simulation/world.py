"""A world as data: what kinds of text there are, what may be said in them, and what that does to each label.

`model.toml` holds the causes and their effects, `phrases_en.toml` and `phrases_zh.toml` the words. The log-odds of a
label of a question are a sum: its base, the scene's effect, those of the planted causes, and those of the fields; the
label is one draw from their softmax. docs/simulation.md describes every key.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fengkong.corpus.simulation.language import Language, Material
from fengkong.domain.errors import SettingsError, likely_slip

__all__ = ["Cause", "Effects", "FieldModel", "Said", "Scene", "Wording", "World", "load_wording", "load_world"]

SLOT = re.compile(r"\{(\w+)\}")

Effects = Mapping[str, Mapping[str, float]]
"""What something adds to the log-odds: by question, by label."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Slope(_Part):
    """What a number adds to a label: `slope` a unit beyond `centre`, never more than `limit` either way."""

    question: str
    label: str
    slope: float
    centre: float
    limit: float = Field(gt=0)


class FieldModel(_Part):
    """How one fact is drawn.

    number: from low to high in steps, `skew` > 1 leaning to low; money: in units of the currency.
    choice: one of `values`, by `weights`. code: a pattern of the phrases, each # a digit. phrase: words of the phrases.
    of_group: drawn once a sender, customer or company. missing: how often the box is empty.
    """

    kind: Literal["number", "choice", "code", "phrase"]
    low: int = 0
    high: int = 0
    step: int = Field(1, ge=1)
    skew: float = Field(1.0, gt=0)
    money: bool = False
    values: tuple[str | bool, ...] = ()
    weights: tuple[float, ...] | None = None
    of_group: bool = False
    missing: float = Field(0.0, ge=0, le=1)
    effect: Slope | None = None

    @model_validator(mode="after")
    def _drawable(self) -> "FieldModel":
        if self.kind == "choice" and not self.values:
            raise ValueError("a choice needs values")
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError("each value needs its weight")
        if self.kind == "number" and self.high < self.low:
            raise ValueError("high lies below low")
        if self.effect is not None and self.kind != "number":
            raise ValueError("only a number has an effect of its own; give a choice's to scenes or causes")
        return self


class Said(_Part):
    """One sense of a cause: its effects, and the fields that it settles."""

    effects: Effects = {}
    fields: Mapping[str, int | bool | str] = {}


class Cause(_Part):
    """Something that a text may say, in the risky or the benign sense."""

    risky: Said
    benign: Said


class Scene(_Part):
    """A kind of text: how often it occurs, how often it is risky, what may be said in it, how many such reasons.

    always: causes that each of its texts speaks of, before those that are drawn.
    """

    weight: float = Field(gt=0)
    risky: float = Field(0.5, ge=0, le=1)
    always: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    reasons: tuple[int, int] = (1, 2)
    effects: Effects = {}
    fields: Mapping[str, FieldModel] = {}


class Bursts(_Part):
    """Several texts of one group within minutes: the share of visits that are so, and how many texts from and to."""

    share: float = Field(ge=0, le=1)
    texts: tuple[int, int]
    minutes: int = Field(ge=1)


class Rings(_Part):
    """Several groups that share fields and one script: the share of groups, ring sizes, and how risky they are.

    days: how long a ring is at work.
    """

    share: float = Field(ge=0, le=1)
    groups: tuple[int, int]
    shared: tuple[str, ...]
    scenes: tuple[str, ...]
    days: int = Field(ge=1)
    risky: float = Field(1.0, ge=0, le=1)


class Groups(_Part):
    """The group's field and the letters before its number, and how often one that was seen before comes again."""

    field: str
    prefix: str
    again: float = Field(0.2, ge=0, lt=1)


class World(_Part):
    """The causal model of one kind of texts.

    pair: the field whose value is the second text. entities: fields whose values are marked in the truth, by label.
    """

    group: Groups
    questions: Mapping[str, Mapping[str, float]]
    fields: Mapping[str, FieldModel]
    scenes: Mapping[str, Scene]
    causes: Mapping[str, Cause]
    pair: str = ""
    entities: Mapping[str, str] = {}
    bursts: Bursts | None = None
    rings: Rings | None = None


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


def load_world(folder: Traversable | Path) -> World:
    """The world of a folder's `model.toml`. Raises SettingsError for a key, scene, cause, question or label amiss."""
    file = folder.joinpath("model.toml")
    try:
        world = World.model_validate(_read(file))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"the key {key!r} can't be used: {first['msg']}", where=str(file), cure="put it right"
        ) from error
    for what, name, known in _names(world):
        if name not in known:
            raise SettingsError(
                f"the {what} is not known", where=str(file), received=repr(name), cure=likely_slip(name, known)
            )
    return world


def load_wording(folder: Traversable | Path, language: Language, world: World) -> Wording:
    """The words of one language. Raises SettingsError for an unknown key, and for a scene or cause without words."""
    file = folder.joinpath(f"phrases_{language}.toml")
    values = _read(file)
    known = {part.name for part in fields(Wording)}
    if unknown := sorted(values.keys() - known):
        raise SettingsError(
            "the key is not known", where=str(file), received=repr(unknown[0]), cure=likely_slip(unknown[0], known)
        )
    drawn = {kind: [name for name, field in world.fields.items() if field.kind == kind] for kind in ("code", "phrase")}
    needed = {"scenes": world.scenes, "causes": world.causes, "codes": drawn["code"], "slots": drawn["phrase"]}
    missing = [f"{part}.{name}" for part, names in needed.items() for name in names if name not in values.get(part, {})]
    missing += [part for part in ("sentence_end", "joiner", "money", "money_scale", "slots") if part not in values]
    if missing:
        raise SettingsError("a part has no words", where=str(file), received=repr(missing[0]), cure="write some")
    slots = {*values["slots"], *world.fields, "who", "other", "any"}
    if strange := sorted({slot for text in _texts(values) for slot in SLOT.findall(text)} - slots):
        cure = likely_slip(strange[0], slots)
        raise SettingsError("nothing fills the slot", where=str(file), received=repr(strange[0]), cure=cure)
    return Wording(**values)


def _texts(part: object) -> Iterator[str]:
    """Every text in the phrases, however deep."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        yield from (text for inner in part.values() for text in _texts(inner))
    elif isinstance(part, Sequence):
        yield from (text for inner in part for text in _texts(inner))


def _read(file: Traversable | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            "the file can't be read", where=str(file), received=error.strerror or "", cure="write it"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            "the file is not valid TOML", where=str(file), received=str(error), cure="correct it"
        ) from error


def _names(world: World) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Every name that the model uses: what it is, the name, and those that exist."""
    for scene in world.scenes.values():
        yield from (("cause", name, world.causes) for name in (*scene.always, *scene.causes))
        yield from (("field", name, world.fields) for name in scene.fields)
    said = [sense for cause in world.causes.values() for sense in (cause.risky, cause.benign)]
    for sense in said:
        yield from (("field", name, world.fields) for name in sense.fields)
    slopes = [declared.effect for declared in world.fields.values() if declared.effect]
    effects = [*(scene.effects for scene in world.scenes.values()), *(sense.effects for sense in said)]
    effects += [{slope.question: {slope.label: slope.slope}} for slope in slopes]
    for effect in effects:
        for question, labels in effect.items():
            yield "question", question, world.questions
            yield from (("label", label, world.questions[question]) for label in labels)
    yield from (("field", name, world.fields) for name in (*world.entities, *([world.pair] if world.pair else [])))
    if world.rings:
        yield from (("field", name, world.fields) for name in world.rings.shared)
        yield from (("scene", name, world.scenes) for name in world.rings.scenes)
