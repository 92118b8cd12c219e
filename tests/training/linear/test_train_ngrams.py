"""An n-gram model learns what words and parts of words tell, in both languages, with honest held-out answers."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from fengkong.domain.errors import InputError
from fengkong.training.linear.ngrams import train_ngrams
from fengkong.training.linear.separating import folds_of, separate
from fengkong.training.linear.vocabulary import choose_vocabulary

WORDS = {
    "en": (("steady salary", "home repair", "paid on time"), ("missed payments", "payday loans", "wants cash today")),
    "zh": (("工资稳定", "装修住房", "按时还款"), ("多次逾期", "网贷缠身", "今天急用现金")),
}


def applications(language, n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return ["，".join(rng.choice(WORDS[language][label], 2)) + f"。{rng.integers(1000)}" for label in y], y


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_learns_and_is_calibrated(language):
    texts, y = applications(language, 160, 1)
    noise = np.random.default_rng(2).random(160) < 0.2
    trained = train_ngrams(texts, np.where(noise, 1 - y, y), 2)
    unseen, truth = applications(language, 100, 3)
    logits = trained.model.logits(unseen)
    assert (logits.argmax(axis=1) == truth).mean() > 0.95
    p = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    assert np.where(truth == 1, p, 1 - p).mean() == pytest.approx(0.8, abs=0.1)


def test_held_out_answers_know_nothing_of_their_own_label():
    texts = [f"text number {number} of many" for number in range(200)]
    y = np.random.default_rng(0).integers(0, 2, 200)
    held_out = train_ngrams(texts, y, 2).held_out
    assert (held_out.argmax(axis=1) == y).mean() < 0.65


def test_several_labels_a_text():
    rng = np.random.default_rng(5)
    targets = rng.integers(0, 2, (150, 3))
    targets[:, 2] = 0  # a label without an example
    words = np.array(["reported fraud", "late payment", "never"])
    texts = [" and ".join(["some news", *words[row == 1]]) for row in targets]
    trained = train_ngrams(texts, targets, 3)
    assert ((trained.model.logits(texts) > 0) == targets).all()
    assert ((trained.held_out > 0) == targets).mean() > 0.99


def test_fields_count_as_much_as_words():
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 200)
    fields = np.stack([5000.0 + 900 * y + rng.normal(0, 100, 200), np.full(200, 3.0)], axis=1)
    trained = train_ngrams(["the same words for everyone"] * 200, y, 2, fields=fields)
    assert (trained.model.logits(["other words"] * 200, fields).argmax(axis=1) == y).mean() > 0.97


def test_the_vocabulary_is_that_of_scikit_learn():
    texts, _ = applications("zh", 60, 1)
    texts += applications("en", 60, 2)[0]
    vocabulary, idf = choose_vocabulary(texts)
    word = r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]"
    words = TfidfVectorizer(token_pattern=word, ngram_range=(1, 2), min_df=2).fit(texts)
    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), min_df=2).fit(texts)
    ours = dict(zip([*vocabulary.words, *vocabulary.characters], idf.tolist(), strict=True))
    theirs = {}
    for each in (words, characters):
        theirs |= dict(zip(each.get_feature_names_out(), each.idf_, strict=True))
    assert len(vocabulary) == len(words.idf_) + len(characters.idf_)
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_texts_without_anything_in_common_are_refused():
    with pytest.raises(InputError, match="nothing in common"):
        choose_vocabulary(["", ""])


def test_folds_spread_every_label():
    y = np.array([0] * 40 + [1] * 10)
    folds = folds_of(y, seed=3)
    assert {fold: int((y[folds == fold] == 1).sum()) for fold in range(5)} == dict.fromkeys(range(5), 2)
    assert (folds_of(y, seed=3) == folds).all()


def test_labels_that_train_never_saw_are_never_the_answer():
    rng = np.random.default_rng(1)
    y = np.array([0, 2] * 30)
    found = separate(np.eye(3)[y] + rng.normal(0, 0.1, (60, 3)), y, 4)
    answers = found.logits(rng.normal(0, 3, (50, 3)))
    assert set(answers.argmax(axis=1)) <= {0, 2}
    assert np.isfinite(answers).all()
