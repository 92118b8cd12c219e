"""From a recipe and labelled splits to everything the loop needs: base, tokens, network, plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import torch
from tokenizers import Tokenizer

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.windows import Pooling, Windows
from fengkong.training.bases.finding import Download
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.defaults import Plan, choose_defaults
from fengkong.training.encoding import Encoded, encode
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.field_start import start_field_head
from fengkong.training.networks.token_head import TokenTagger
from fengkong.training.recipe import Recipe
from fengkong.training.tasks.choosing import choose_kind, metric_choice
from fengkong.training.tasks.entities import Entities
from fengkong.training.tasks.kind import Kind
from fengkong.training.tasks.together import Together, tagging_of
from fengkong.training.tuning.state import TrainingState, start_training
from fengkong.training.ways.registry import apply_way, places_left
from fengkong.training.ways.way import count_trained

__all__ = ["Prepared", "prepare"]

UNKNOWN_SHARE = 0.2


@dataclass(frozen=True)
class Prepared:
    """A run about to start: `fine_tune(prepared.start(), prepared.train, prepared.dev)` goes on from here.

    kind: what is learnt, and on which labels. max_tokens: the recipe's, or the base's own limit where that is lower.
    windows: how longer texts are read; None where they are cut.
    findings: what the base may read badly in these texts.
    """

    recipe: Recipe
    kind: Kind
    base: BaseModel
    network: TextClassifier
    max_tokens: int
    windows: Windows | None
    fields: FieldEncoder | None
    train: Encoded
    dev: Encoded
    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the logits."""
        return self.kind.labels

    @property
    def tokenizer(self) -> Tokenizer:
        """The base's tokenizer, set to cut at `max_tokens`."""
        return self.base.tokenizer

    def encode(self, examples: Sequence[Example]) -> Encoded:
        """Other examples (the test split) in the same manner."""
        targets = self.kind.targets(examples)
        return encode(
            examples,
            self.tokenizer,
            targets,
            max_tokens=self.max_tokens,
            fields=self.fields,
            windows=self.windows,
        )

    def start(self) -> TrainingState:
        """The state before the first step."""
        return start_training(self.network, self.kind, self.plan, self.train, self.dev, padding=self.base.padding)


def prepare(
    recipe: Recipe,
    splits: Splits,
    *,
    kind: Kind | None = None,
    fields: FieldEncoder | None = None,
    device: str | None = None,
    tell: Callable[[Download], None] = lambda _: None,
) -> Prepared:
    """Load the base, tokenise train and dev, build the network with its seeded head, and settle the plan.

    kind: what is learnt; found by the recipe and the labels where None.
    fields: turns the fields of documents into numbers, fitted on train; None for text alone.
    device: "cpu" or "cuda"; a GPU where there is one when None.
    tell: hears of a base that is to be fetched, with its licence.
    Raises InputError (an empty split, one label only, no text at all), SettingsError and BaseModelError.
    """
    _check_texts(splits)
    kind = kind or choose_kind(recipe, splits)
    fields = fields if fields is not None and fields.width and not all(tagging_of(kind)) else None
    _check_pairs(kind, splits)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():  # the head starts from the seed, and the caller's stream is left alone
        torch.manual_seed(recipe.seed)
        base = load_base(recipe.base, dropout=recipe.dropout, tell=tell)
        network = _network(base, recipe, kind, fields)
        way = apply_way(base.encoder, recipe)
    max_tokens = min(recipe.max_tokens, places_left(recipe, base.max_tokens))
    windows = _windows(recipe, kind, splits, max_tokens)
    if isinstance(kind, Entities) and isinstance(network, TokenTagger):
        kind = kind.with_base(base.tokenizer, max_tokens, windows, network.transitions)
    elif isinstance(kind, Together):
        kind = kind.with_base(base.tokenizer, max_tokens, windows)
    train, dev = (
        encode(examples, base.tokenizer, kind.targets(examples), max_tokens=max_tokens, fields=fields, windows=windows)
        for examples in (splits.train, splits.dev)
    )
    if network.field_head is not None:
        start_field_head(network.field_head, train, dev, kind.loss)
    trained = count_trained(network, way, recipe)
    plan = choose_defaults(
        recipe,
        train,
        dev,
        labels=len(kind.labels),
        hidden=base.hidden,
        metric=metric_choice(kind),
        trained=trained,
        device=device,
    )
    marks = kind.findings(splits.train) if isinstance(kind, Entities | Together) else ()
    read = _findings(base, train) if recipe.model != "ngrams" else ()  # n-grams alone read no tokens of a base
    findings = (*read, *marks)
    network.to(device).eval()
    return Prepared(recipe, kind, base, network, max_tokens, windows, fields, train, dev, plan, findings)


class _Shape(TypedDict):
    """What every network is told beside its columns."""

    hidden: int
    pooling: Literal["mean", "cls", "last"]
    windows: Pooling | None
    dropout: float
    field_width: int


def _network(base: BaseModel, recipe: Recipe, kind: Kind, fields: FieldEncoder | None) -> TextClassifier:
    tagging = tagging_of(kind)
    shape = _Shape(
        hidden=base.hidden,
        pooling=base.pooling(recipe.pooling),
        windows=recipe.window_pooling if recipe.windows > 1 and not all(tagging) else None,
        dropout=recipe.dropout,
        field_width=fields.width if fields is not None else 0,
    )
    if not any(tagging):
        return TextClassifier(base.encoder, len(tagging), **shape)
    crf = isinstance(kind, Entities) and kind.tag_loss == "crf"
    return TokenTagger(base.encoder, tagging, transitions=crf, **shape)


def _windows(recipe: Recipe, kind: Kind, splits: Splits, max_tokens: int) -> Windows | None:
    """How texts beyond max_tokens are read; None where they are cut. Nothing is pooled where words alone are answered.

    Raises SettingsError for windows that can't move on, or where two texts are read side by side.
    """
    if recipe.windows == 1:
        return None
    pooling = "mean" if all(tagging_of(kind)) else recipe.window_pooling
    windows = Windows(most=recipe.windows, overlap=recipe.overlap, pooling=pooling)
    fault = None
    if windows.overlap > max_tokens // 2:
        fault = f"an overlap of {windows.overlap} in windows of {max_tokens} tokens", "halve the overlap"
    elif any(ex.pair for _, part in splits for ex in part):
        fault = "second texts", "raise max_tokens, or join the two texts into one"
    if fault is not None:
        raise SettingsError("texts can't be read in windows so", where="windows", received=fault[0], cure=fault[1])
    return windows


def _check_pairs(kind: Kind, splits: Splits) -> None:
    """Raises InputError where two texts are read side by side by a network that finds entities."""
    paired = next((ex for _, part in splits for ex in part if ex.pair), None)
    if paired is not None and any(tagging_of(kind)):
        cure = "leave the column of second texts out"
        raise InputError("entities are found in one text, not in two", where=str(paired.place), cure=cure)


def _check_texts(splits: Splits) -> None:
    """Raises InputError where there is nothing to learn from."""
    for name, examples in (("train", splits.train), ("dev", splits.dev)):
        if not examples:
            raise InputError(f"the {name} split is empty", cure="give more examples, or let them be split for you")
        if not any(ex.text.strip() for ex in examples):
            raise InputError(f"every text in the {name} split is empty", cure="check the name of the text column")


def _findings(base: BaseModel, train: Encoded) -> tuple[Finding, ...]:
    found = []
    if train.unknown > UNKNOWN_SHARE:
        found.append(
            Finding(
                "T001",
                Severity.WARNING,
                f"the base {base.name!r} does not know {train.unknown:.0%} of the tokens in these texts",
                cure="take a base of the language that the texts are written in",
            )
        )
    return tuple(found)
