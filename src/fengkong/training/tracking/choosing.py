"""Trackers as the command line names them: KIND:WHERE."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.training.tracking.tracker import Tracker

__all__ = ["choose_trackers"]

KINDS: Mapping[str, tuple[str, str, str]] = {
    "tensorboard": ("TensorBoard", "a folder", "tensorboard"),
    "mlflow": ("MLflow", "sqlite:///FILE or the address of a server", "mlflow"),
    "wandb": ("WandB", "a project", "wandb"),
}
"""By name: the class, what stands after the colon, and the package that it needs."""


def choose_trackers(names: Sequence[str]) -> list[Tracker]:
    """The trackers of "tensorboard:FOLDER", "mlflow:URI" and "wandb:PROJECT".

    Raises SettingsError for another kind, a missing place, a missing package, and a store that MLflow no longer opens.
    """
    return [_choose(name) for name in names]


def _choose(named: str) -> Tracker:
    kind, _, where = named.partition(":")
    if kind not in KINDS:
        raise SettingsError(
            "there is no such tracker", where="--track", received=repr(kind), cure=likely_slip(kind, KINDS)
        )
    made, wanted, package = KINDS[kind]
    if not where:
        raise SettingsError(
            "the tracker's place is missing", where="--track", received=repr(named), cure=f"write {kind}: and {wanted}"
        )
    if kind == "mlflow" and "://" not in where and not where.startswith("databricks"):
        raise SettingsError(
            "MLflow writes no runs to a plain folder any more",
            where="--track",
            received=repr(where),
            cure="name a store as mlflow:sqlite:///runs.db",
        )
    try:
        make: Callable[[str], Tracker] = getattr(import_module(f"fengkong.training.tracking.{kind}"), made)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"tracking by {kind} needs a package of the track extra",
            where="--track",
            received=error.name or package,
            cure="install it with: pip install 'fengkong[track]'",
        ) from error
    return make(where)
