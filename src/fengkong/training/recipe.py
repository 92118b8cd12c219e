"""The recipe: every choice of a training run, in one commented TOML file. Unknown keys are refused."""

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fengkong.domain.canonical import digest
from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.scoring.windows import Pooling

__all__ = ["Auto", "AverageName", "MetricName", "ModelName", "OptimiserName", "Recipe", "ScheduleName", "WayName"]

Auto = Literal["auto"]
Count = Annotated[int, Field(ge=1, strict=True)]
Share = Annotated[float, Field(ge=0, lt=1)]
WayName = Literal["full", "frozen", "top", "bitfit", "lora", "adalora", "prefix", "prompt", "ia3", "adapter"]
ModelName = Literal["tuned", "ngrams", "frozen", "contrastive", "blend", "auto"]
OptimiserName = Literal["adamw", "sgd", "adafactor"]
ScheduleName = Literal["linear", "cosine", "constant"]
AverageName = Literal["ema", "tail"]
MetricName = Literal[
    "macro_f1",
    "micro_f1",
    "accuracy",
    "exact_match",
    "auc",
    "kappa",
    "rank_error",
    "rmse",
    "mae",
    "r2",
    "spearman",
    "entity_f1",
    "loss",
]


class Recipe(BaseModel):
    """What to train and how; `default_recipe.toml` beside this file explains each key.

    Read one with `load` or `parse`: they refuse unknown keys and impossible values with one clear sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Literal["classification", "ordinal", "multilabel", "regression", "entities"] | Auto = "auto"
    order: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    loss: Literal["cross_entropy", "focal", "soft_iou", "crf"] = "cross_entropy"
    focusing: Annotated[float, Field(gt=0)] = 2.0
    label_smoothing: Share = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    cost_matrix: dict[str, dict[str, float]] = {}
    model: ModelName = "tuned"
    minutes: Annotated[float, Field(gt=0)] = 60.0
    base: Annotated[str, Field(min_length=1)] = "minilm"
    max_tokens: Annotated[int, Field(ge=8, strict=True)] = 256
    windows: Annotated[int, Field(ge=1, le=1024, strict=True)] = 1
    overlap: Annotated[int, Field(ge=0, strict=True)] = 32
    window_pooling: Pooling = "mean"
    pooling: Literal["mean", "cls", "last"] | Auto = "auto"
    way: WayName = "full"
    top_layers: Count = 2
    rank: Count = 8
    virtual_tokens: Count = 20
    bottleneck: Count = 64
    epochs: Count | Auto = "auto"
    min_steps: Count = 500
    batch_tokens: Annotated[int, Field(ge=16, strict=True)] | Auto = "auto"
    optimiser: OptimiserName = "adamw"
    learning_rate: Annotated[float, Field(gt=0, lt=1)] | Auto = "auto"
    schedule: ScheduleName = "linear"
    warmup: Share = 0.1
    accumulation: Count = 1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    dropout: Share = 0.1
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    averaging: Share = 0.1
    average: AverageName = "ema"
    metric: MetricName | Auto = "auto"
    patience: Annotated[int, Field(ge=0, strict=True)] = 4
    precision: Literal["bf16", "fp32"] | Auto = "auto"
    gradient_checkpointing: Annotated[bool, Field(strict=True)] = False
    threads: Count | Auto = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 42

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a recipe file. Raises SettingsError: missing file, not TOML, unknown key, impossible value."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SettingsError("there is no such recipe file", where=str(path), cure="check the path") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "the recipe file can't be read", where=str(path), received=type(error).__name__, cure="save it as UTF-8"
            ) from error
        return cls.parse(text, source=str(path))

    @classmethod
    def parse(cls, text: str, *, source: str = "") -> Self:
        """Read a recipe from TOML text; `source` names it in errors. Raises SettingsError as `load` does."""
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                "the recipe is not valid TOML", where=source, received=str(error), cure="write one 'key = value' a line"
            ) from error
        return cls.from_values(values, source=source)

    @classmethod
    def from_values(cls, values: Mapping[str, object], *, source: str = "recipe") -> Self:
        """Make a recipe from plain values; what is not given takes its default. Raises SettingsError."""
        for key in values:
            if key not in cls.model_fields:
                raise SettingsError(
                    "the recipe has an unknown key", where=source, received=key, cure=likely_slip(key, cls.model_fields)
                )
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _impossible(error, values, source) from error

    def changed(self, values: Mapping[str, object], *, source: str = "recipe") -> Self:
        """The same recipe with some values replaced, checked like the rest. Raises SettingsError."""
        return self.from_values({**self.model_dump(), **values}, source=source)

    @property
    def sha256(self) -> str:
        """Hash (hex) over all values: equal recipes, equal hash, whatever their comments."""
        return digest(self.model_dump())

    def to_toml(self) -> str:
        """All values as TOML; `parse` reads it back to an equal recipe."""
        return "".join(f"{key} = {_toml(value)}\n" for key, value in self.model_dump().items())

    @staticmethod
    def commented_default() -> str:
        """The default recipe as TOML with a comment on every key, to start one's own from."""
        return files("fengkong.training").joinpath("default_recipe.toml").read_text(encoding="utf-8")


def _toml(value: object) -> str:
    """A plain value as TOML. A string, number or boolean is written as in JSON, an object with = for the colon."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(v)}" for key, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _impossible(error: ValidationError, values: Mapping[str, object], source: str) -> SettingsError:
    """One sentence for the first key at fault, with all that the key would take."""
    key = str(error.errors()[0]["loc"][0])
    wanted: list[str] = []
    for fault in error.errors():
        if str(fault["loc"][0]) == key:
            wish = fault["msg"].removeprefix("Input should be ")
            wanted.append(wish)
    return SettingsError(
        f"the recipe's {key!r} has an impossible value",
        where=source,
        received=json.dumps(values.get(key), default=str, ensure_ascii=False),
        cure="it should be " + " or ".join(dict.fromkeys(wanted)),
    )
