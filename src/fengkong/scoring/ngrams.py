"""A linear model on n-grams: TF-IDF of words and characters times weights. Small, fast, and no graph to load.

On a few hundred texts it is often the best model there is, and beside a transformer it knows the rare words better.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.errors import BundleError
from fengkong.scoring.ngram_features import Vocabulary, prepared

__all__ = ["Features", "NgramModel", "chunks", "ngram_text", "tfidf"]

_CHUNK = 1 << 17
"""Characters that are counted at a time: enough to keep numpy busy, and the bound on memory."""
_PRODUCTS = 1 << 18
"""Products of weights and values that are held at a time."""
_CURE = "restore the bundle or export the model again"
_ARRAYS = {"vocabulary": "u1", "idf": "f4", "weights": "f2", "bias": "f4", "field_weights": "f4"}


@dataclass(frozen=True, slots=True)
class Features:
    """A sparse matrix by its entries, sorted by text: text number, feature number (int64) and value (float64)."""

    texts: NDArray[np.int64]
    features: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NgramModel:
    """Logits of cleaned texts, and of encoded fields where the model reads them.

    idf: float32 [features], inverse document frequencies. weights: float16 [features, labels]. bias: float32 [labels].
    field_weights: float32 [field width, labels]; no rows where fields are not read.
    """

    vocabulary: Vocabulary
    idf: NDArray[np.float32]
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]
    field_weights: NDArray[np.float32]
    _wide: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError for shapes that don't fit each other and for numbers that are not finite."""
        labels = self.bias.shape[0]
        fits = self.idf.shape == (len(self.vocabulary),) and self.weights.shape == (len(self.vocabulary), labels)
        if not fits or self.bias.shape != (labels,) or self.field_weights.shape[1:] != (labels,):
            raise ValueError("the arrays of an n-gram model don't fit each other")
        if not all(np.isfinite(part).all() for part in (self.idf, self.weights, self.bias, self.field_weights)):
            raise ValueError("the arrays of an n-gram model must be finite")
        object.__setattr__(self, "_wide", self.weights.astype(np.float32))

    @property
    def labels(self) -> int:
        """Columns of the logits."""
        return len(self.bias)

    def logits(self, texts: Sequence[str], fields: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
        """Logits (texts, labels) of cleaned texts and encoded fields (texts, width), None for no fields."""
        logits = np.tile(self.bias, (len(texts), 1))
        for start, chunk in chunks(texts):
            self._add(logits[start : start + len(chunk)], tfidf(self.vocabulary, self.idf, chunk))
        if len(self.field_weights) and fields is not None:
            logits += fields.astype(np.float32) @ self.field_weights
        return logits

    def _add(self, logits: NDArray[np.float32], found: Features) -> None:
        """Add the weights of the features found, some at a time, so that the products stay in the cache."""
        first = np.flatnonzero(np.diff(found.texts, prepend=-1))
        ends = np.append(first[1:], found.texts.size)
        parts = np.searchsorted(ends, np.arange(0, found.texts.size, max(1, _PRODUCTS // self.labels)))
        for begin, end in pairwise([*np.unique(parts).tolist(), first.size]):
            rows = slice(first[begin], ends[end - 1])
            products = self._wide[found.features[rows]] * found.values[rows].astype(np.float32)[:, None]
            logits[found.texts[first[begin:end]]] += np.add.reduceat(products, first[begin:end] - first[begin], axis=0)

    def to_bytes(self) -> bytes:
        """The model as a compressed NumPy archive without any object in it; same model, same bytes."""
        words = json.dumps([self.vocabulary.words, self.vocabulary.characters], ensure_ascii=False)
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            vocabulary=np.frombuffer(words.encode("utf-8", "surrogatepass"), dtype=np.uint8),
            idf=self.idf,
            weights=self.weights,
            bias=self.bias,
            field_weights=self.field_weights,
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, *, labels: int, field_width: int = 0, where: str = "ngrams.npz") -> "NgramModel":
        """The model in these bytes. Raises BundleError: not such an archive, damaged, other labels or fields."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                parts = {name: archive[name] for name in archive.files}
            if {name: part.dtype for name, part in parts.items()} != {n: np.dtype(t) for n, t in _ARRAYS.items()}:
                raise ValueError("other arrays than a model has")
            words, characters = json.loads(parts.pop("vocabulary").tobytes())
            model = cls(Vocabulary(words, characters), **parts)
        except (ValueError, TypeError, KeyError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
            raise BundleError(
                "the n-gram model can't be read", where=where, received=type(error).__name__, cure=_CURE
            ) from error
        if model.labels != labels or len(model.field_weights) != field_width:
            raise BundleError(
                "the n-gram model doesn't fit its manifest",
                where=where,
                received=f"{model.labels} labels, {len(model.field_weights)} numbers of fields",
                cure=_CURE,
            )
        return model


def tfidf(vocabulary: Vocabulary, idf: NDArray[np.floating], texts: Sequence[str]) -> Features:
    """(1 + ln count) x idf of every n-gram in some prepared texts, words and characters each of length one a text.

    Source: Salton & Buckley 1988; scikit-learn's TfidfVectorizer with sublinear_tf, of which this is the equal.
    """
    found = vocabulary.count(texts)
    values = (1 + np.log(found.counts)) * idf[found.features]
    blocks = 2 * found.texts + vocabulary.is_word[found.features]
    lengths = np.sqrt(np.bincount(blocks, weights=values**2))
    return Features(found.texts, found.features, values / lengths[blocks])


def ngram_text(text: str, pair: str) -> str:
    """A cleaned text and its second one as the one text that n-grams are taken from."""
    return f"{text} {pair}" if pair else text


def chunks(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Cleaned texts, prepared, some at a time, with the number of the first one."""
    start, size, chunk = 0, 0, []
    for number, text in enumerate(texts):
        chunk.append(prepared(text))
        size += len(chunk[-1])
        if size >= _CHUNK:
            yield start, chunk
            start, size, chunk = number + 1, 0, []
    if chunk:
        yield start, chunk
