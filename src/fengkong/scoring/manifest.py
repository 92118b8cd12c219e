"""What a bundle says of itself, and the digest that no edit survives."""

import json
import math
from keyword import iskeyword
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from fengkong.domain.canonical import digest
from fengkong.domain.errors import BundleError
from fengkong.scoring.fields import FieldSpec

__all__ = ["MANIFEST", "OPTIONAL_FILES", "REQUIRED_FILES", "Manifest", "Thresholds"]

FORMAT: Final = 1
_CURE = "restore the bundle or export the model again"
MANIFEST = "manifest.json"
REQUIRED_FILES = frozenset({"model.onnx", "tokenizer.json", "model_card.md"})
OPTIONAL_FILES = frozenset({"weights.safetensors", "recipe.toml"})

Label = Annotated[str, Field(min_length=1, max_length=200)]
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Thresholds(_Part):
    """Bands of the positive label's p: below `review_from` approve, from `decline_from` on decline, between review."""

    review_from: Probability
    decline_from: Probability

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review_from > self.decline_from:
            raise ValueError("review_from must not lie above decline_from")
        return self


class Manifest(_Part):
    """A bundle's own description: plain data, frozen, unknown keys refused.

    name: the question answered; an identifier, since rules say `signals.<name>.p`.
    positive: the label whose probability rules read; None takes the most probable one.
    language: ISO 639 code of the texts ("en", "zh"; "mul" for several).
    cleaning: version of the text cleaning that the model was trained behind.
    max_tokens: length limit of the model, special tokens included.
    temperature: divides the logits before the softmax.
    metrics, training: figures and origin as JSON, for people and audits; scoring doesn't read them.
    files: sha256 (hex) by file name of every file but the manifest; `seal` fills it in.
    """

    format: Literal[1] = FORMAT
    name: Annotated[str, Field(max_length=64)]
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    positive: str | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    cleaning: str
    max_tokens: Annotated[int, Field(ge=4, le=8192)]
    precision: Literal["int8", "fp32"]
    temperature: Annotated[float, Field(gt=0)] = 1.0
    thresholds: Thresholds | None = None
    fields: tuple[FieldSpec, ...] = ()
    metrics: dict[str, JsonValue] = {}
    training: dict[str, JsonValue] = {}
    files: dict[str, Sha256] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.name.isidentifier() or iskeyword(self.name):
            raise ValueError("name must be an identifier, such as 'risk'")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.positive is not None and self.positive not in self.labels:
            raise ValueError("positive must be one of the labels")
        if len({spec.name for spec in self.fields}) < len(self.fields):
            raise ValueError("fields must differ in name")
        if unknown := self.files.keys() - REQUIRED_FILES - OPTIONAL_FILES:
            raise ValueError(f"files names {min(unknown)!r}, which no bundle may hold")
        return self

    @property
    def digest(self) -> str:
        """sha256 (hex) over the canonical content."""
        return digest(self.model_dump(mode="json"))

    def to_json(self) -> bytes:
        """The text of manifest.json: the content in reading order, and its digest."""
        content = {**self.model_dump(mode="json"), "digest": self.digest}
        return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, where: str) -> "Manifest":
        """The manifest in these bytes. Raises BundleError: not JSON, another format, not valid, or edited."""
        content = _parse(data, where)
        if content.get("format") != FORMAT:
            raise BundleError(
                "the bundle has another format",
                where=where,
                received=repr(content.get("format")),
                cure=f"this version reads format {FORMAT}; {_CURE}",
            )
        stated = content.pop("digest", None)
        try:
            manifest = cls.model_validate_json(json.dumps(content), strict=True)
        except ValidationError as error:
            raise BundleError(f"the manifest is not valid: {_first_fault(error)}", where=where, cure=_CURE) from None
        if stated != manifest.digest:
            raise BundleError("the manifest was changed after it was sealed", where=where, cure=_CURE)
        return manifest


def _parse(data: bytes, where: str) -> dict[str, JsonValue]:
    try:
        content = json.loads(data, object_pairs_hook=_without_repeats, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):  # not UTF-8 and not JSON are ValueErrors too
        content = None
    if not isinstance(content, dict):
        raise BundleError("the manifest can't be read as JSON", where=where, cure=_CURE)
    return content


def _without_repeats(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key occurs twice")
    return content


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number must be finite")
    return value


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"the key {key!r} is not known"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
