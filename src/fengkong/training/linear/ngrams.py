"""An n-gram model from labelled texts: vocabulary, weights, and what it says of rows that it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse  # type: ignore[import-untyped]  # scipy ships no types

from fengkong.scoring.ngram_features import Vocabulary
from fengkong.scoring.ngrams import NgramModel, chunks, tfidf
from fengkong.training.linear.probe import Block
from fengkong.training.linear.separating import separate
from fengkong.training.linear.vocabulary import choose_vocabulary

__all__ = ["TrainedNgrams", "ngram_matrix", "train_ngrams"]


@dataclass(frozen=True, slots=True)
class TrainedNgrams:
    """model: as it will score, its weights rounded already. strength: inverse regularisation, chosen on held-out folds.

    held_out: calibrated logits [texts, labels] of each training text by a model that did not see it.
    """

    model: NgramModel
    held_out: NDArray[np.float64]
    strength: float


def train_ngrams(
    texts: Sequence[str],
    targets: ArrayLike,
    labels: int,
    *,
    fields: NDArray[np.floating] | None = None,
    seed: int = 0,
) -> TrainedNgrams:
    """TF-IDF of word and character n-grams, and fields where there are any, under a linear classifier.

    texts: cleaned. targets: label numbers [texts], or 0/1 [texts, labels]. fields: encoded [texts, width].
    Vocabulary and document frequencies are counted on all texts, held-out ones included: they know no label.
    Raises InputError where the texts have no n-gram in common.
    """
    vocabulary, idf = choose_vocabulary(texts)
    columns = ngram_matrix(vocabulary, idf, texts)
    width = len(vocabulary)
    if fields is None or not fields.shape[1]:
        found = separate(columns, targets, labels, seed=seed)
        model = _sealed(vocabulary, idf, found.weights, found.bias, np.zeros((0, labels)))
        return TrainedNgrams(model, found.held_out, found.strength)
    block = Block.fit(fields)
    beside = sparse.csr_array(sparse.hstack([columns, block.apply(fields)]))
    found = separate(beside, targets, labels, seed=seed)
    field_weights, shift = block.plain(found.weights[width:])
    model = _sealed(vocabulary, idf, found.weights[:width], found.bias + shift, field_weights)
    return TrainedNgrams(model, found.held_out, found.strength)


def ngram_matrix(vocabulary: Vocabulary, idf: NDArray[np.float32], texts: Sequence[str]) -> sparse.csr_array:
    """The weighted n-grams of cleaned texts, sparse [texts, features]."""
    rows, columns, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for start, chunk in chunks(texts):
        found = tfidf(vocabulary, idf, chunk)
        rows.append(start + found.texts)
        columns.append(found.features)
        values.append(found.values)
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    matrix = sparse.csr_array(entries, shape=(len(texts), len(vocabulary)))
    # liblinear counts entries in 32 bits.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix


def _sealed(
    vocabulary: Vocabulary,
    idf: NDArray[np.float32],
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    field_weights: NDArray[np.float64],
) -> NgramModel:
    return NgramModel(
        vocabulary,
        idf,
        weights.astype(np.float16),
        bias.astype(np.float32),
        field_weights.astype(np.float32),
    )
