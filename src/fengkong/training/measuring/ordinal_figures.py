"""What answers are worth where the labels have an order: a mistake by one rank counts less than one by three."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fengkong.domain.errors import InputError
from fengkong.training.measuring.bootstrap import RESAMPLES, FloatArray, estimate
from fengkong.training.measuring.figures import Figures, LabelFigures

__all__ = ["ordinal_figures"]

OVERALL = ("kappa", "rank_error", "accuracy", "macro_f1")
BY_LABEL = ("precision", "recall", "f1")


def ordinal_figures(
    truth: ArrayLike, given: ArrayLike, labels: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Figures:
    """Figures of label numbers given (n,) against the true ones (n,), both in the order of `labels`, from 0.

    kappa: agreement beyond chance with quadratic weights, at most 1, 0 for chance (Cohen 1968); None where truth and
    answers are all one label. rank_error: how many ranks an answer is off on average. accuracy, macro_f1, and of each
    label precision, recall and F1: as for labels without an order.
    Raises InputError where shapes can't be right.
    """
    y, p = np.asarray(truth, dtype=np.int64), np.asarray(given, dtype=np.int64)
    if y.ndim != 1 or not y.size or y.shape != p.shape:
        raise InputError("there must be one answer for each example", received=f"{y.shape} true, {p.shape} given")
    of_truth, of_answer = np.eye(len(labels))[y], np.eye(len(labels))[p]
    hits = of_truth * (y == p)[:, None]
    apart = (y - p).astype(np.float64)

    def statistic(weights: FloatArray) -> dict[str, FloatArray]:
        total = weights.sum(axis=1)
        mean_y, mean_p = weights @ y / total, weights @ p / total
        by_chance = weights @ (y.astype(np.float64) ** 2 + p.astype(np.float64) ** 2) / total - 2 * mean_y * mean_p
        right, borne, said = weights @ hits, weights @ of_truth, weights @ of_answer
        with np.errstate(invalid="ignore", divide="ignore"):
            by_label = {"precision": right / said, "recall": right / borne, "f1": 2 * right / (borne + said)}
            kappa = np.where(by_chance > 1e-12, 1 - weights @ apart**2 / total / by_chance, np.nan)
        figures = {
            "kappa": kappa,
            "rank_error": weights @ np.abs(apart) / total,
            "accuracy": weights @ (y == p) / total,
            "macro_f1": np.nanmean(by_label["f1"], axis=1),
        }
        return figures | {f"{name}/{i}": v[:, i] for name, v in by_label.items() for i in range(len(labels))}

    found = estimate(statistic, len(y), resamples=resamples, seed=seed)
    return Figures(
        len(y),
        {name: found[name] for name in OVERALL},
        tuple(
            LabelFigures(label, {name: found[f"{name}/{i}"] for name in BY_LABEL}, int((y == i).sum()))
            for i, label in enumerate(labels)
        ),
    )
