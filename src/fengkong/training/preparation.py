"""From a recipe and labelled splits to everything the loop needs: base, tokens, network, plan."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.fields import FieldEncoder
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.defaults import Plan, choose_defaults
from fengkong.training.encoding import Encoded, encode
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.field_start import start_field_head
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.state import TrainingState, start_training
from fengkong.training.ways.registry import apply_way, places_left
from fengkong.training.ways.way import count_trained

__all__ = ["Prepared", "prepare"]

UNKNOWN_SHARE = 0.2


@dataclass(frozen=True)
class Prepared:
    """A run about to start: `fine_tune(prepared.start(), prepared.train, prepared.dev)` goes on from here.

    labels: in the order of the logits. max_tokens: the recipe's, or the base's own limit where that is lower.
    findings: what the base may read badly in these texts.
    """

    recipe: Recipe
    labels: tuple[str, ...]
    base: BaseModel
    network: TextClassifier
    max_tokens: int
    fields: FieldEncoder | None
    train: Encoded
    dev: Encoded
    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def tokenizer(self) -> Tokenizer:
        """The base's tokenizer, set to cut at `max_tokens`."""
        return self.base.tokenizer

    def encode(self, examples: Sequence[Example]) -> Encoded:
        """Other examples (the test split) in the same manner."""
        return encode(examples, self.tokenizer, self.labels, max_tokens=self.max_tokens, fields=self.fields)

    def start(self) -> TrainingState:
        """The state before the first step."""
        return start_training(self.network, self.plan, self.train, self.dev, padding=self.base.padding)


def prepare(
    recipe: Recipe, splits: Splits, *, fields: FieldEncoder | None = None, device: str | None = None
) -> Prepared:
    """Load the base, tokenise train and dev, build the network with its seeded head, and settle the plan.

    fields: turns the fields of documents into numbers, fitted on train; None for text alone.
    device: "cpu" or "cuda"; a GPU where there is one when None.
    Raises InputError (an empty split, one label only, no text at all) and BaseModelError.
    """
    labels = _labels(splits)
    fields = fields if fields is not None and fields.width else None
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():  # the head starts from the seed, and the caller's stream is left alone
        torch.manual_seed(recipe.seed)
        base = load_base(recipe.base, dropout=recipe.dropout)
        network = TextClassifier(
            base.encoder,
            len(labels),
            hidden=base.hidden,
            pooling=recipe.pooling,
            dropout=recipe.dropout,
            field_width=fields.width if fields is not None else 0,
        )
        way = apply_way(base.encoder, recipe)
    max_tokens = min(recipe.max_tokens, places_left(recipe, base.max_tokens))
    train, dev = (
        encode(examples, base.tokenizer, labels, max_tokens=max_tokens, fields=fields)
        for examples in (splits.train, splits.dev)
    )
    if network.field_head is not None:
        start_field_head(network.field_head, train, dev)
    trained = count_trained(network, way, recipe)
    plan = choose_defaults(recipe, train, dev, labels=len(labels), hidden=base.hidden, trained=trained, device=device)
    network.to(device).eval()
    return Prepared(recipe, labels, base, network, max_tokens, fields, train, dev, plan, _findings(base, train))


def _labels(splits: Splits) -> tuple[str, ...]:
    """The labels of the training split, sorted. Raises InputError where there is nothing to learn from."""
    for name, examples in (("train", splits.train), ("dev", splits.dev)):
        if not examples:
            raise InputError(f"the {name} split is empty", cure="give more examples, or let them be split for you")
        if not any(ex.text.strip() for ex in examples):
            raise InputError(f"every text in the {name} split is empty", cure="check the name of the text column")
    labels = tuple(sorted({ex.label for ex in splits.train}))
    if len(labels) < 2:
        raise InputError(
            "the training split holds one label only",
            received=repr(labels[0]),
            cure="give examples of at least two labels, and check the name of the label column",
        )
    return labels


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
