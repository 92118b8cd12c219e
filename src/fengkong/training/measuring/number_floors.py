"""The models that must be beaten where a number is foretold, trained in the same run on the same rows.

- mean: the mean of train, whatever the text says;
- tfidf: a ridge regression (Hoerl & Kennard 1970) on the n-grams of the texts, and the fields where there are any;
- frozen: the same on the pooled embeddings of the base before fine-tuning, and the fields.

The penalty is chosen on held-out folds of train.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # scipy ships no types
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from fengkong.training.encoding import Float32s
from fengkong.training.linear.ngrams import ngram_matrix
from fengkong.training.linear.vocabulary import choose_vocabulary
from fengkong.training.measuring.floors import Floor, Inputs

__all__ = ["train_number_floors"]

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
FOLDS = 3


def train_number_floors(
    sets: Mapping[str, Inputs], targets: Float32s, *, mean: float, spread: float
) -> Iterator[Floor]:
    """Train each floor on sets["train"] and answer every other set with numbers (n, 1) in their own unit.

    targets: of train, standardised by mean and spread.
    """
    answered = {name: inputs for name, inputs in sets.items() if name != "train"}
    yield Floor("mean", {name: np.full((len(one.texts), 1), mean) for name, one in answered.items()}, 0.0)
    yield _ridge("tfidf", _beside(_ngrams(sets), sets), targets, mean, spread)
    if sets["train"].embeddings is not None:
        yield _ridge("frozen", _beside(_embeddings(sets), sets), targets, mean, spread)


Columns = Mapping[str, Any]  # by set: a dense array or a sparse one, (n, width)


def _ridge(name: str, columns: Columns, targets: Float32s, mean: float, spread: float) -> Floor:
    began = time.perf_counter()
    model = RidgeCV(alphas=PENALTIES, cv=FOLDS).fit(columns["train"], targets)
    found = {of: mean + spread * model.predict(rows)[:, None] for of, rows in columns.items() if of != "train"}
    return Floor(name, found, time.perf_counter() - began)


def _ngrams(sets: Mapping[str, Inputs]) -> Columns:
    vocabulary, idf = choose_vocabulary(sets["train"].texts)
    return {name: ngram_matrix(vocabulary, idf, inputs.texts) for name, inputs in sets.items()}


def _embeddings(sets: Mapping[str, Inputs]) -> Columns:
    return _standardised({name: inputs.embeddings for name, inputs in sets.items()})


def _beside(columns: Columns, sets: Mapping[str, Inputs]) -> Columns:
    """The columns, and the fields beside them where there are any."""
    if sets["train"].fields is None or not sets["train"].fields.shape[1]:
        return columns
    fields = _standardised({name: inputs.fields for name, inputs in sets.items()})
    if sparse.issparse(columns["train"]):
        return {name: sparse.csr_array(sparse.hstack([columns[name], fields[name]])) for name in columns}
    return {name: np.hstack([columns[name], fields[name]]) for name in columns}


def _standardised(sets: Mapping[str, NDArray[np.floating] | None]) -> Columns:
    """Each column to mean zero and spread one on train."""
    scaler = StandardScaler().fit(sets["train"])
    return {name: scaler.transform(values) for name, values in sets.items()}
