"""The n-gram model counts as scikit-learn counts, says the same numbers, and refuses what is not a model."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from fengkong.domain.errors import BundleError
from fengkong.scoring.ngram_features import NgramText, Vocabulary, prepared
from fengkong.scoring.ngrams import NgramModel

WORD = r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]"
TEXTS = [
    "Nokia's net profit fell 12.5%  to EUR 3.4m",
    "公司净利润下降12%，股价大跌！",
    "profit rose; profit ROSE again",
    "net_profit İstanbul ΑΣ ß",
    "",
    "a",
    "贷款 loan 逾期90天",
]


def fitted(texts, labels=3, seed=0):
    """scikit-learn's vectorisers on these texts and some weights; the same as our model."""
    vectorisers = (
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True).fit(texts),
        TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True).fit(texts),
    )
    words, characters = (list(vectoriser.get_feature_names_out()) for vectoriser in vectorisers)
    idf = np.concatenate([vectoriser.idf_ for vectoriser in vectorisers]).astype(np.float32)
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(len(idf), labels)).astype(np.float16)
    bias = rng.normal(size=labels).astype(np.float32)
    model = NgramModel(Vocabulary(words, characters), idf, weights, bias, np.zeros((0, labels), np.float32))

    def theirs(given):
        columns = sparse.hstack([vectoriser.transform(given) for vectoriser in vectorisers])
        return columns @ weights.astype(np.float64) + bias

    return model, theirs


MODEL, THEIRS = fitted(TEXTS)


def test_it_says_what_scikit_learn_says():
    unseen = ["profit 下降", "something else entirely", " \t\n ", "逾期  逾期 逾期"]
    assert np.allclose(MODEL.logits([*TEXTS, *unseen]), THEIRS([*TEXTS, *unseen]), atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.sampled_from("profit Σσa1_ 净利润逾期，.\n\u3400𠮷İ"), max_size=40), max_size=5))
def test_any_texts_are_read_as_scikit_learn_reads_them(texts):
    assert MODEL.logits(texts).shape == (len(texts), 3)
    if texts:
        assert np.allclose(MODEL.logits(texts), THEIRS(texts), atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_a_vocabulary_of_any_characters_finds_all_of_its_own(texts):
    if not any(NgramText([prepared(text)]).words(1).hashes.size for text in texts):
        texts = [*texts, "word"]
    model, theirs = fitted(texts, seed=1)
    assert np.allclose(model.logits(texts), theirs(texts), atol=1e-5)


def test_long_and_short_texts_don_t_depend_on_their_company():
    long = "profit fell 逾期 " * 12_000
    texts = [*TEXTS, long, *TEXTS]
    alone = np.concatenate([MODEL.logits([text]) for text in texts])
    assert np.allclose(MODEL.logits(texts), alone, atol=1e-6)
    assert np.allclose(alone[7], THEIRS([long])[0], atol=1e-5)


def test_a_text_without_a_known_n_gram_gets_the_bias():
    assert MODEL.logits(["", "\u3042"]) == pytest.approx(np.tile(MODEL.bias, (2, 1)))
    assert MODEL.logits([]).shape == (0, 3)


def test_fields_are_added():
    model = NgramModel(MODEL.vocabulary, MODEL.idf, MODEL.weights, MODEL.bias, np.eye(2, 3, dtype=np.float32))
    fields = np.array([[2.0, 0.0], [0.0, -1.0]])
    assert model.logits(["a", "a"], fields) - MODEL.logits(["a", "a"]) == pytest.approx(
        np.array([[2.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    )


def test_bytes_hold_the_whole_model():
    data = MODEL.to_bytes()
    read = NgramModel.from_bytes(data, labels=3)
    assert (read.logits(TEXTS) == MODEL.logits(TEXTS)).all()
    assert read.to_bytes() == data


def archive(**changes):
    parts = dict(np.load(io.BytesIO(MODEL.to_bytes())))
    stream = io.BytesIO()
    np.savez(stream, **{name: part for name, part in {**parts, **changes}.items() if part is not None})
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive",
        MODEL.to_bytes()[:-200],
        archive(extra=np.zeros(1)),
        archive(bias=None),
        archive(bias=np.zeros(2, np.float32)),
        archive(idf=np.full_like(MODEL.idf, np.nan)),
        archive(vocabulary=np.frombuffer(b'[["a", "a"], []]', np.uint8)),
        archive(vocabulary=np.frombuffer(b'[["three words here"], []]', np.uint8)),
        archive(vocabulary=np.frombuffer(b"{}", np.uint8)),
        archive(weights=np.array([object()], dtype=object)),
    ],
)
def test_what_is_no_model_is_refused(data):
    with pytest.raises(BundleError, match="the n-gram model can't be read"):
        NgramModel.from_bytes(data, labels=3)


def test_a_model_for_other_labels_or_fields_is_refused():
    for wanted in ({"labels": 2}, {"labels": 3, "field_width": 4}):
        with pytest.raises(BundleError, match="doesn't fit its manifest"):
            NgramModel.from_bytes(MODEL.to_bytes(), **wanted)
