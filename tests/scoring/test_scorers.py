"""One battery over every scorer: what `TextScorer` promises holds for the real one and the fake one."""

from collections.abc import Callable

import numpy as np
import pytest

from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fake import FakeScorer
from fengkong.scoring.protocol import TextScorer
from fengkong.scoring.scorer import Scorer

TEXTS = ["the loan is urgent fraud", "the company is calm", "", "这家公司诈骗", "还款很稳", "URGENT", "nothing known"]
KEYWORDS = {"urgent": 0.9, "fraud": 0.8, "诈骗": 0.95, "calm": 0.05, "稳": 0.05}

Make = Callable[..., TextScorer]


@pytest.fixture(params=["real", "fake"])
def make(request, tiny_bundle) -> Make:
    def real(labels: tuple[str, ...] = ("low", "high"), positive: str | None = "high") -> TextScorer:
        return Scorer(Bundle.load(tiny_bundle(labels, positive=positive)), threads=1)

    def fake(labels: tuple[str, ...] = ("low", "high"), positive: str | None = "high") -> TextScorer:
        return FakeScorer("risk", labels, KEYWORDS, positive=positive)

    return real if request.param == "real" else fake


def documents(texts: list[str]) -> list[Document]:
    return [Document(text) for text in texts]


def test_it_says_who_answers(make: Make) -> None:
    scorer = make(("low", "high"))
    assert (scorer.name, scorer.labels, scorer.positive) == ("risk", ("low", "high"), "high")
    assert scorer.bundle_id
    assert {sig.bundle for sig in scorer.score(documents(TEXTS))} == {scorer.bundle_id}


def test_a_signal_holds_the_row_of_probabilities(make: Make) -> None:
    scorer = make()
    table = scorer.probabilities(TEXTS)
    assert table.shape == (len(TEXTS), 2)
    assert table.dtype == np.float64
    np.testing.assert_allclose(table.sum(axis=1), 1)
    for sig, row in zip(scorer.score(documents(TEXTS)), table, strict=True):
        assert tuple(sig.probabilities) == scorer.labels
        assert list(sig.probabilities.values()) == row.tolist()
        assert sig.label == scorer.labels[row.argmax()]
        assert sig.p == sig.probabilities["high"]
        assert not sig.failed


def test_words_move_the_score_in_both_languages(make: Make) -> None:
    urgent, calm, _, swindle, steady, shouted, _ = (sig.p for sig in make().score(documents(TEXTS)))
    assert min(urgent, swindle, shouted) > 0.6
    assert max(calm, steady) < 0.4


def test_answers_come_in_the_order_asked_and_regardless_of_company(make: Make) -> None:
    scorer = make()
    texts = [text + " please" * (at % 7) for at, text in enumerate(TEXTS * 5)]
    together = scorer.probabilities(texts)
    alone = np.concatenate([scorer.probabilities([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    np.testing.assert_allclose(scorer.probabilities(texts[::-1]), together[::-1], rtol=0, atol=1e-6)


def test_no_texts_no_answers(make: Make) -> None:
    assert make().score([]) == []


def test_an_empty_table_keeps_its_columns(make: Make) -> None:
    assert make(("a", "b", "c"), None).probabilities([]).shape == (0, 3)


def test_without_a_positive_p_is_that_of_the_label(make: Make) -> None:
    for sig in make(("a", "b", "c"), None).score(documents(TEXTS)):
        assert sig.p == max(sig.probabilities.values())


def test_what_is_invisible_or_disguised_changes_nothing(make: Make) -> None:
    plain, *disguised = make().probabilities(
        ["urgent fraud", "ur\u200bgent fraud", "ＵＲＧＥＮＴ fraud", "urgеnt fraud"]
    )
    for row in disguised:
        np.testing.assert_allclose(row, plain)


def test_texts_from_hell_are_scored(make: Make) -> None:
    texts = ["\x00\x07", "a\ud800b", "\ufeff", "🏦" * 500, "[SEP][PAD][MASK]", "x" * 5000, "\u202eevil"]
    assert not any(sig.failed for sig in make().score(documents(texts)))


def test_each_text_needs_its_own_fields(make: Make) -> None:
    with pytest.raises(InputError, match="2 texts, 1 fields"):
        make().probabilities(["a", "b"], [{}])


def test_fields_that_the_scorer_does_not_know_are_ignored(make: Make) -> None:
    scorer = make()
    np.testing.assert_array_equal(scorer.probabilities(["a"], [{"shoe_size": 43}]), scorer.probabilities(["a"]))


def test_the_fake_adds_causes_up_and_shares_the_rest() -> None:
    scorer = FakeScorer("fraud", ("none", "phishing", "other"), {"bank": 0.5, "Prize": 0.8}, positive="phishing")
    both, one, none = scorer.probabilities(["a prize from your BANK", "bank", "hello"])
    assert both.tolist() == pytest.approx([0.05, 0.9, 0.05])
    assert one.tolist() == [0.25, 0.5, 0.25]
    assert none.tolist() == pytest.approx([0.45, 0.1, 0.45])
    same, other = FakeScorer("fraud"), FakeScorer("fraud", otherwise=0.2)
    assert same.bundle_id == FakeScorer("fraud").bundle_id != other.bundle_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": ["one"]},
        {"labels": ["same", "same"]},
        {"positive": "unheard of"},
        {"keywords": {"urgent": 90}},
        {"otherwise": float("nan")},
    ],
)
def test_a_fake_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        FakeScorer(**wrong)
