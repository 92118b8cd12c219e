"""A world as data: what kinds of text there are, what may be said in them, and what that does to each label.

`model.toml` holds the causes and their effects; the words stand beside it (wording.py). The log-odds of a
label of a question are a sum: its base, the scene's effect, those of the planted causes, and those of the fields; the
label is one draw from their softmax. docs/simulation.md describes every key.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from fengkong.domain.errors import SettingsError, likely_slip

__all__ = ["Cause", "Effects", "FieldModel", "Said", "Scene", "World", "load_world", "read_toml"]

DAYS = 700
"""The time that a world's texts are spread over."""
LARGEST = 10**12

LogOdds = Annotated[float, Field(ge=-1000, le=1000)]
Number = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Plain = Annotated[str, Field(pattern=r"^[^{}]*$")]
"""A value that a text says as it is: none of it is a slot."""

Effects = Mapping[str, Mapping[str, LogOdds]]
"""What something adds to the log-odds: by question, by label."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _rising(span: tuple[int, int]) -> tuple[int, int]:
    if span[1] < span[0]:
        raise ValueError("the second number lies below the first")
    return span


Count = Annotated[int, Field(ge=0, le=1000)]
FromTo = Annotated[tuple[Count, Count], AfterValidator(_rising)]
"""How many, from and to."""


class Slope(_Part):
    """What a number adds to a label: `slope` a unit beyond `centre`, never more than `limit` either way."""

    question: str
    label: str
    slope: float
    centre: float
    limit: float = Field(gt=0, le=1000)


class FieldModel(_Part):
    """How one fact is drawn.

    number: from low to high in steps, `skew` > 1 leaning to low; money: in units of the currency.
    choice: one of `values`, by `weights`. code: a pattern of the phrases, each # a digit. phrase: words of the phrases.
    of_group: drawn once a sender, customer or company. missing: how often the box is empty.
    """

    kind: Literal["number", "choice", "code", "phrase"]
    low: Number = 0
    high: Number = 0
    step: int = Field(1, ge=1, le=LARGEST)
    skew: float = Field(1.0, gt=0)
    money: bool = False
    values: tuple[Plain | bool, ...] = ()
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    of_group: bool = False
    missing: float = Field(0.0, ge=0, le=1)
    effect: Slope | None = None

    @model_validator(mode="after")
    def _drawable(self) -> "FieldModel":
        if self.kind == "choice" and not self.values:
            raise ValueError("a choice needs values")
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError("each value needs its weight")
        if self.weights is not None and not 0 < sum(self.weights) < math.inf:
            raise ValueError("the weights must add up to something")
        if self.kind == "number" and self.high < self.low:
            raise ValueError("high lies below low")
        if self.effect is not None and self.kind != "number":
            raise ValueError("only a number has an effect of its own; give a choice's to scenes or causes")
        return self


class Said(_Part):
    """One sense of a cause: its effects, and the fields that it settles."""

    effects: Effects = {}
    fields: Mapping[str, Number | bool | Plain] = {}


class Cause(_Part):
    """Something that a text may say, in the risky or the benign sense."""

    risky: Said
    benign: Said


class Scene(_Part):
    """A kind of text: how often it occurs, how often it is risky, what may be said in it, how many such reasons.

    always: causes that each of its texts speaks of, before those that are drawn.
    """

    weight: float = Field(gt=0, le=LARGEST)
    risky: float = Field(0.5, ge=0, le=1)
    always: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    reasons: FromTo = (1, 2)
    effects: Effects = {}
    fields: Mapping[str, FieldModel] = {}


class Bursts(_Part):
    """Several texts of one group within minutes: the share of visits that are so, and how many texts from and to."""

    share: float = Field(ge=0, le=1)
    texts: FromTo
    minutes: int = Field(ge=1, le=1440)

    @model_validator(mode="after")
    def _in_time(self) -> "Bursts":
        if not 1 <= self.texts[0] <= self.texts[1] <= 6 * self.minutes:
            raise ValueError("give one text or more, and ten seconds to each")
        return self


class Rings(_Part):
    """Several groups that share fields and one script: the share of groups, ring sizes, and how risky they are.

    days: how long a ring is at work.
    """

    share: float = Field(ge=0, le=1)
    groups: FromTo
    shared: tuple[str, ...]
    scenes: tuple[str, ...] = Field(min_length=1)
    days: int = Field(ge=1, lt=DAYS)
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
    questions: Mapping[str, Annotated[Mapping[str, LogOdds], Field(min_length=2)]] = Field(min_length=1)
    fields: Mapping[str, FieldModel]
    scenes: Mapping[str, Scene] = Field(min_length=1)
    causes: Mapping[str, Cause]
    pair: str = ""
    entities: Mapping[str, str] = {}
    bursts: Bursts | None = None
    rings: Rings | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> "World":
        sloping = {name for name, declared in self.fields.items() if declared.effect}
        for name in (*self.causes, *sloping):
            if name in ("base", "scene") or (name in sloping and name in self.causes):
                raise ValueError(f"two terms of the log-odds are called {name!r}")
        return self


def load_world(folder: Traversable | Path) -> World:
    """The world of a folder's `model.toml`. Raises SettingsError for a key, scene, cause, question or label amiss."""
    file = folder.joinpath("model.toml")
    try:
        world = World.model_validate(read_toml(file))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        what = f"the key {place!r}" if place else "the model"
        why = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{what} can't be used: {why}", where=str(file), cure="put it right") from error
    for what, name, known in _names(world):
        if name not in known:
            raise SettingsError(
                f"the {what} is not known", where=str(file), received=repr(name), cure=likely_slip(name, known)
            )
    return world


def read_toml(file: Traversable | Path) -> dict[str, Any]:
    """What a file of a world holds. Raises SettingsError for one that can't be read, or is not valid TOML."""
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
        lasting = {name: declared for name, declared in world.fields.items() if declared.of_group}
        yield from (("field of a group", name, lasting) for name in world.rings.shared)
        yield from (("scene", name, world.scenes) for name in world.rings.scenes)
