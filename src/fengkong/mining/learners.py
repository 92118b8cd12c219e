"""What is learnt by scikit-learn, and the one place that imports it: it is an extra, and takes a second to import."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from fengkong.domain.errors import SettingsError
from fengkong.mining.binning import BoolArray, FloatArray

__all__ = ["Split", "fit_logistic", "tree_paths"]

TREES = 30
"""Of each kind."""


def fit_logistic(table: FloatArray, truth: BoolArray) -> tuple[float, FloatArray]:
    """Intercept and slopes of the log odds of `truth` (n,) on a table (n, k), with a ridge of one case or so."""
    model = _sklearn("linear_model").LogisticRegression(max_iter=1000).fit(table, truth)
    return float(model.intercept_[0]), model.coef_[0]


Split = tuple[int, bool, float]
"""A column of a table, whether its values lie above, and the threshold: one step down a tree."""


def tree_paths(
    table: FloatArray, truth: BoolArray, *, depth: int, least: int, seed: int
) -> Iterator[tuple[Split, ...]]:
    """The path to every node of small trees, drawn at random or boosted, on a table (n, k) without NaN.

    Both kinds of trees, since the first look everywhere and the second where the others err (Friedman and Popescu
    2008, "Predictive learning via rule ensembles"). least: cases in a leaf.
    """
    ensemble = _sklearn("ensemble")
    limits = {"n_estimators": TREES, "max_depth": depth, "min_samples_leaf": least, "random_state": seed}
    forest = ensemble.RandomForestClassifier(max_features=0.5, **limits).fit(table, truth)
    boosted = ensemble.GradientBoostingClassifier(subsample=0.5, max_features=0.5, **limits).fit(table, truth)
    for tree in [*forest.estimators_, *boosted.estimators_.ravel()]:
        yield from _paths(tree.tree_, 0, ())


def _paths(tree: Any, node: int, path: tuple[Split, ...]) -> Iterator[tuple[Split, ...]]:
    if path:
        yield path
    below, above = tree.children_left[node], tree.children_right[node]
    if below != above:  # a leaf has neither
        column, threshold = int(tree.feature[node]), float(tree.threshold[node])
        yield from _paths(tree, below, (*path, (column, False, threshold)))
        yield from _paths(tree, above, (*path, (column, True, threshold)))


def _sklearn(part: str) -> Any:
    try:
        return import_module(f"sklearn.{part}")
    except ModuleNotFoundError as error:
        cure = "install it with: pip install 'fengkong[mine]'"
        raise SettingsError("mining needs a package that is not there", received="scikit-learn", cure=cure) from error
