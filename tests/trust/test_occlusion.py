import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fengkong.domain import Document, FacilityError, FieldValue, SettingsError, Signal, plain
from fengkong.scoring import FakeScorer
from fengkong.trust import Explanation, FieldWeight, explain


def fake(
    keywords: Mapping[str, float], labels: Sequence[str] = ("good", "bad"), positive: str | None = "bad"
) -> FakeScorer:
    return FakeScorer("risk", labels, keywords, positive=positive)


class Counting(FakeScorer):
    """Counts the texts that it was asked about, call by call."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.calls: list[int] = []

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        self.calls.append(len(texts))
        return super().probabilities(texts, fields)


class ReadsDebt(FakeScorer):
    """p rises with the field `debt`; unknown counts as none."""

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        debts = [float(str(row.get("debt") or 0)) for row in fields or [{}] * len(texts)]
        p = np.array([min(0.9, 0.1 + debt / 1000) for debt in debts])
        return np.stack([1 - p, p], axis=1)

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        rows = self.probabilities([doc.text for doc in docs], [doc.fields for doc in docs])
        return [Signal("risk", "bad", float(p), {"good": float(q), "bad": float(p)}) for q, p in rows]


class ShortSighted(FakeScorer):
    """Reads the first ten words only."""

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        return super().probabilities([" ".join(text.split()[:10]) for text in texts], fields)

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        return [
            Signal(sig.name, sig.label, sig.p, sig.probabilities, unread=max(0, len(doc.text.split()) - 10))
            for doc, sig in zip(docs, super().score(docs), strict=True)
        ]


class Formula(FakeScorer):
    """p of `bad` as a formula of the text."""

    def __init__(self, p: Callable[[str], float]) -> None:
        super().__init__("risk", ("good", "bad"), positive="bad")
        self.p = p

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        return np.array([[1 - self.p(text), self.p(text)] for text in texts])


class Broken(FakeScorer):
    def score(self, docs: Sequence[Document]) -> list[Signal]:
        return [Signal.failure("risk", "the model gave no finite score") for _ in docs]


def texts_of(explanation: Explanation) -> list[str]:
    return [span.text for span in explanation.spans]


def test_keywords_are_found_and_distractors_are_not() -> None:
    doc = Document("The agent said it was urgent, and the casino was closed that day.")
    explanation = explain(fake({"urgent": 0.9, "agent": 0.5}), doc)
    assert texts_of(explanation) == ["urgent", "agent"]
    assert (explanation.label, explanation.document) == ("bad", doc.id)
    assert explanation.p == pytest.approx(0.95)


def test_a_weight_is_what_removing_the_span_does() -> None:
    scorer = fake({"urgent": 0.6, "agent": 0.5, "wire": 0.4})
    doc = Document("Please wire it, the agent says it is urgent.")
    explanation = explain(scorer, doc)
    assert len(explanation.spans) == 3
    for span in explanation.spans:
        without = doc.text[: span.start] + doc.text[span.end :]
        assert span.weight == pytest.approx(explanation.p - scorer.probabilities([without])[0, 1])


def test_neighbouring_words_of_one_sign_are_one_span() -> None:
    explanation = explain(
        fake({"guaranteed": 0.6, "approval": 0.6}), Document("They promise guaranteed approval today.")
    )
    assert texts_of(explanation) == ["guaranteed approval"]
    assert explanation.spans[0].weight == pytest.approx(0.84 - 0.1)


def test_neighbouring_words_of_opposite_sign_stay_apart() -> None:
    scorer = Formula(lambda text: 0.5 + 0.3 * ("missed" in text) - 0.2 * ("never" in text))
    explanation = explain(scorer, Document("I never missed a payment."))
    assert [(span.text, round(span.weight, 6)) for span in explanation.spans] == [("missed", 0.3), ("never", -0.2)]


def test_chinese_words_are_found_where_each_character_alone_suffices() -> None:
    explanation = explain(Formula(lambda text: 0.9 if set("逾期") & set(text) else 0.1), Document("卡已逾期两次"))
    assert texts_of(explanation) == ["逾期"]


def test_spans_do_not_cross_sentences() -> None:
    explanation = explain(fake({"urgent": 0.6, "agent": 0.6}), Document("It is urgent. Agent said so."))
    assert sorted(texts_of(explanation)) == ["Agent", "urgent"]


def test_a_phrase_of_several_words_is_found_whole() -> None:
    explanation = explain(fake({"lost the rent": 0.9}), Document("Last year I lost the rent at cards."))
    assert texts_of(explanation) == ["lost the rent"]


def test_words_against_the_label_weigh_less_than_nothing() -> None:
    explanation = explain(fake({"urgent": 0.9}), Document("It is urgent now."), label="good")
    assert texts_of(explanation) == ["urgent"]
    assert explanation.spans[0].weight == pytest.approx(-0.8)
    assert explanation.p == pytest.approx(0.1)


def test_the_label_is_the_positive_one_or_else_the_most_probable() -> None:
    text = Document("nothing to see")
    assert explain(fake({"urgent": 0.9}), text).label == "bad"
    assert explain(fake({"urgent": 0.9}, positive=None), text).label == "good"
    assert explain(fake({"urgent": 0.9}, ("low", "mid", "high"), None), Document("urgent"), label="mid").label == "mid"


def test_chinese_words_are_found_by_their_characters() -> None:
    doc = Document("我上个月信用卡逾期两次,但是已经还清。")
    explanation = explain(fake({"逾期": 0.9}), doc)
    assert texts_of(explanation) == ["逾期"]


@pytest.mark.parametrize("text", ["逾期两次", "两次逾期", "逾期", "我的Visa逾期2次"])
def test_chinese_words_are_found_at_the_edge_of_a_run(text: str) -> None:
    assert texts_of(explain(fake({"逾期": 0.9}), Document(text))) == ["逾期"]


def test_spans_count_in_characters_of_the_original() -> None:
    text = "It is \uff35\uff52\u200b\uff47\uff45\uff4e\uff54 today"
    explanation = explain(fake({"urgent": 0.9}), Document(text))
    (span,) = explanation.spans
    assert span.text == text[span.start : span.end] == "\uff35\uff52\u200b\uff47\uff45\uff4e\uff54"


def test_masked_identifiers_map_to_what_was_typed() -> None:
    text = "电话13812345678联系"
    explanation = explain(fake({"[PHONE]": 0.9}), Document(text))
    assert texts_of(explanation) == ["13812345678"]


def test_fields_that_moved_the_score_are_named() -> None:
    doc = Document("a text", {"debt": 500, "region": "north"})
    explanation = explain(ReadsDebt(labels=("good", "bad"), positive="bad"), doc)
    assert explanation.fields == (FieldWeight("debt", 500, pytest.approx(0.5)),)
    assert explanation.spans == ()


def test_what_the_model_did_not_read_is_neither_blamed_nor_pulled_into_sight() -> None:
    doc = Document("one two three urgent five six seven eight nine ten agent twelve")
    explanation = explain(ShortSighted("risk", ("good", "bad"), {"urgent": 0.9, "agent": 0.99}, positive="bad"), doc)
    assert texts_of(explanation) == ["urgent"]
    assert explanation.unread == 2


def test_a_keyword_deep_in_a_long_text_is_found_at_a_bounded_cost() -> None:
    filler = [f"Sentence number {n} says nothing of note about the weather." for n in range(600)]
    filler[400] = "By then the agent called it urgent."
    scorer = Counting("risk", ("good", "bad"), {"urgent": 0.9}, positive="bad")
    explanation = explain(scorer, Document(" ".join(filler)))
    assert texts_of(explanation) == ["urgent"]
    assert sum(scorer.calls) < 1000


def test_long_chinese_text_without_punctuation() -> None:
    text = "天气很好" * 500 + "逾期" + "风和日丽" * 500
    assert texts_of(explain(fake({"逾期": 0.9}), Document(text))) == ["逾期"]


def test_at_most_top_spans_heaviest_first() -> None:
    keywords = {"alpha": 0.2, "beta": 0.6, "gamma": 0.4}
    explanation = explain(fake(keywords), Document("alpha, then beta, then gamma."), top=2)
    assert texts_of(explanation) == ["beta", "gamma"]


@pytest.mark.parametrize("text", ["", "   ", "...", "\u200b"])
def test_an_empty_text_has_no_spans(text: str) -> None:
    explanation = explain(fake({"urgent": 0.9}), Document(text))
    assert explanation.spans == ()
    assert "".join(piece.text for piece in explanation.pieces) == text


def test_a_failed_model_has_nothing_to_explain() -> None:
    with pytest.raises(FacilityError, match="no finite score"):
        explain(Broken(), Document("some text"))


def test_unknown_label_names_the_likely_slip() -> None:
    with pytest.raises(SettingsError, match="did you mean 'good'"):
        explain(fake({}), Document("some text"), label="goood")


def test_top_below_one_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least one span"):
        explain(fake({}), Document("some text"), top=0)


def test_an_explanation_is_plain_data_and_the_same_every_time() -> None:
    doc = Document("The agent said urgent. The agent said urgent.", {"amount": 3})
    first, second = (explain(fake({"urgent": 0.9, "agent": 0.9}), doc) for _ in range(2))
    assert first == second
    assert json.loads(json.dumps(plain(first)))["bundle"] == first.bundle


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("ab. ,逾期款\u200bＡ㈱１\n"), max_size=60))
def test_pieces_make_up_the_text_and_spans_lie_in_it(text: str) -> None:
    explanation = explain(fake({"逾期": 0.9, "a": 0.4, "株": 0.7}), Document(text))
    assert "".join(piece.text for piece in explanation.pieces) == text
    for span in explanation.spans:
        assert text[span.start : span.end] == span.text != ""
        assert abs(span.weight) <= 1
