"""Floors learn what a linear model can, in both languages, with and without fields, and refuse what they can't."""

import numpy as np
import pytest

from fengkong.domain import InputError
from fengkong.training.measuring.floors import Inputs, train_floors
from fengkong.training.measuring.metrics import classification_metrics

WORDS = {
    "en": (("steady salary", "home repair", "paid on time"), ("missed payments", "payday loans", "wants cash today")),
    "zh": (("工资稳定", "装修住房", "按时还款"), ("多次逾期", "网贷缠身", "今天急用现金")),
}


def applications(language: str, n: int, seed: int):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    texts = ["，".join(rng.choice(WORDS[language][label], 2)) + f"。{rng.integers(1000)}" for label in y]
    return texts, y


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tfidf_learns_words_that_majority_cannot(language):
    sets, y = {}, {}
    for seed, (name, n) in enumerate((("train", 120), ("dev", 40), ("test", 60))):
        texts, y[name] = applications(language, n, seed)
        sets[name] = Inputs(texts)
    majority, tfidf = train_floors(sets, y["train"], 2)
    assert (majority.name, tfidf.name) == ("majority", "tfidf")
    assert set(tfidf.probabilities) == {"dev", "test"}
    labels = ("good", "bad")
    assert classification_metrics(y["test"], tfidf.probabilities["test"], labels).macro_f1.value > 0.95
    flat = classification_metrics(y["test"], majority.probabilities["test"], labels)
    assert flat.binary.auc.value == 0.5
    assert majority.probabilities["test"][0, 1] == pytest.approx(y["train"].mean())


def test_tfidf_reads_parts_of_words_that_never_repeat():
    rng = np.random.default_rng(4)
    y = {name: rng.integers(0, 2, 120) for name in ("train", "dev", "test")}
    sets = {
        name: Inputs([f"{rng.integers(1e6)}{('clean', 'fraud')[label]}{rng.integers(1e6)}" for label in y[name]])
        for name in y
    }
    tfidf = list(train_floors(sets, y["train"], 2))[1]
    assert (tfidf.probabilities["test"].argmax(axis=1) == y["test"]).mean() > 0.95


def test_fields_and_embeddings_are_used_where_there_are_any():
    rng = np.random.default_rng(0)
    sizes = {"train": 200, "dev": 80, "test": 200}
    y = {name: rng.integers(0, 2, n) for name, n in sizes.items()}
    sets = {
        name: Inputs(
            ["the same words for everyone"] * n,
            fields=np.stack([1000.0 + 900 * y[name] + rng.normal(0, 100, n), np.full(n, 3.0)], axis=1),
            embeddings=rng.normal(0, 1, (n, 6)),
        )
        for name, n in sizes.items()
    }
    floors = {floor.name: floor for floor in train_floors(sets, y["train"], 2)}
    assert list(floors) == ["majority", "fields", "tfidf", "frozen"]
    for name in ("tfidf", "frozen"):
        found = classification_metrics(y["test"], floors[name].probabilities["test"], ("no", "yes"), resamples=0)
        assert found.binary.auc.value > 0.95


def test_the_frozen_floor_reads_the_embeddings():
    rng = np.random.default_rng(1)
    y = {name: rng.integers(0, 3, 90) for name in ("train", "dev", "test")}
    sets = {name: Inputs(["word"] * 90, embeddings=np.eye(3)[y[name]] + rng.normal(0, 0.1, (90, 3))) for name in y}
    frozen = list(train_floors(sets, y["train"], 3))[-1]
    assert (frozen.probabilities["test"].argmax(axis=1) == y["test"]).mean() > 0.95


def test_a_label_that_training_never_saw_gets_probability_zero():
    texts = ["good text", "bad text"] * 10
    y = np.array([0, 2] * 10)
    sets = {"train": Inputs(texts), "dev": Inputs(texts), "test": Inputs(["good text", "unheard of"])}
    for floor in train_floors(sets, y, 4):
        assert floor.probabilities["test"].shape == (2, 4)
        assert (floor.probabilities["test"][:, [1, 3]] == 0).all()
        assert np.allclose(floor.probabilities["test"].sum(axis=1), 1)


def test_one_label_only_and_texts_without_words_are_refused():
    sets = {name: Inputs(["a text", "another"]) for name in ("train", "dev")}
    with pytest.raises(InputError, match="one label only"):
        next(train_floors(sets, np.array([1, 1]), 2))
    blank = {name: Inputs(["", ""]) for name in ("train", "dev")}
    with pytest.raises(InputError, match="nothing in common"):
        list(train_floors(blank, np.array([0, 1]), 2))


def test_several_labels_a_text():
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, (200, 2))
    words = np.array(["fraud", "late"])
    texts = [" and ".join(["news", *words[row == 1]]) for row in y]
    sets = {name: Inputs(texts) for name in ("train", "dev", "test")}
    majority, tfidf = train_floors(sets, y.astype(np.float32), 2)
    assert majority.probabilities["test"][0] == pytest.approx(y.mean(axis=0))
    assert ((tfidf.probabilities["test"] >= 0.5) == y).all()
