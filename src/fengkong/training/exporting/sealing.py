"""A trained network becomes a sealed bundle, in the fastest format that still says what the network says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import onnx
from tokenizers import Tokenizer

from fengkong.domain.canonical import plain
from fengkong.domain.documents import Example
from fengkong.domain.errors import BaseModelError, InputError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.manifest import GRAPH, NGRAMS, Manifest
from fengkong.scoring.ngrams import NgramModel
from fengkong.scoring.packing import pack
from fengkong.scoring.tokens import Tokeniser
from fengkong.text.cleaning import clean
from fengkong.training.exporting.card import ModelCard
from fengkong.training.exporting.comparison import Comparison
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.exporting.parity import Attempt, ParityReport
from fengkong.training.exporting.quantising import Feed, measure_products, quantise
from fengkong.training.exporting.sensitivity import most_sensitive_first
from fengkong.training.exporting.writing import check_free, write_bundle
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.tasks.kind import Kind

__all__ = ["Exported", "export_bundle"]

SCALE_TEXTS = 256  # to settle the scales of int8
SENSITIVITY_FEEDS = 4  # batches of those texts, to rank the products by
KEPT_IN_FP32 = (2, 4, 8)
FEWEST_COMPARED, MOST_COMPARED = 500, 2000


@dataclass(frozen=True, slots=True)
class Exported:
    """A sealed bundle: its folder, its manifest, and how near it is to the trained network."""

    path: Path
    manifest: Manifest
    parity: ParityReport


def export_bundle(
    network: TextClassifier,
    tokenizer: Tokenizer,
    folder: str | Path,
    manifest: Manifest,
    *,
    kind: Kind,
    dev: Sequence[Example],
    train: Sequence[Example] = (),
    recipe: str | None = None,
    ngrams: NgramModel | None = None,
) -> Exported:
    """Seal a trained network into a new folder; nothing is there until all of it is.

    kind: what was learnt. manifest: all that is known; `precision`, `files` and `metrics["parity"]` are filled in here.
    dev: texts on which each format must agree with the network. train: texts that settle the scales of int8, and
    that join the comparison where dev has under 500 texts; dev where there is none.
    recipe: the recipe's TOML text, kept beside the weights to train again from. ngrams: the other member, where the
    manifest's blend has two.

    Tried in turn, until one has at least 99% equal answers and loses at most 0.5 points of its metric: int8; int8 with
    the most sensitive products in fp32; fp32. The whole road is compared, from raw text to probability.
    Raises SettingsError (the folder is taken), InputError (no dev text), BaseModelError (not even fp32 agrees, or this
    kind of base can't be exported), BundleError (the parts don't fit each other) and FacilityError (disk).
    """
    folder = Path(folder)
    check_free(folder)
    if not dev:
        raise InputError("there is no dev text to compare the export on", cure="give a dev split")
    final = settled(network)
    tokenizer.no_padding()
    tokenizer.enable_truncation(manifest.max_tokens)
    tokenizer_json = tokenizer.to_str(pretty=True).encode()
    # What settles the scales is not what they are judged on.
    scaled, fresh = (train[::2], train[1::2]) if train else (dev, ())
    compared = [*_spaced(dev, MOST_COMPARED), *_spaced(fresh, max(0, FEWEST_COMPARED - len(dev)))]
    dev_texts = min(len(dev), MOST_COMPARED)
    comparison = Comparison(final, tokenizer, manifest, kind, compared, dev_texts=dev_texts, ngrams=ngrams)
    ngram_bytes = ngrams.to_bytes() if ngrams is not None else b""
    tried: list[Attempt] = []
    for form in _formats(to_onnx(final), list(_feeds(tokenizer_json, manifest, _spaced(scaled, SCALE_TEXTS)))):
        model = form.model.SerializeToString(deterministic=True)
        candidate = manifest.model_copy(update={"precision": form.precision})
        tried.append(comparison.attempt(form.name, Bundle(folder, candidate, model, tokenizer_json, ngram_bytes)))
        if tried[-1].accepted:
            break
    else:
        raise BaseModelError(
            "the exported model doesn't say what the trained one says",
            received=f"{tried[-1].agreement:.1%} equal answers in fp32",
            cure="choose another base",
        )
    parity = ParityReport(len(compared), tuple(tried))
    described = candidate.model_copy(update={"metrics": {**manifest.metrics, "parity": plain(parity)}})
    parts = {
        GRAPH: model,
        "tokenizer.json": tokenizer_json,
        "model_card.md": ModelCard(described, parity).to_markdown().encode(),
    }
    if ngram_bytes:
        parts[NGRAMS] = ngram_bytes
    if recipe is not None:
        parts["recipe.toml"] = recipe.encode()
    return Exported(folder, write_bundle(folder, parts, described, network=final), parity)


class _Form(NamedTuple):
    name: str
    precision: Literal["int8", "fp32"]
    model: onnx.ModelProto


def _formats(graph: onnx.ModelProto, feeds: Sequence[Feed]) -> Iterator[_Form]:
    """The formats, fastest first. What a later one needs is worked out only when it is asked for."""
    products = measure_products(graph, feeds)
    if products:
        yield _Form("int8", "int8", quantise(graph, products))
        ranked = most_sensitive_first(graph, products, feeds[:SENSITIVITY_FEEDS])
        for kept in (count for count in KEPT_IN_FP32 if count < len(products)):
            mixed = quantise(graph, products, keep=ranked[:kept])
            yield _Form(f"int8 with its {kept} most sensitive products in fp32", "int8", mixed)
    yield _Form("fp32", "fp32", graph)


def _feeds(tokenizer_json: bytes, manifest: Manifest, examples: Sequence[Example]) -> Iterator[Feed]:
    """Batches of texts as the graph takes them."""
    tokeniser = Tokeniser(tokenizer_json, manifest.max_tokens)
    tokens = tokeniser.encode([clean(ex.text).text for ex in examples], [clean(ex.pair).text for ex in examples])
    rows = FieldEncoder(manifest.fields).encode([ex.fields for ex in examples]) if manifest.fields else None
    for batch in pack([token.ids for token in tokens], tokeniser.pad):
        feed: dict[str, np.ndarray] = {"input_ids": batch.ids, "attention_mask": batch.mask}
        yield feed if rows is None else {**feed, "fields": rows[batch.rows]}


def _spaced(examples: Sequence[Example], most: int) -> list[Example]:
    """At most so many of them, evenly spaced."""
    count = min(len(examples), most)
    return [examples[place * len(examples) // count] for place in range(count)]
