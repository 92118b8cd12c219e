"""The search space: for each key of the recipe that is searched, its choices or its range, in one TOML table.

[space]
learning_rate = {low = 1e-5, high = 1e-3, log = true}
dropout = {low = 0.0, high = 0.3, step = 0.1}
pooling = ["mean", "cls"]
"""

import itertools
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.training.defaults import BASE_RATES
from fengkong.training.recipe import Recipe
from fengkong.training.ways.registry import WAYS

__all__ = ["Choices", "Range", "Scalar", "Space", "default_space"]

Scalar = str | int | float | bool

FIXED = {
    **dict.fromkeys(("task", "metric"), "trials that aim at different things can't be compared"),
    **dict.fromkeys(("model", "minutes"), "a search tunes the base; model = 'auto' compares the other ways"),
    **dict.fromkeys(("seed", "threads"), "the luckiest seed is not the better recipe"),
    "cost_matrix": "it says what mistakes cost, not how to learn",
    "order": "it says how the labels stand to each other, not how to learn",
}
"""The keys of a recipe that no search may change, and why."""
HIGHEST_RATE = 0.5
RANGE_KEYS = ("low", "high", "log", "step")


@dataclass(frozen=True, slots=True)
class Choices:
    """One of a few values."""

    values: tuple[Scalar, ...]

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """The values that the recipe must be able to take."""
        return self.values

    def all(self) -> tuple[Scalar, ...] | None:
        """Every value, or None where they can't be counted."""
        return self.values

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


@dataclass(frozen=True, slots=True)
class Range:
    """A number from low to high, both included. log: drawn by its logarithm. whole: integers only."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """The values that the recipe must be able to take."""
        return self.low, self.high

    def all(self) -> tuple[Scalar, ...] | None:
        """Every value, or None where they can't be counted."""
        if self.step is None and not self.whole:
            return None
        step = self.step or 1
        values = (self.low + n * step for n in range(round((self.high - self.low) / step) + 1))
        return tuple(int(value) if self.whole else value for value in values)

    def __str__(self) -> str:
        how = " (log)" if self.log else f" by {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{how}"


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched, by key of the recipe. Read one with `load` or `parse`, which check it against the recipe."""

    axes: Mapping[str, Choices | Range]

    @classmethod
    def load(cls, path: Path, recipe: Recipe) -> Self:
        """Read a space file. Raises SettingsError: missing file, not TOML, unknown key, impossible range."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "the search space can't be read", where=str(path), received=type(error).__name__, cure="check the path"
            ) from error
        return cls.parse(text, recipe, source=str(path))

    @classmethod
    def parse(cls, text: str, recipe: Recipe, *, source: str = "space") -> Self:
        """Read a space from TOML text and try its ends in the recipe. Raises SettingsError as `load` does."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                "the search space is not valid TOML", where=source, received=str(error), cure="see docs/search.md"
            ) from error
        for key in tables:
            if key != "space":
                cure = "write the keys under [space]" if key in Recipe.model_fields else likely_slip(key, ["space"])
                raise SettingsError("the search space has one table, [space]", where=source, received=key, cure=cure)
        table = tables.get("space")
        if not isinstance(table, dict) or not table:
            raise SettingsError("the search space is empty", where=source, cure="name keys of the recipe in [space]")
        return cls({key: _read_axis(key, declared, recipe, f"{source}: {key}") for key, declared in table.items()})

    @property
    def size(self) -> int | None:
        """How many combinations there are; None where they can't be counted."""
        sizes = [axis.all() for axis in self.axes.values()]
        return None if any(values is None for values in sizes) else math.prod(len(values or ()) for values in sizes)

    def combinations(self) -> Iterator[dict[str, Scalar]]:
        """Every combination of a space whose `size` is known, in order."""
        for values in itertools.product(*(axis.all() or () for axis in self.axes.values())):
            yield dict(zip(self.axes, values, strict=True))

    def to_toml(self) -> str:
        """The space as TOML; `parse` reads it back."""
        return "[space]\n" + "".join(f"{key} = {_toml(axis)}\n" for key, axis in self.axes.items())


def default_space(recipe: Recipe) -> Space:
    """What is worth searching first for a recipe's way of tuning: the rate around its usual value, length, and decay.

    The rate spans a factor of 30 (learning rates matter most and by their order of magnitude: Bengio 2012, section 3).
    """
    way = WAYS[recipe.way]
    highest = min(3 * BASE_RATES[recipe.optimiser] * way.rate, HIGHEST_RATE)
    axes: dict[str, Choices | Range] = {
        "learning_rate": Range(highest / 30, highest, log=True),
        "dropout": Choices((0.0, 0.1, 0.2, 0.3)),
    }
    if recipe.epochs == "auto":
        axes["min_steps"] = Range(200, 2000, log=True, whole=True)
    if way.tunes_base:
        axes["layer_decay"] = Choices((0.7, 0.8, 0.9, 0.95, 1.0))
    match recipe.way:
        case "lora" | "adalora":
            axes["rank"] = Choices((2, 4, 8, 16, 32))
        case "prefix" | "prompt":
            axes["virtual_tokens"] = Choices((5, 10, 20, 40))
        case "adapter":
            axes["bottleneck"] = Choices((16, 32, 64, 128))
        case "top":
            axes["top_layers"] = Choices((1, 2, 3, 4))
    return Space(axes)


def _read_axis(key: str, declared: object, recipe: Recipe, where: str) -> Choices | Range:
    if key not in Recipe.model_fields:
        raise SettingsError("the recipe has no such key", where=where, cure=likely_slip(key, Recipe.model_fields))
    if key in FIXED:
        raise SettingsError("this key can't be searched", where=where, cure=f"set it in the recipe: {FIXED[key]}")
    match declared:
        case list():
            axis: Choices | Range = _choices(declared, where)
        case dict():
            axis = _range(declared, where)
        case _:
            raise SettingsError(
                "a key is searched over a list of choices or a range",
                where=where,
                received=repr(declared),
                cure="write [a, b] or {low = a, high = b}, or set a single value in the recipe",
            )
    for end in axis.ends:
        recipe.changed({key: end}, source=where)
    if isinstance(axis, Range) and not _takes_fractions(key, axis, recipe):
        axis = _whole(axis, where)
    return axis


def _choices(values: list[object], where: str) -> Choices:
    scalars = tuple(value for value in values if isinstance(value, (str, int, float, bool)))
    if len(scalars) < len(values) or len(set(map(repr, values))) < max(2, len(values)):
        raise SettingsError(
            "the choices should be two or more different words or numbers",
            where=where,
            received=repr(values),
            cure="set a single value in the recipe",
        )
    return Choices(scalars)


def _range(declared: Mapping[str, object], where: str) -> Range:
    for key in declared:
        if key not in RANGE_KEYS:
            raise SettingsError(
                "a range has no such part", where=where, received=key, cure=likely_slip(key, RANGE_KEYS)
            )
    low, high, step = (_number(declared, key, where) for key in ("low", "high", "step"))
    log = declared.get("log", False)
    if low is None or high is None:
        missing = "low" if low is None else "high"
        raise SettingsError(f"the range has no {missing!r}", where=where, cure="write {low = a, high = b}")
    if not isinstance(log, bool):
        raise SettingsError("'log' is true or false", where=where, received=repr(log), cure="write log = true")
    if not low < high:
        cure = "swap them" if low > high else "set a single value in the recipe"
        raise SettingsError("'low' should be below 'high'", where=where, received=f"{low:g} and {high:g}", cure=cure)
    if log and low <= 0:
        raise SettingsError(
            "a logarithmic range starts above zero", where=where, received=f"low = {low:g}", cure="raise low"
        )
    if step is not None:
        _check_step(low, high, step, where, log=log)
    return Range(low, high, log, step)


def _check_step(low: float, high: float, step: float, where: str, *, log: bool) -> None:
    if log:
        raise SettingsError("a range is logarithmic or has steps, not both", where=where, cure="leave one of them out")
    steps = (high - low) / step if step > 0 else 0.5
    if not math.isclose(steps, round(steps), abs_tol=1e-9):
        raise SettingsError(
            "the steps should lead from 'low' to 'high'",
            where=where,
            received=f"step = {step:g} from {low:g} to {high:g}",
            cure="take a step above zero of which the range is a multiple",
        )


def _number(declared: Mapping[str, object], key: str, where: str) -> float | None:
    value = declared.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SettingsError(f"{key!r} should be a number", where=where, received=repr(value), cure="write a number")
    return value


def _takes_fractions(key: str, axis: Range, recipe: Recipe) -> bool:
    try:
        recipe.changed({key: math.nextafter(axis.low, axis.high)})
    except SettingsError:
        return False
    return True


def _whole(axis: Range, where: str) -> Range:
    if axis.step is not None and axis.step != round(axis.step):
        raise SettingsError(
            "the key takes whole numbers", where=where, received=f"step = {axis.step:g}", cure="take a whole step"
        )
    step = None if axis.step is None else int(axis.step)
    return Range(int(axis.low), int(axis.high), axis.log, step, whole=True)


def _toml(axis: Choices | Range) -> str:
    if isinstance(axis, Choices):
        return "[" + ", ".join(json.dumps(value, ensure_ascii=False) for value in axis.values) + "]"
    parts: dict[str, Scalar] = {"low": axis.low, "high": axis.high, **({"log": True} if axis.log else {})}
    if axis.step is not None:
        parts["step"] = axis.step
    return "{" + ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in parts.items()) + "}"
