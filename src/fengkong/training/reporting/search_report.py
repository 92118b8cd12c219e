"""The reports of a search and of a sweep over learning rates: one HTML page each, and the same figures as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fengkong.domain.canonical import plain
from fengkong.training.reporting import search_charts
from fengkong.training.reporting.page import page_environment, write_page
from fengkong.training.reporting.wording import Language, words

__all__ = [
    "RateFigures",
    "SearchFigures",
    "SearchedKey",
    "TrialFigures",
    "render_search_report",
    "write_rate_report",
    "write_search_report",
]


@dataclass(frozen=True, slots=True)
class SearchedKey:
    """One key that was searched: over what, what it was before, and its importance where that can be told."""

    name: str
    searched: str
    before: str
    importance: float | None = None


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """One trial. state: "complete", "pruned", "failed", "killed" or "running". value: its dev figure."""

    number: int
    state: str
    value: float | None
    minutes: float | None
    values: Mapping[str, str | int | float | bool]
    error: str = ""


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """All of a search. best: the number of the best trial, None where none was complete."""

    name: str
    created: datetime
    metric: str
    lower_is_better: bool
    best: int | None
    keys: tuple[SearchedKey, ...]
    trials: tuple[TrialFigures, ...]

    @property
    def importance(self) -> dict[str, float]:
        """Of each key that has one, the greatest first."""
        known = {key.name: key.importance for key in self.keys if key.importance is not None}
        return dict(sorted(known.items(), key=lambda item: -item[1]))

    @property
    def best_trial(self) -> TrialFigures | None:
        """The best trial."""
        return next((trial for trial in self.trials if trial.number == self.best), None)

    def count(self, state: str) -> int:
        """How many trials ended so."""
        return sum(1 for trial in self.trials if trial.state == state)


@dataclass(frozen=True, slots=True)
class RateFigures:
    """A sweep over learning rates: (rate, loss, smoothed loss) of each step, and the rate suggested, if any.

    diverged: whether it ended because the loss had grown out of hand. rule: how the suggestion was made.
    """

    name: str
    created: datetime
    points: tuple[tuple[float, float, float], ...]
    suggestion: float | None
    diverged: bool
    rule: str


def write_search_report(figures: SearchFigures, page: Path, numbers: Path, *, language: Language = "en") -> None:
    """Write the page and the JSON, each whole or not at all. Raises FacilityError where they can't be written."""
    write_page(page, render_search_report(figures, language=language))
    write_page(numbers, _json(figures))


def render_search_report(figures: SearchFigures, *, language: Language = "en") -> str:
    """The report of a search as HTML."""
    w = words(language)
    drawn = {}
    dots = [(t.number, t.value, t.state == "complete") for t in figures.trials if t.value is not None]
    if dots:
        metric = w[figures.metric]
        drawn["history"] = search_charts.search_history(dots, metric, w, lower=figures.lower_is_better)
    if figures.importance:
        drawn["importance"] = search_charts.search_importance(figures.importance, w)
    return _render("search_report.html.jinja", figures, w["search_title"], language, drawn)


def write_rate_report(figures: RateFigures, page: Path, *, language: Language = "en") -> None:
    """Write the curve as a page. Raises FacilityError where it can't be written."""
    w = words(language)
    drawn = {"rate": search_charts.rate_curve(figures.points, figures.suggestion, w)}
    write_page(page, _render("rate_report.html.jinja", figures, w["rate_title"], language, drawn))


def _render(template: str, figures: Any, title: str, language: Language, drawn: Mapping[str, str]) -> str:
    return (
        page_environment()
        .get_template(template)
        .render(
            m=figures,
            name=figures.name,
            created=figures.created,
            title=title,
            w=words(language),
            language=language,
            charts={name: Markup(svg) for name, svg in drawn.items()},  # noqa: S704 - our own drawing; Vega escapes its texts
        )
    )


def _json(figures: object) -> str:
    return json.dumps(plain(figures), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
