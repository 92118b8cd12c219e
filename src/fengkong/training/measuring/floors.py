"""The models that a tuned one must beat, trained in the same run on the same rows.

- majority: the label shares of the training set, whatever the text says;
- fields: a logistic regression on the fields alone, where there are any;
- tfidf: TF-IDF of word and character n-grams, and the fields where there are any, under a logistic regression;
- frozen: the base model before fine-tuning, as a linear probe (Alain & Bengio 2016): a logistic regression on its
  pooled embeddings. An untouched classification head is random and would be no floor at all.

scikit-learn models live in memory only; none is ever saved.
"""

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # scipy ships no types
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from fengkong.domain import InputError
from fengkong.training.measuring.bootstrap import FloatArray, IntArray

__all__ = ["Floor", "Inputs", "train_floors"]

STRENGTHS = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)  # inverse regularisation, from smooth to sharp
MAX_STEPS = 100  # enough to rank the strengths; the last digits of an optimum would only cost time
MAX_FEATURES = 50_000
WORD = r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]"  # a Latin word or number, or one Han character
RARE_FROM = 100  # with fewer texts than this, an n-gram that occurs once may still be the one that tells

Columns = Mapping[str, Any]  # by set: a dense array or a sparse one, (n, width)


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


def train_floors(sets: Mapping[str, Inputs], y_train: IntArray, y_dev: IntArray, k: int) -> Iterator[Floor]:
    """Train each floor on sets["train"], choose its strength by log loss on sets["dev"], answer every other set.

    One floor is yielded at a time, so that progress can be shown. Labels are numbers 0..k-1; one that does not occur
    in training gets probability zero. Raises InputError where training has one label only, or texts without a word.
    """
    if np.unique(y_train).size < 2:
        raise InputError("a floor can't be trained on one label only", cure="add examples of another label")
    shares = np.bincount(y_train, minlength=k) / y_train.size
    yield Floor("majority", {name: np.tile(shares, (len(sets[name].texts), 1)) for name in _answered(sets)}, 0.0)
    fields = _standardised({name: inputs.fields for name, inputs in sets.items()})
    embeddings = _standardised({name: inputs.embeddings for name, inputs in sets.items()})
    if fields is not None:
        yield _linear("fields", fields, y_train, y_dev, k, time.perf_counter())
    started = time.perf_counter()
    yield _linear("tfidf", _beside(_tfidf(sets), fields), y_train, y_dev, k, started)
    if embeddings is not None:
        yield _linear("frozen", _beside(embeddings, fields), y_train, y_dev, k, time.perf_counter())


def _answered(sets: Mapping[str, Inputs]) -> list[str]:
    return [name for name in sets if name != "train"]


def _tfidf(sets: Mapping[str, Inputs]) -> Columns:
    """Word 1-2-grams (of Chinese, characters) and character 1-5-grams, side by side."""
    train = sets["train"].texts
    shared: dict[str, Any] = {
        "min_df": 2 if len(train) >= RARE_FROM else 1,
        "max_features": MAX_FEATURES,
        "sublinear_tf": True,
        "dtype": np.float32,
    }
    kinds = (
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
        TfidfVectorizer(analyzer="char", ngram_range=(1, 5), **shared),
    )
    fitted = [vectorizer for vectorizer in kinds if _learns(vectorizer, train)]
    if not fitted:
        raise InputError(
            "the training texts have nothing in common to learn from",
            cure="check that the text column is the right one",
        )
    return {
        name: sparse.csr_array(sparse.hstack([vectorizer.transform(inputs.texts) for vectorizer in fitted]))
        for name, inputs in sets.items()
    }


def _learns(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> bool:
    """Fit it; False where no n-gram is left, as with words of which none occurs twice."""
    try:
        vectorizer.fit(texts)
    except ValueError:  # scikit-learn's way to say so
        return False
    return True


def _standardised(sets: Mapping[str, NDArray[np.floating] | None]) -> Columns | None:
    """Each column to mean zero and spread one on train; None where the sets have no such columns."""
    present = {name: values for name, values in sets.items() if values is not None and values.shape[1]}
    if len(present) < len(sets):
        return None
    scaler = StandardScaler().fit(present["train"])
    return {name: scaler.transform(values) for name, values in present.items()}


def _beside(first: Columns, second: Columns | None) -> Columns:
    if second is None:
        return first
    if any(sparse.issparse(block) for block in first.values()):
        return {name: sparse.csr_array(sparse.hstack([first[name], second[name]])) for name in first}
    return {name: np.hstack([first[name], second[name]]) for name in first}


def _linear(name: str, columns: Columns, y_train: IntArray, y_dev: IntArray, k: int, started: float) -> Floor:
    """The logistic regression of the strength that dev likes best: sharper until the log loss there rises."""
    best: dict[str, FloatArray] = {}
    lowest = np.inf
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=MAX_STEPS, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(columns["train"], y_train)
        answers = {name: _spread(model, columns[name], k) for name in columns if name != "train"}
        loss = log_loss(y_dev, answers["dev"], labels=range(k))
        if loss >= lowest:
            break
        best, lowest = answers, loss
    return Floor(name, best, time.perf_counter() - started)


def _spread(model: LogisticRegression, columns: Any, k: int) -> FloatArray:
    """Probabilities (n, k) of all labels, those unknown to the model included."""
    known = np.asarray(model.predict_proba(columns), dtype=np.float64)
    probabilities = np.zeros((known.shape[0], k))
    probabilities[:, model.classes_] = known / known.sum(axis=1, keepdims=True)
    return probabilities
