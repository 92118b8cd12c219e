"""A workspace's settings: `fengkong.toml`, read strictly, with every path resolved against its folder."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fengkong.domain.errors import SettingsError, likely_slip

__all__ = [
    "ColumnSettings",
    "FILE_NAME",
    "Costs",
    "DataSettings",
    "DecisionSettings",
    "KnowledgeSettings",
    "ModelSettings",
    "QuestionSettings",
    "Settings",
    "find_workspace",
]

FILE_NAME = "fengkong.toml"

PATHS = {
    "data": ("source",),
    "model": ("recipe", "bundle", "runs"),
    "decisions": ("rules", "applications", "ledger"),
    "knowledge": ("entities", "edges"),
}
"""The settings that are paths, by section."""

Name = Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnSettings(_Section):
    """Which columns of the data hold what; a column not named is looked for."""

    text: str | None = None
    label: str | None = None
    labels: str | None = None
    pair: str | None = None
    tokens: str | None = None
    tags: str | None = None
    entities: str | None = None
    split: str | None = None
    time: str | None = None
    group: str | None = None
    id: str | None = None
    fields: str | tuple[str, ...] | None = None


class DataSettings(_Section):
    """The labelled texts: where they lie, how they are split, and what a bad row does."""

    source: str
    split: Literal["given", "stratified", "time", "group"] | None = None
    on_bad_row: Literal["stop", "skip"] = "stop"
    columns: ColumnSettings = ColumnSettings()


class Costs(_Section):
    """What one mistake costs, in one currency: a missed positive, a false alarm, one review by a person."""

    miss: float = Field(gt=0)
    false_alarm: float = Field(gt=0)
    review: float = Field(ge=0)


class QuestionSettings(_Section):
    """One of several questions asked of each text: the column of its labels, and the label that p is of."""

    label: str | None = None
    positive: str | None = None


class ModelSettings(_Section):
    """The question that the model answers (`signals.<name>` in rules), or several, and where its bundle lies.

    positive: the label whose probability is `signals.<name>.p`; None means that of the most probable label.
    questions: by name, instead of `name` and `positive`, where several are asked of each text.
    """

    name: Name | None = None
    positive: str | None = None
    questions: dict[Name, QuestionSettings] = {}
    recipe: str = "recipe.toml"
    bundle: str = "bundle"
    runs: str = "runs"
    threads: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _name_or_questions(self) -> "ModelSettings":
        if (self.name is None) == (not self.questions):
            raise ValueError("give model.name for one question, or a table model.questions.NAME for each of several")
        if self.questions and self.positive is not None:
            raise ValueError("of several questions each names its own positive label")
        return self

    @property
    def asked(self) -> dict[str, QuestionSettings]:
        """Every question by name, in order; of one question, its label's column is left to the data's settings."""
        return self.questions or {str(self.name): QuestionSettings(positive=self.positive)}


class DecisionSettings(_Section):
    """The rules, the ledger that every decision is written to, and the texts that wait for a decision."""

    rules: str = "rules.yaml"
    applications: str = "applications.jsonl"
    ledger: str = "ledger.db"


class RoleSettings(_Section):
    """Someone or something that a document names: the type of entity, and where its name stands: in a field, or in the
    text, where a model marks it with a label.
    """

    type: str
    field: str = ""
    label: str = ""


class RelationSettings(_Section):
    """How two roles of a document are linked, and the field that holds the amount or share of it."""

    kind: str
    start: str
    end: str
    value: str = ""


class KnowledgeSettings(_Section):
    """Who is linked to whom: tables of entities and edges, and what documents say of it.

    script: the field that says who wrote a text; near-copies of texts are then counted.
    """

    entities: str | None = None
    edges: str | None = None
    script: str | None = None
    roles: dict[Name, RoleSettings] = {}
    relations: tuple[RelationSettings, ...] = ()


class Settings(_Section):
    """Everything that `fengkong.toml` says, with the folder it was read from."""

    name: str
    language: Literal["en", "zh"] = "en"
    data: DataSettings
    model: ModelSettings
    costs: Costs | None = None
    decisions: DecisionSettings = DecisionSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    folder: Path = Field(exclude=True)

    @classmethod
    def read(cls, folder: Path) -> "Settings":
        """The settings of a workspace folder. Raises SettingsError for a missing file, bad TOML or unknown keys."""
        file = folder / FILE_NAME
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SettingsError(
                "there is no workspace here",
                where=str(folder),
                cure="make one with: fengkong new loan my-risk, or go to its folder",
            ) from error
        except OSError as error:
            raise SettingsError(
                "the file can't be read", where=str(file), received=error.strerror or "", cure="check its rights"
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError("the file is not UTF-8", where=str(file), cure="save it as UTF-8") from error
        return cls.parse(text, file)

    @classmethod
    def parse(cls, text: str, file: Path) -> "Settings":
        """The settings that a file holds; paths are relative to its folder. Raises SettingsError as `read` does."""
        try:
            return cls.model_validate({**tomllib.loads(text), "folder": file.parent})
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                "the file is not valid TOML", where=str(file), received=str(error), cure="correct that line"
            ) from error
        except ValidationError as error:
            raise _explain(error, file) from error

    def path(self, relative: str) -> Path:
        """A path of the settings, seen from the workspace's folder."""
        return self.folder / relative

    @property
    def paths(self) -> dict[str, str]:
        """Every path that they name, by the setting that names it; the source may be a hub data set instead."""
        sections = {"data": self.data, "model": self.model, "decisions": self.decisions, "knowledge": self.knowledge}
        named = ((f"{name}.{key}", getattr(part, key)) for name, part in sections.items() for key in PATHS[name])
        return {key: path for key, path in named if path is not None}

    def data_of(self, question: str) -> DataSettings:
        """The data as one question reads them: their source as it can be opened, and the column of its labels."""
        asked = self.model.asked.get(question)
        columns = {"label": asked.label} if asked and asked.label else {}
        return self.data.model_copy(
            update={"source": self.source, "columns": self.data.columns.model_copy(update=columns)}
        )

    @property
    def source(self) -> str:
        """The data's source: a path in the workspace, or a hub data set as it stands."""
        return self.data.source if "://" in self.data.source else str(self.path(self.data.source))


def find_workspace(start: Path) -> Path | None:
    """The nearest folder from `start` upwards that holds a workspace file."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    return None


def _explain(error: ValidationError, file: Path) -> SettingsError:
    # An unknown key is often the misspelt one that is missing, so it is named first.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section = _section(first["loc"][:-1])
        return SettingsError(
            "the setting is not known",
            where=str(file),
            received=repr(key),
            cure=likely_slip(key.split(".")[-1], section),
        )
    if first["type"] == "missing":
        return SettingsError(f"the setting {key!r} is missing", where=str(file), cure="add it")
    if first["type"] == "value_error":
        return SettingsError(
            f"the setting {key!r} can't be used", where=str(file), cure=first["msg"].removeprefix("Value error, ")
        )
    return SettingsError(
        f"the setting {key!r} can't be used: {first['msg'][0].lower()}{first['msg'][1:]}",
        where=str(file),
        received=repr(first["input"]),
        cure="correct it",
    )


def _section(location: tuple[int | str, ...]) -> list[str]:
    """The names that may stand at a place in the settings."""
    section: object = Settings
    for part in location:
        if isinstance(section, type) and issubclass(section, BaseModel):
            section = section.model_fields[str(part)].annotation
        else:
            section = get_args(section)[-1]  # a table of sections, by name
    return [name for name in getattr(section, "model_fields", ()) if name != "folder"]
