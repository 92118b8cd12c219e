"""A bundle held against labelled text, through whatever scorer serves it."""

import numpy as np
import pytest

from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import InputError
from fengkong.scoring.fake import FakeScorer
from fengkong.scoring.scorer import Scorer
from fengkong.training.evaluation import evaluate, log_of, scorer_answers
from fengkong.training.reporting.explained import explained_examples

LABELS = ("low", "high")


@pytest.fixture
def scorer() -> FakeScorer:
    return FakeScorer(
        labels=LABELS, keywords={"urgent": 0.9, "late": 0.7, "fraud": 0.99, "诈骗": 0.95}, positive="high"
    )


def examples(*pairs: tuple[str, str]) -> list[Example]:
    return [Example(text, label, place=Place("new.csv", line)) for line, (text, label) in enumerate(pairs, start=2)]


def test_the_figures_are_those_of_the_answers(scorer):
    seen = examples(("urgent cash", "high"), ("a calm loan", "low"), ("late again", "low"), ("诈骗", "high"))
    found = evaluate(scorer, seen, resamples=50)
    assert found.n == 4
    assert found.accuracy.value == 0.75
    assert found.confusion == ((1, 1), (0, 2))
    assert found.binary.positive == "high"
    assert found.binary.auc.value == 1
    assert found.accuracy.low < 0.75 < found.accuracy.high
    assert evaluate(scorer, seen, resamples=0).accuracy.low is None


def test_a_real_bundle_is_measured_with_its_fields(tiny_bundle):
    from fengkong.scoring.bundle import Bundle

    scorer = Scorer(Bundle.load(tiny_bundle()), threads=1)
    assert evaluate(scorer, examples(("urgent fraud", "high"), ("calm", "low")), resamples=0).accuracy.value == 1


def test_a_label_that_the_bundle_does_not_know_names_the_slip(scorer):
    with pytest.raises(InputError, match=r"new\.csv:3.*doesn't know this label.*'hihg'.*did you mean 'high'\?"):
        evaluate(scorer, examples(("a", "low"), ("b", "hihg")))


def test_nothing_to_measure_on_is_said(scorer):
    with pytest.raises(InputError, match="no examples"):
        evaluate(scorer, [])


def test_a_probability_of_zero_stays_finite_and_keeps_its_order():
    sure = FakeScorer(labels=LABELS, keywords={"always": 1.0}, otherwise=0.0, positive="high")
    logs = log_of(scorer_answers(sure, examples(("always", "high"), ("never", "low"))))
    assert np.isfinite(logs).all()
    assert logs.argmax(axis=1).tolist() == [1, 0]


def test_the_report_explains_the_surest_right_the_least_sure_and_the_surest_wrong(scorer):
    seen = examples(
        ("late", "high"),  # right, 0.7: the least sure
        ("urgent", "low"),  # wrong, 0.9
        ("fraud", "low"),  # wrong, 0.99: the surest wrong
        ("urgent", "high"),
        ("fraud and urgent", "high"),  # right, 0.999: the surest right
        ("a calm loan", "low"),
    )
    found = explained_examples(scorer, seen, scorer_answers(scorer, seen))
    assert [(each.kind, each.explanation.text, each.truth) for each in found] == [
        ("surest_right", "fraud and urgent", "high"),
        ("least_sure", "late", "high"),
        ("surest_wrong", "fraud", "low"),
    ]
    assert {span.text for span in found[1].explanation.spans} == {"late"}


def test_without_a_mistake_and_with_one_text_none_is_shown_twice(scorer):
    one = examples(("urgent", "high"))
    assert len(explained_examples(scorer, one, scorer_answers(scorer, one))) == 1
    wrong = examples(("urgent", "low"), ("late", "low"))
    found = explained_examples(scorer, wrong, scorer_answers(scorer, wrong))
    assert [each.explanation.text for each in found] == ["late", "urgent"]
