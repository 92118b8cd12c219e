"""The memory of a search: every trial, in an SQLite file that outlives the process, and what to try next.

What is proposed follows from the seed and the trials before alone, so that a search which was killed goes on as if it
had not been. Trials that were under way then are marked failed and run again first.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.searching.space import Choices, Range, Scalar, Space
from fengkong.training.searching.trial import TrialResult
from fengkong.training.tasks.kind import LOWER_IS_BETTER

__all__ = ["Study", "Trial", "open_study"]

STARTUP = 8  # trials at random before the sampler has something to go by
UNPRUNED = 4  # trials that go to their end before any is stopped early
TENTHS_UNPRUNED = 3  # of a trial's steps: its rate is still warming up
ENOUGH = 6  # complete trials before their differences say anything
DRAWS = 50  # of a combination that was not tried yet
STATES: Mapping[TrialState, Literal["complete", "pruned", "failed", "running", "waiting"]] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial as it is remembered. value: its dev figure. killed: it was under way when the search was killed."""

    number: int
    state: Literal["complete", "pruned", "failed", "running", "waiting"]
    value: float | None
    seconds: float | None
    values: Mapping[str, Scalar]
    error: str = ""
    killed: bool = False


class Study:
    """A search's trials. Made by `open_study`."""

    def __init__(self, study: optuna.Study, space: Space, metric: str, seed: int) -> None:
        self._study, self._space, self.metric, self._seed = study, space, metric, seed
        self._distributions = {key: _distribution(axis) for key, axis in space.axes.items()}
        self._at_work: dict[int, optuna.Trial] = {}

    def begin(self) -> Trial | None:
        """The next trial; None when every combination of a finite space was tried."""
        if not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            values = self._propose()
            if values is None:
                return None
            self._study.enqueue_trial(values)
        trial = self._study.ask(self._distributions)
        self._at_work[trial.number] = trial
        return _read(self._study.trials[trial.number])

    def judge(self, number: int, share: float, value: float) -> bool:
        """Note a trial's dev figure after a share of its steps; whether it should go on.

        It is stopped where its best so far is below the median of the others at the same tenth of their steps.
        """
        trial, tenth = self._at_work[number], int(share * 10)
        if tenth not in self._study.trials[number].intermediate_values:
            trial.report(value, tenth)
        return not trial.should_prune()

    def end(self, number: int, result: TrialResult) -> bool:
        """Note how a trial ended; whether it is the best so far."""
        trial = self._at_work.pop(number)
        trial.set_user_attr("seconds", result.seconds)
        if result.error:
            trial.set_user_attr("error", result.error)
        match result.state:
            case "complete":
                self._study.tell(trial, result.value)
            case "pruned":
                self._study.tell(trial, state=TrialState.PRUNED)
            case "failed":
                self._study.tell(trial, state=TrialState.FAIL)
        best = self.best
        return best is not None and best.number == number

    @property
    def trials(self) -> list[Trial]:
        """Every trial, in the order of their beginning."""
        return [_read(trial) for trial in self._study.trials]

    @property
    def counted(self) -> int:
        """How many trials are over or under way; those that were killed don't count, they run again."""
        return sum(1 for trial in self.trials if trial.state != "waiting" and not trial.killed)

    @property
    def best(self) -> Trial | None:
        """The complete trial with the best figure; the first of equals."""
        complete = [trial for trial in self.trials if trial.state == "complete" and trial.value is not None]
        sign = -1 if self.lower_is_better else 1
        return max(complete, key=lambda trial: (sign * (trial.value or 0.0), -trial.number), default=None)

    @property
    def lower_is_better(self) -> bool:
        """Whether the metric is a loss or an error."""
        return self.metric in LOWER_IS_BETTER

    @property
    def importance(self) -> dict[str, float]:
        """Each key's share in the variance of the figure (fANOVA: Hutter et al. 2014), the greatest first.

        Empty where the complete trials are too few or all alike, so that nothing can be said.
        """
        values = [trial.value for trial in self.trials if trial.state == "complete"]
        if len(values) < ENOUGH or len(set(values)) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
        found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {key: float(share) for key, share in found.items()}

    def _propose(self) -> dict[str, Scalar] | None:
        """Values that were not tried yet. Drawn beside the study, which so holds no trial that was never meant."""
        known = self._study.get_trials(deepcopy=False)
        seen = {frozenset(trial.params.items()) for trial in known}
        turn = sum(1 for trial in known if not _read(trial).killed)
        for draw in range(DRAWS):
            sampler = _sampler((self._seed + DRAWS * turn + draw) % 2**32)
            beside = optuna.create_study(direction=self._study.direction, sampler=sampler)
            beside.add_trials(trial for trial in known if trial.state is not TrialState.WAITING)
            values = beside.ask(self._distributions).params
            if frozenset(values.items()) not in seen:
                return values
        if self._space.size is None:
            return values
        return next((each for each in self._space.combinations() if frozenset(each.items()) not in seen), None)

    def retry(self) -> int:
        """Mark the trials that were under way when the search was killed as failed, and line them up again."""
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            self._study.tell(trial.number, state=TrialState.FAIL)
            self._study.enqueue_trial(trial.params)
        return len(running)


@contextmanager
def open_study(
    folder: Path, space: Space, metric: str, seed: int, facts: Mapping[str, str], *, resume: bool
) -> Iterator[Study]:
    """The study in a folder, fresh or gone on with; no other process can open it meanwhile.

    facts: what must be as it was, by name ("data", "recipe", "space"), as hashes.
    Raises SettingsError where a study lies there and is not to be resumed, is at work or is of other facts, and
    FacilityError where its file can't be written.
    """
    path = folder / "study.db"
    if path.exists() and not resume:
        raise SettingsError(
            "a search lies here already", where=str(folder), cure="go on with it by --resume, or name another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    with _store_faults(folder), _alone(folder), _quiet():
        url = URL.create("sqlite", database=str(path.resolve())).render_as_string()
        storage = optuna.storages.RDBStorage(url)
        try:
            study = optuna.create_study(
                storage=storage,
                study_name="search",
                direction="minimize" if metric in LOWER_IS_BETTER else "maximize",
                load_if_exists=True,
                sampler=_sampler(seed),
                pruner=optuna.pruners.MedianPruner(UNPRUNED, TENTHS_UNPRUNED),
            )
            _check_same(study, facts, folder)
            opened = Study(study, space, metric, seed)
            opened.retry()
            yield opened
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _sampler(seed: int) -> optuna.samplers.TPESampler:
    """Tree-structured Parzen estimators (Bergstra et al. 2011) that keep away from what other processes are trying."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=True, constant_liar=True)


def _check_same(study: optuna.Study, facts: Mapping[str, str], folder: Path) -> None:
    for name, value in facts.items():
        if study.user_attrs.setdefault(name, value) != value:
            raise SettingsError(
                f"the search was begun with another {name}",
                where=str(folder),
                cure=f"go on with the {name} of then, or name another folder",
            )
        study.set_user_attr(name, value)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A lock that the system takes back when its process dies, by whatever death, on every system: SQLite's own."""
    lock = sqlite3.connect(folder / "search.lock", isolation_level=None, timeout=0)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise SettingsError(
                "another search is at work here", where=str(folder), cure="wait for its end, or name another folder"
            ) from error
        yield
    finally:
        lock.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna without its messages below an error: a library does not print."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


@contextmanager
def _store_faults(folder: Path) -> Iterator[None]:
    """What the database can't do, as a fault of the facility; nothing else that goes wrong inside is its fault."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: Exception) -> FacilityError:
    return FacilityError(
        "the search's folder can't be written",
        where=str(folder),
        received=type(error).__name__,
        cure="free some disk space or check the folder, then go on by --resume",
    )


def _distribution(axis: Choices | Range) -> BaseDistribution:
    match axis:
        case Choices():
            return CategoricalDistribution(axis.values)
        case Range(whole=True):
            return IntDistribution(int(axis.low), int(axis.high), log=axis.log, step=int(axis.step or 1))
        case _:
            return FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step)


def _read(trial: FrozenTrial) -> Trial:
    error = trial.user_attrs.get("error", "")
    killed = trial.state is TrialState.FAIL and "seconds" not in trial.user_attrs
    seconds = trial.user_attrs.get("seconds")
    return Trial(trial.number, STATES[trial.state], trial.value, seconds, trial.params, error, killed)
