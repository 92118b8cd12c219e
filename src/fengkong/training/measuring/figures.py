"""Figures of the tasks whose answer is not one label a text: several labels, or a number. Each with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fengkong.domain.errors import InputError
from fengkong.training.measuring.bootstrap import RESAMPLES, Estimate, FloatArray, estimate

__all__ = ["Figures", "LabelFigures", "multilabel_figures", "number_figures"]


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label: its figures by name, and how many texts bear it, or entities are of that type."""

    label: str
    figures: Mapping[str, Estimate]
    support: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One model on one set: the figures over all, by name, and those of each label. counted: what support counts."""

    n: int
    figures: Mapping[str, Estimate]
    labels: tuple[LabelFigures, ...] = ()
    counted: Literal["texts", "entities"] = "texts"


def multilabel_figures(
    truth: ArrayLike, given: ArrayLike, labels: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Figures:
    """Figures of labels given (n, k) against those borne (n, k), both true or false.

    micro_f1: over all pairs of text and label. macro_f1: mean over the labels that occur in truth or answers.
    exact_match: share of texts whose labels are all right. Of each label precision, recall and F1.
    Raises InputError where shapes can't be right.
    """
    y, answered = np.asarray(truth, dtype=bool), np.asarray(given, dtype=bool)
    if y.ndim != 2 or not y.size or y.shape != answered.shape or y.shape[1] != len(labels):
        raise InputError(
            "there must be one row of answers for each example and one column for each label",
            received=f"{y.shape} labels, {answered.shape} answers, {len(labels)} label names",
        )
    hits, both = (y & answered).astype(np.float64), y.astype(np.float64) + answered
    exact = (y == answered).all(axis=1).astype(np.float64)

    def statistic(weights: FloatArray) -> dict[str, FloatArray]:
        true, borne, said = weights @ hits, weights @ y, weights @ answered
        with np.errstate(invalid="ignore"):
            f1 = 2 * true / (weights @ both)
            by_label = {"precision": true / said, "recall": true / borne, "f1": f1}
            figures = {
                "micro_f1": 2 * true.sum(axis=1) / (borne + said).sum(axis=1),
                "macro_f1": np.nanmean(f1, axis=1) if np.isfinite(f1).any() else f1[:, 0],
                "exact_match": weights @ exact / weights.sum(axis=1),
            }
        return figures | {f"{name}/{i}": v[:, i] for name, v in by_label.items() for i in range(len(labels))}

    found = estimate(statistic, len(y), resamples=resamples, seed=seed)
    return Figures(
        len(y),
        {name: found[name] for name in ("micro_f1", "macro_f1", "exact_match")},
        tuple(
            LabelFigures(
                label, {name: found[f"{name}/{i}"] for name in ("precision", "recall", "f1")}, int(y[:, i].sum())
            )
            for i, label in enumerate(labels)
        ),
    )


def number_figures(truth: ArrayLike, foretold: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Figures:
    """Figures of numbers foretold (n,) against the true ones (n,).

    rmse, mae: root mean squared and mean absolute error, in the numbers' own unit. r2: share of the variance that is
    explained. spearman: correlation of the ranks (in resamples, of the ranks in the whole set).
    Raises InputError where shapes can't be right.
    """
    y, p = np.asarray(truth, dtype=np.float64), np.asarray(foretold, dtype=np.float64)
    if y.ndim != 1 or not y.size or y.shape != p.shape:
        raise InputError("there must be one number for each example", received=f"{y.shape} true, {p.shape} foretold")
    ranks = _ranks(y), _ranks(p)

    def statistic(weights: FloatArray) -> dict[str, FloatArray]:
        total = weights.sum(axis=1)
        squared, absolute = weights @ (y - p) ** 2 / total, weights @ np.abs(y - p) / total
        variance = _covariance(weights, y, y)
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = np.where(variance > 0, 1 - squared / variance, np.nan)
            spread = np.sqrt(_covariance(weights, ranks[0], ranks[0]) * _covariance(weights, ranks[1], ranks[1]))
            spearman = np.where(spread > 0, _covariance(weights, *ranks) / spread, np.nan)
        return {"rmse": np.sqrt(squared), "mae": absolute, "r2": r2, "spearman": spearman}

    return Figures(len(y), estimate(statistic, len(y), resamples=resamples, seed=seed))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, the mean rank for equals."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last: FloatArray = np.cumsum(counts).astype(np.float64)
    return (last - (counts - 1) / 2)[at]


def _covariance(weights: FloatArray, first: NDArray[np.float64], second: NDArray[np.float64]) -> FloatArray:
    total = weights.sum(axis=1)
    means = weights @ first / total, weights @ second / total
    covariance: FloatArray = weights @ (first * second) / total - means[0] * means[1]
    return covariance
