"""The models that a tuned one must beat, trained in the same run on the same rows.

- majority: the label shares of the training set, whatever the text says;
- fields: a linear classifier on the fields alone, where there are any;
- tfidf: the n-gram model that a bundle may hold, on words, characters, and the fields where there are any;
- frozen: the base model before fine-tuning, as a linear probe (Alain & Bengio 2016) on its pooled embeddings, beside
  the fields. An untouched classification head is random and would be no floor at all.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fengkong.domain import InputError
from fengkong.scoring.calibration import sigmoid, softmax
from fengkong.training.linear.ngrams import train_ngrams
from fengkong.training.linear.probe import fit_probe
from fengkong.training.measuring.bootstrap import FloatArray

__all__ = ["Floor", "Inputs", "train_floors"]

Targets = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """One set as the floors see it.

    texts: cleaned, as the tuned model reads them. fields: encoded (n, width), or None where there are none.
    embeddings: pooled by the base model before fine-tuning (n, size), or None to leave out the frozen floor.
    """

    texts: Sequence[str]
    fields: NDArray[np.floating] | None = None
    embeddings: NDArray[np.floating] | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """A trained floor's probabilities (n, k) on each set but train, and the seconds that it took."""

    name: str
    probabilities: Mapping[str, FloatArray]
    seconds: float


def train_floors(sets: Mapping[str, Inputs], targets: Targets, k: int, *, seed: int = 0) -> Iterator[Floor]:
    """Train each floor on sets["train"], choose its strength on held-out folds there, answer every other set.

    One floor is yielded at a time, so that progress can be shown. targets: of train, label numbers 0..k-1 (n,), or 0/1
    (n, k) where a text may bear several labels; a label that does not occur there gets probability zero.
    Raises InputError where training has one label only, or texts without a word.
    """
    if np.unique(targets, axis=0).shape[0] < 2:
        raise InputError("a floor can't be trained on one label only", cure="add examples of another label")
    train, answered = sets["train"], {name: inputs for name, inputs in sets.items() if name != "train"}
    several = targets.ndim == 2
    shares = targets.mean(axis=0) if several else np.bincount(targets, minlength=k) / targets.size

    def floor(name: str, logits: Mapping[str, NDArray[np.floating]], began: float) -> Floor:
        probabilities = {of: (sigmoid(z) if several else softmax(z)) * (shares > 0) for of, z in logits.items()}
        if not several:
            probabilities = {of: p / p.sum(axis=1, keepdims=True) for of, p in probabilities.items()}
        return Floor(name, probabilities, time.perf_counter() - began)

    yield Floor("majority", {name: np.tile(shares, (len(one.texts), 1)) for name, one in answered.items()}, 0.0)
    if _fields(train):
        began = time.perf_counter()
        of_fields = fit_probe(_fields(train), targets, k, seed=seed).probe
        yield floor("fields", {name: of_fields.logits(_fields(one)) for name, one in answered.items()}, began)
    began = time.perf_counter()
    ngrams = train_ngrams(train.texts, targets, k, fields=train.fields, seed=seed).model
    yield floor("tfidf", {name: ngrams.logits(one.texts, one.fields) for name, one in answered.items()}, began)
    if train.embeddings is not None:
        began = time.perf_counter()
        frozen = fit_probe(_vectors(train), targets, k, seed=seed).probe
        yield floor("frozen", {name: frozen.logits(_vectors(one)) for name, one in answered.items()}, began)


def _fields(inputs: Inputs) -> list[NDArray[np.floating]]:
    return [] if inputs.fields is None or not inputs.fields.shape[1] else [inputs.fields]


def _vectors(inputs: Inputs) -> list[NDArray[np.floating]]:
    return [*([] if inputs.embeddings is None else [inputs.embeddings]), *_fields(inputs)]
