"""What is learnt by scikit-learn, and the one place that imports it: it is an extra, and takes a second to import."""

from importlib import import_module
from typing import Any

from fengkong.domain.errors import SettingsError
from fengkong.mining.binning import BoolArray, FloatArray

__all__ = ["fit_logistic"]


def fit_logistic(table: FloatArray, truth: BoolArray) -> tuple[float, FloatArray]:
    """Intercept and slopes of the log odds of `truth` (n,) on a table (n, k), with a ridge of one case or so."""
    model = _sklearn("linear_model").LogisticRegression(max_iter=1000).fit(table, truth)
    return float(model.intercept_[0]), model.coef_[0]


def _sklearn(part: str) -> Any:
    try:
        return import_module(f"sklearn.{part}")
    except ModuleNotFoundError as error:
        cure = "install it with: pip install 'fengkong[mine]'"
        raise SettingsError("mining needs a package that is not there", received="scikit-learn", cure=cure) from error
