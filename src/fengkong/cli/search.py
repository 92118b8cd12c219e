"""`fengkong search`: trial after trial over a declared space, the best written as a recipe."""

import shlex
import sys
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from fengkong import assembly, training
from fengkong.cli.data import Labelled
from fengkong.cli.options import BadRow, Change, Column, Data, Json, Workspace, optional_workspace
from fengkong.cli.running import only_question, read_checked, read_recipe, refuse_settled, with_reading
from fengkong.cli.terminal import emit_json, out, progress_out, table, visible
from fengkong.domain.errors import SettingsError

__all__ = ["chosen_data", "search"]

FOLDER = "searches"
"""Of a workspace: where its searches lie, one numbered folder each."""
SHOWN = 5


def search(
    data: Data = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="The search's folder; else the workspace's next.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="The recipe to start from.")] = None,
    change: Change = None,
    space: Annotated[
        Path | None, typer.Option("--space", "-s", help="What is searched; else rate, length, dropout and the like.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="How many in all.", show_default="20, or none with --minutes")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.0, help="After which no trial begins.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Trials at once, each in a process.")] = 1,
    name: Annotated[str | None, typer.Option(help="Title of the report.", show_default="risk")] = None,
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option("--language", "-l", help="Of the report.", show_default="en")
    ] = None,
    column: Column = None,
    on_bad_row: BadRow = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search that was interrupted.")] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Search for a better recipe: tune with changed keys, judge on dev, stop the hopeless early, keep the best.

    In a workspace it needs no arguments. It may be ended at any time; --resume goes on where it was.

    Examples: fengkong search --minutes 60   |   fengkong search --space space.toml --trials 40 --jobs 2   |
    fengkong search --data spam.csv --out searches/spam
    """
    settings = None if data else optional_workspace(workspace)
    if settings is not None:
        refuse_settled({"--name": name, "--language": language})
        name, language = only_question(settings), settings.language
        folder = folder or _workspace_folder(settings, resume=resume)
    if folder is None:
        raise SettingsError("the search's folder is not named", where="--out", cure="give --out FOLDER")
    start = read_recipe(recipe or (settings.path(settings.model.recipe) if settings else None), change or ())
    searched = training.Space.load(space, start) if space else training.default_space(start)
    labelled = chosen_data(settings, data, start, column, on_bad_row)
    limits = training.Limits(trials, minutes, jobs)
    try:
        with _Progress(limits.most) as progress:
            result = training.search(
                start,
                labelled.splits,
                folder,
                space=searched,
                limits=limits,
                resume=resume,
                name=name or "risk",
                language=language or "en",
                tell=progress.show,
            )
    except KeyboardInterrupt:
        command = shlex.join(["fengkong", *sys.argv[1:]])
        again = command if resume else f"{command} --resume"
        typer.echo(f"fengkong: interrupted; every trial is kept, go on with: {again}", err=True)
        raise typer.Exit(130) from None
    if as_json:
        emit_json(result.figures)
    else:
        _draw(result)


def chosen_data(
    settings: "assembly.Settings | None",
    data: str | None,
    recipe: "training.Recipe",
    column: list[str] | None,
    on_bad_row: str | None,
) -> Labelled:
    """The data named, else the workspace's, checked. Raises SettingsError where there are none."""
    if settings is not None:
        source = settings.data.model_copy(update={"source": settings.source})
    elif data:
        source = assembly.DataSettings(source=data)
    else:
        raise SettingsError("there is nothing to learn from", cure="go to a workspace, or give --data FILE")
    return read_checked(with_reading(source, column, on_bad_row), recipe)


def _workspace_folder(settings: "assembly.Settings", *, resume: bool) -> Path:
    """The workspace's latest search to go on with, or its next one."""
    folder = settings.path(FOLDER)
    latest = sorted(path for path in folder.glob("[0-9]*") if path.is_dir())
    return latest[-1] if resume and latest else training.next_run(folder)


def _draw(result: "training.SearchResult") -> None:
    """The trials, the best first, what made the difference, and what to do next."""
    figures = result.figures
    sign = 1 if figures.lower_is_better else -1
    judged = sorted((trial for trial in figures.trials if trial.value is not None), key=lambda t: sign * (t.value or 0))
    keys = [key.name for key in figures.keys]
    rows = (
        [f"{t.number} {t.state}", f"{t.value:.4f}", *(_short(t.values.get(key, "")) for key in keys)]
        for t in judged[:SHOWN]
    )
    out.print(table("trial", f"{figures.metric} (dev)", *keys, rows=rows))
    if figures.importance:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in figures.importance.items())
        out.print(f"importance: {shares}")
    out.print("the best dev figure of many is a lucky one too; what it is worth is told on test by:")
    out.print(f"fengkong train --recipe {shlex.quote(str(result.recipe))}\nreport  {result.report}")


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


class _Progress:
    """A line for each trial that ends, and a bar that says how the one under way does."""

    def __init__(self, total: int | None) -> None:
        self._progress = Progress(
            TextColumn("  trials"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=progress_out,
        )
        self._task: TaskID = self._progress.add_task("", total=total, note="")
        self._values: dict[int, str] = {}

    def __enter__(self) -> "_Progress":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: "training.SearchEvent") -> None:
        """Draw one event."""
        match event:
            case training.TrialStarted():
                values = ", ".join(f"{key} {_short(value)}" for key, value in event.values.items())
                self._values[event.number] = values
            case training.TrialEvaluated():
                note = f"trial {event.number}: {event.share:.0%} done, dev {event.value:.4f}"
                self._progress.update(self._task, note=note)
            case training.TrialEnded():
                result = event.result
                figure = f"{result.value:.4f}" if result.value is not None else "-"
                line = Text(f"trial {event.number:<3} {figure:<8} {result.state:<8} {result.seconds / 60:5.1f} min  ")
                line.append(visible(result.error or self._values.pop(event.number, "")), style="dim")
                if event.best:
                    line.stylize("bold")
                self._progress.console.print(line)
                self._progress.update(self._task, advance=1, note="")
