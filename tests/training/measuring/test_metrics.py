"""Figures agree with scikit-learn and scipy, and say None where the data can't give one."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn import metrics as sk

from fengkong.domain import InputError, plain
from fengkong.training.measuring.metrics import classification_metrics

LABELS = ("approve", "坏账", "review", "other", "more")


@st.composite
def answers(draw, min_k: int = 2):
    """Truth and probabilities with many ties, and sometimes with classes that never occur."""
    k = draw(st.integers(min_k, 5))
    n = draw(st.integers(2, 40))
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    odds = np.array(draw(st.lists(st.lists(st.integers(0, 4), min_size=k, max_size=k), min_size=n, max_size=n)), float)
    odds += 0.5
    return y, odds / odds.sum(axis=1, keepdims=True), LABELS[:k]


@given(answers())
@settings(deadline=None, max_examples=60)
def test_figures_of_the_answers_agree_with_sklearn(case):
    y, p, labels = case
    k, predicted = len(labels), p.argmax(axis=1)
    found = classification_metrics(y, p, labels, resamples=0)
    assert found.accuracy.value == pytest.approx(sk.accuracy_score(y, predicted))
    assert found.macro_f1.value == pytest.approx(sk.f1_score(y, predicted, average="macro"))
    assert found.log_loss.value == pytest.approx(sk.log_loss(y, p, labels=range(k)))
    assert found.brier.value == pytest.approx(sk.brier_score_loss(y, p, labels=range(k)))
    assert np.array_equal(found.confusion, sk.confusion_matrix(y, predicted, labels=range(k)))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        y, predicted, labels=range(k), zero_division=np.nan
    )
    for i, figures in enumerate(found.classes):
        assert figures.label == labels[i]
        assert figures.support == support[i]
        for estimate, expected in zip((figures.precision, figures.recall), (precision[i], recall[i]), strict=True):
            assert estimate.value is None if np.isnan(expected) else estimate.value == pytest.approx(expected)
        assert (figures.f1.value or 0) == pytest.approx(np.nan_to_num(f1[i]))


@given(answers())
@settings(deadline=None, max_examples=60)
def test_figures_of_the_ranking_agree_with_sklearn_and_scipy(case):
    y, p, labels = case
    found = classification_metrics(y, p, labels, labels[1], resamples=0).binary
    positive, score = y == 1, p[:, 1]
    if positive.all() or not positive.any():
        assert (found.auc.value, found.pr_auc.value, found.ks.value) == (None, None, None)
        assert all(at.recall.value is None for at in found.recall_at)
        return
    assert found.auc.value == pytest.approx(sk.roc_auc_score(positive, score))
    assert found.pr_auc.value == pytest.approx(sk.average_precision_score(positive, score))
    assert found.ks.value == pytest.approx(ks_2samp(score[positive], score[~positive]).statistic)
    false_alarms, recall, _ = sk.roc_curve(positive, score, drop_intermediate=False)
    for at in found.recall_at:
        assert at.recall.value == pytest.approx(recall[false_alarms <= at.false_alarm_rate].max())


def test_a_recall_names_the_threshold_that_reaches_it():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    score = np.clip(rng.normal(0.35 + 0.3 * y, 0.15), 0, 1).round(2)
    found = classification_metrics(y, np.stack([1 - score, score], axis=1), ("ham", "spam"), resamples=0)
    for at in found.binary.recall_at:
        alarm = score >= at.threshold
        assert alarm[y == 0].mean() <= at.false_alarm_rate
        assert alarm[y == 1].mean() == pytest.approx(at.recall.value)
        assert (score >= at.threshold - 0.01)[y == 0].mean() > at.false_alarm_rate


def test_constant_scores_rank_nothing():
    y = np.array([0, 1] * 20)
    found = classification_metrics(y, np.full((40, 2), 0.5), ("no", "yes"))
    assert found.binary.auc.value == found.binary.pr_auc.value == 0.5
    assert found.binary.ks.value == 0
    assert [(at.recall.value, at.threshold) for at in found.binary.recall_at] == [(0.0, None)] * 3


def test_a_class_absent_in_the_set_does_not_drag_the_macro_figure_down():
    y = np.array([0, 0, 1, 1])
    found = classification_metrics(y, np.eye(3)[y], ("a", "b", "never"))
    assert found.macro_f1.value == 1.0
    never = found.classes[2]
    assert (never.precision.value, never.recall.value, never.f1.value, never.support) == (None, None, None, 0)


def test_one_class_only_gives_what_can_be_given():
    found = classification_metrics([1, 1, 1], [[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]], ("ham", "spam"))
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.binary.auc.value is None
    assert all(at.recall.value is None and at.threshold is None for at in found.binary.recall_at)


def test_a_certain_mistake_costs_a_finite_log_loss():
    found = classification_metrics([0], [[0.0, 1.0]], ("a", "b"), resamples=0)
    assert 30 < found.log_loss.value < 40


def test_binary_figures_need_a_positive_label_where_there_are_more_than_two():
    y, p = [0, 1, 2], np.eye(3)
    assert classification_metrics(y, p, ("a", "b", "c"), resamples=0).binary is None
    assert classification_metrics(y, p, ("a", "b", "c"), "c", resamples=0).binary.positive == "c"
    assert classification_metrics([0, 1], np.eye(2), ("a", "b"), resamples=0).binary.positive == "b"
    with pytest.raises(InputError, match="positive label"):
        classification_metrics(y, p, ("a", "b", "c"), "d")


def test_intervals_hold_the_figure_and_shrink_with_more_rows():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 1600)
    p = rng.dirichlet([1, 1, 1], 1600)
    p[np.arange(1600), y] += 0.5
    p /= p.sum(axis=1, keepdims=True)
    small, large = (classification_metrics(y[:n], p[:n], LABELS[:3], LABELS[0]) for n in (100, 1600))
    for found in (small, large):
        for figure in (found.accuracy, found.macro_f1, found.log_loss, found.brier, found.binary.auc):
            assert figure.low <= figure.value <= figure.high
    assert large.macro_f1.high - large.macro_f1.low < 0.5 * (small.macro_f1.high - small.macro_f1.low)


def test_metrics_are_plain_json():
    found = classification_metrics([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ("fully_paid", "坏账"))
    told = json.loads(json.dumps(plain(found), allow_nan=False))
    assert told["confusion"] == [[1, 0], [1, 1]]
    assert told["binary"]["recall_at"][1]["false_alarm_rate"] == 0.01


@pytest.mark.parametrize(
    ("y", "p", "what"),
    [
        ([0, 1], [[0.5, 0.5]], "one row of probabilities"),
        ([], np.empty((0, 2)), "one row of probabilities"),
        ([0, 2], [[0.5, 0.5], [0.5, 0.5]], "label numbers"),
        ([0.0, 1.0], [[0.5, 0.5], [0.5, 0.5]], "label numbers"),
        ([0, 1], [[0.5, 0.5], [0.5, np.nan]], "row 1"),
        ([0, 1], [[0.5, 0.5], [1.5, -0.5]], "row 1"),
        ([0, 1], [[0.7, 0.5], [0.5, 0.5]], "row 0"),
    ],
)
def test_arrays_that_cannot_be_right_are_refused(y, p, what):
    with pytest.raises(InputError, match=what):
        classification_metrics(y, p, ("a", "b"))
