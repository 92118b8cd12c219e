"""What a bundle says of itself, and the digest that no edit survives."""

import json
import math
from keyword import iskeyword
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from fengkong.domain.canonical import digest
from fengkong.domain.errors import BundleError
from fengkong.scoring.fields import FieldSpec
from fengkong.scoring.windows import Windows

__all__ = ["GRAPH", "MANIFEST", "NGRAMS", "OPTIONAL_FILES", "Head", "Manifest", "Precision", "TaskKind", "Thresholds"]

FORMAT: Final = 2
_CURE = "restore the bundle or export the model again"
MANIFEST = "manifest.json"
GRAPH: Final = "model.onnx"
NGRAMS: Final = "ngrams.npz"
REQUIRED_FILES = {GRAPH: {GRAPH, "tokenizer.json", "model_card.md"}, NGRAMS: {NGRAMS, "model_card.md"}}
"""By part of the model."""
OPTIONAL_FILES = frozenset({"weights.safetensors", "recipe.toml"})

TaskKind = Literal["classification", "ordinal", "multilabel", "regression", "entities"]
Part = Literal["model.onnx", "ngrams.npz"]
Precision = Literal["int8", "fp16", "fp32"]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Thresholds(_Frozen):
    """Bands of the positive label's p: below `review_from` approve, from `decline_from` on decline, between review."""

    review_from: Probability
    decline_from: Probability

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review_from > self.decline_from:
            raise ValueError("review_from must not lie above decline_from")
        return self


class Scale(_Frozen):
    """How a number was standardised for training: the logit is (number - mean) / spread."""

    mean: float
    spread: Annotated[float, Field(gt=0)]


class Head(_Frozen):
    """One question that a bundle answers.

    name: an identifier, since rules say `signals.<name>.p`.
    task: "classification" (one label a text), "ordinal" (one of labels that have an order), "multilabel" (several or
    none), "regression" (a number) or "entities".
    labels: in the order of the logits, ascending where they have one; of a number the one column "value".
    positive: the label whose probability rules read; None takes the most probable one.
    temperature: divides the logits before they become probabilities.
    thresholds: bands on the positive label's p. cutoffs: of several labels, the probability from which each is given.
    scale: of a number, what its logit is read back with.
    Of entities the labels are their types, the logits those of tags (`chains.tag_names`) a token; transitions: trained
    scores of one tag after another, the first row for the start; none where none were trained.
    """

    name: Annotated[str, Field(max_length=64)]
    task: TaskKind = "classification"
    labels: Annotated[tuple[Label, ...], Field(min_length=1)]
    positive: str | None = None
    temperature: Annotated[float, Field(gt=0)] = 1.0
    thresholds: Thresholds | None = None
    cutoffs: tuple[Probability, ...] = ()
    scale: Scale | None = None
    transitions: tuple[tuple[float, ...], ...] = ()

    @property
    def columns(self) -> int:
        """How many logits it reads: of a text, or of a token where it finds entities."""
        return 1 + 2 * len(self.labels) if self.task == "entities" else len(self.labels)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.name.isidentifier() or iskeyword(self.name):
            raise ValueError("name must be an identifier, such as 'risk'")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.task in ("classification", "ordinal") and len(self.labels) < 2:
            raise ValueError("labels: of one label a text there must be two or more")
        if self.positive is not None and self.positive not in self.labels:
            raise ValueError("positive must be one of the labels")
        if len(self.cutoffs) != (len(self.labels) if self.task == "multilabel" else 0):
            raise ValueError("cutoffs belong to several labels a text, one a label")
        if (self.scale is not None) != (self.task == "regression"):
            raise ValueError("a scale belongs to a number, and to nothing else")
        if self.transitions and (self.task != "entities" or not self._between_all_tags()):
            raise ValueError("transitions belong to entities, a row for the start and for each tag")
        return self

    def _between_all_tags(self) -> bool:
        return [len(row) for row in self.transitions] == [self.columns] * (1 + self.columns)


class Manifest(_Frozen):
    """A bundle's own description: plain data, frozen, unknown keys refused.

    heads: the questions answered; the graph gives the logits of all of them side by side, in this order: a row a text,
    or a row a token where one of them finds entities (the others' logits are the same in each of a text's rows).
    language: ISO 639 code of the texts ("en", "zh"; "mul" for several).
    cleaning: version of the text cleaning that the model was trained behind.
    max_tokens: length limit of the network, special tokens included; 0 where there is none.
    windows: how the network reads a text that is longer; None where it is cut there.
    precision: of the network's numbers, or of the n-grams' where they are alone.
    blend: the weight of each part of the model in its logits, summing to one: of the network in model.onnx, and of the
    linear model on n-grams in ngrams.npz, which reads the whole of a text. A part that isn't named isn't there.
    metrics, training: figures and origin as JSON, for people and audits; scoring doesn't read them.
    files: sha256 (hex) by file name of every file but the manifest; `seal` fills it in.
    """

    format: Literal[2] = FORMAT
    heads: Annotated[tuple[Head, ...], Field(min_length=1)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    cleaning: str
    max_tokens: Annotated[int, Field(ge=0, le=8192)]
    windows: Windows | None = None
    precision: Precision
    blend: Annotated[dict[Part, Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)] = {GRAPH: 1.0}
    fields: tuple[FieldSpec, ...] = ()
    metrics: dict[str, JsonValue] = {}
    training: dict[str, JsonValue] = {}
    files: dict[str, Sha256] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({head.name for head in self.heads}) < len(self.heads):
            raise ValueError("heads must differ in name")
        if len({spec.name for spec in self.fields}) < len(self.fields):
            raise ValueError("fields must differ in name")
        if not math.isclose(sum(self.blend.values()), 1.0, abs_tol=1e-6):
            raise ValueError("blend: the weights must sum to one")
        if NGRAMS in self.blend and self.each_token:
            raise ValueError("blend: n-grams of a text don't find entities")
        if (self.max_tokens < 4) if GRAPH in self.blend else (self.max_tokens > 0):
            raise ValueError("max_tokens must be 4 or more with a network, and 0 without")
        if self.windows is not None and GRAPH not in self.blend:
            raise ValueError("windows belong to a network")
        if unknown := self.files.keys() - self.required_files - OPTIONAL_FILES:
            raise ValueError(f"files names {min(unknown)!r}, which no bundle may hold")
        return self

    @property
    def each_token(self) -> bool:
        """Whether the graph gives a row of logits a token."""
        return any(head.task == "entities" for head in self.heads)

    @property
    def required_files(self) -> frozenset[str]:
        """What must lie in the folder beside the manifest."""
        return frozenset().union(*(REQUIRED_FILES[part] for part in self.blend))

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
