"""A search for a better recipe: trials over a declared space, judged on dev, with the best written as a recipe.

search/space.toml    what is searched
       study.db      every trial; what a killed search goes on from
       recipe.toml   the best recipe so far, every key, ready for training
       search.json   every figure
       report.html
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import digest
from fengkong.domain.errors import SettingsError
from fengkong.training.data_sum import data_digest
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.page import write_page
from fengkong.training.reporting.search_report import SearchedKey, SearchFigures, TrialFigures, write_search_report
from fengkong.training.reporting.wording import Language
from fengkong.training.searching.space import Space, default_space
from fengkong.training.searching.study import Study, Trial, open_study
from fengkong.training.searching.trial import (
    SearchEvent,
    TrialEnded,
    TrialEvaluated,
    TrialResult,
    TrialStarted,
    train_trial,
)
from fengkong.training.searching.workers import Workers
from fengkong.training.tasks.choosing import choose_kind

__all__ = ["Limits", "SearchResult", "search"]

TRIALS = 20
HOPELESS = 3  # trials that failed before one was complete


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search that came to its end: its figures, the best recipe, and where it and the report lie."""

    figures: SearchFigures
    best: Recipe
    recipe: Path
    report: Path


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search goes. trials: how many in all, those of an earlier part included; 20 where neither is given.

    minutes: after which no trial begins; those under way are brought to their end.
    jobs: trials at once, each in a process of its own when more than 1.
    """

    trials: int | None = None
    minutes: float | None = None
    jobs: int = 1

    @property
    def most(self) -> int | None:
        """The most trials; None where the minutes alone end it."""
        return TRIALS if self.trials is None and self.minutes is None else self.trials


def search(
    recipe: Recipe,
    splits: Splits,
    folder: Path,
    *,
    space: Space | None = None,
    limits: Limits = Limits(),
    resume: bool = False,
    name: str = "risk",
    language: Language = "en",
    tell: Callable[[SearchEvent], None] = lambda _: None,
) -> SearchResult:
    """Try changes of `recipe` from the space and keep the best by its dev figure; test is never looked at.

    space: what is searched; `default_space` when None. name, language: of the report.
    resume: go on with the search in the folder, where there is one. With jobs = 1 the same seed, data and machine find
    the same, also when killed and resumed.
    Raises SettingsError and InputError for what can't be searched, SettingsError where the first three trials fail, and
    FacilityError where the machine fails.
    """
    if recipe.model != "tuned":
        raise SettingsError(
            "a search tunes the base", where="model", received=repr(recipe.model), cure="set model to 'tuned'"
        )
    space = space or default_space(recipe)
    kind = choose_kind(recipe, splits)
    metric = kind.metric if recipe.metric == "auto" else recipe.metric
    facts = {"data": data_digest(splits), "recipe": recipe.sha256, "space": digest(space.to_toml())}
    with open_study(folder, space, metric, recipe.seed, facts, resume=resume) as study:
        write_page(folder / "space.toml", space.to_toml())
        going = _Search(study, space, recipe, splits, folder / "recipe.toml", limits, tell, monotonic())
        try:
            going.run()
        finally:
            figures = _figures(study, space, recipe, name)
            write_search_report(figures, folder / "report.html", folder / "search.json", language=language)
        best = going.keep_best(figures.importance)
    return SearchResult(figures, best, folder / "recipe.toml", folder / "report.html")


@dataclass(frozen=True)
class _Search:
    """A search at work. path: of the best recipe. began: by the monotonic clock."""

    study: Study
    space: Space
    recipe: Recipe
    splits: Splits
    path: Path
    limits: Limits
    tell: Callable[[SearchEvent], None]
    began: float

    def run(self) -> None:
        """Trial after trial, until the limits or the space are reached."""
        if self.limits.jobs > 1:
            self._run_in_processes(self.limits.jobs)
            return
        while (trial := self._begin()) is not None:
            judge = partial(self._judge, trial.number)
            self._end(trial.number, train_trial(self._of(trial), self.splits, self.study.metric, judge))

    def _run_in_processes(self, jobs: int) -> None:
        with Workers(jobs, self.splits, self.study.metric) as workers:
            while True:
                while workers.free and (trial := self._begin()) is not None:
                    workers.start(trial.number, self._of(trial))
                if not workers.busy:
                    break
                for number, pipe, told in workers.hear():
                    if isinstance(told, TrialResult):
                        self._end(number, told)
                    else:
                        go_on = self._judge(number, *told)
                        with suppress(OSError):  # it died meanwhile; its end is heard next
                            pipe.send(go_on)

    def _begin(self) -> Trial | None:
        """The next trial; None when there is to be none."""
        most, minutes = self.limits.most, self.limits.minutes
        if most is not None and self.study.counted >= most:
            return None
        if minutes is not None and monotonic() - self.began >= 60 * minutes:
            return None
        trial = self.study.begin()
        if trial is not None:
            self.tell(TrialStarted(trial.number, trial.values))
        return trial

    def _of(self, trial: Trial) -> Recipe:
        return self.recipe.changed(trial.values)

    def _judge(self, number: int, share: float, value: float) -> bool:
        self.tell(TrialEvaluated(number, share, value))
        return self.study.judge(number, share, value)

    def _end(self, number: int, result: TrialResult) -> None:
        """Note how a trial ended. Raises SettingsError where the first trials all fail."""
        best = self.study.end(number, result)
        if best:
            self.keep_best({})
        self.tell(TrialEnded(number, result, best))
        failed = [trial for trial in self.study.trials if trial.state == "failed" and not trial.killed]
        if self.study.best is None and len(failed) >= HOPELESS:
            raise SettingsError(
                f"the first {len(failed)} trials failed, so the search was given up",
                received=failed[-1].error,
                cure="try 'fengkong train' with the recipe first, or narrow the space",
            )

    def keep_best(self, importance: Mapping[str, float]) -> Recipe:
        """Write the best recipe so far, with what was found beside the keys that were searched."""
        best = self.study.best
        if best is None:
            raise SettingsError("no trial came to its end, so there is no best recipe", cure="allow more by --resume")
        recipe = self._of(best)
        write_page(self.path, _commented(recipe, self.recipe, best, self.study, self.space, importance))
        return recipe


def _figures(study: Study, space: Space, recipe: Recipe, name: str) -> SearchFigures:
    trials, best, importance = study.trials, study.best, study.importance
    started = recipe.model_dump()
    keys = [SearchedKey(key, str(axis), str(started[key]), importance.get(key)) for key, axis in space.axes.items()]
    return SearchFigures(
        name=name,
        created=datetime.now(UTC),
        metric=study.metric,
        lower_is_better=study.lower_is_better,
        best=best.number if best else None,
        keys=tuple(keys),
        trials=tuple(
            TrialFigures(
                trial.number,
                "killed" if trial.killed else trial.state,
                trial.value,
                None if trial.seconds is None else trial.seconds / 60,
                dict(trial.values),
                trial.error,
            )
            for trial in trials
            if trial.state != "waiting"
        ),
    )


def _commented(
    recipe: Recipe, start: Recipe, best: Trial, study: Study, space: Space, importance: Mapping[str, float]
) -> str:
    """The recipe as TOML; a comment above each key that was searched."""
    complete = sum(1 for trial in study.trials if trial.state == "complete")
    lines = [
        f"# The best of {study.counted} trials ({complete} trained to their end): trial {best.number}, "
        f"{study.metric} {best.value:.4f} on dev.",
        "# Of many trials the best figure is a lucky one too: what it is worth is told on test, by training with it.",
        "# 'searched' stands above the keys that were; the others are as they were given.",
        "",
    ]
    before = start.model_dump()
    for line in recipe.to_toml().splitlines():
        key = line.partition(" =")[0]
        if key in space.axes:
            share = f"; {importance[key]:.0%} of what made a difference" if key in importance else ""
            lines.append(f"# searched: {space.axes[key]}; before: {json.dumps(before[key])}{share}")
        lines.append(line)
    return "\n".join(lines) + "\n"
