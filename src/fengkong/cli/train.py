"""`fengkong train`: labelled text to a sealed bundle and a report, with progress all the way."""

import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, training
from fengkong.cli.data import Labelled, read_labelled, with_columns
from fengkong.cli.options import Column, Json, Workspace, optional_workspace
from fengkong.cli.terminal import draw_findings, draw_measurement, emit_json, out, progress_out, visible
from fengkong.cli.training_progress import TrainingProgress, saved_when_interrupted
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Severity

__all__ = ["read_checked", "read_recipe", "refuse_settled", "train", "train_workspace", "with_reading"]


def train(
    data: Annotated[str | None, typer.Option("--data", "-d", help="Labelled texts, or hf://owner/name.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="The run's folder; else the workspace's next.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="A recipe file.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a recipe key, as key=value; repeat.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the model answers: rules say signals.NAME.p.", show_default="risk")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The label whose probability is signals.NAME.p.")] = None,
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option("--language", "-l", help="Of the texts.", show_default="en")
    ] = None,
    column: Column = None,
    on_bad_row: Annotated[
        Literal["stop", "skip"] | None,
        typer.Option("--on-bad-row", help="Else as the workspace says, or stop. Skipped rows go to the rejects file."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was interrupted.")] = False,
    track: Annotated[
        list[str] | None,
        typer.Option("--track", help="Tell tensorboard:FOLDER, mlflow:URI or wandb:PROJECT how it goes; repeat."),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Fine-tune, measure against the floors, calibrate, export, compare and seal.

    In a workspace it needs no arguments. Ctrl-C saves the state; --resume ends where an uninterrupted run would.

    Examples: fengkong train   |   fengkong train --resume   |
    fengkong train --data spam.csv --out runs/spam --name spam --positive spam --set epochs=3
    """
    settings = None if data else optional_workspace(workspace)
    if settings is not None:
        refuse_settled({"--name": name, "--positive": positive, "--language": language})
        settings = settings.model_copy(update={"data": with_reading(settings.data, column, on_bad_row)})
        result = train_workspace(
            settings, recipe=recipe, change=change or (), folder=folder, resume=resume, track=track or ()
        )
    elif data and folder:
        task = training.Task(name or "risk", positive, language or "en")
        source = with_reading(assembly.DataSettings(source=data), column, on_bad_row)
        result = run(task, read_recipe(recipe, change or ()), source, folder, resume=resume, track=track or ())
    else:
        raise SettingsError(
            "there is nothing to train on", cure="go to a workspace, or give --data FILE and --out FOLDER"
        )
    if as_json:
        emit_json(result.measurement)
    else:
        out.print(*draw_measurement(result.measurement), sep="\n")
        banded = isinstance(result.measurement, training.Measurement) and result.measurement.decision is not None
        if settings is not None and banded:
            out.print(f"the bands are what the costs suggest; {settings.decisions.rules} decides with its own numbers")
        out.print(f"bundle  {result.bundle}\nreport  {result.report}")


def with_reading(
    data: "assembly.DataSettings", column: Sequence[str] | None, on_bad_row: str | None
) -> "assembly.DataSettings":
    """The same data, read as the command line says; where it says nothing, as before."""
    data = with_columns(data, column)
    return data.model_copy(update={"on_bad_row": on_bad_row}) if on_bad_row else data


def refuse_settled(given: Mapping[str, str | None]) -> None:
    """Raises SettingsError for an option whose value the workspace settles, since its rules rely on it."""
    for option, value in given.items():
        if value is not None:
            raise SettingsError(
                "the workspace settles this",
                where=option,
                received=repr(value),
                cure="change it in fengkong.toml",
            )


def train_workspace(
    settings: "assembly.Settings",
    *,
    recipe: Path | None = None,
    change: Sequence[str] = (),
    folder: Path | None = None,
    resume: bool = False,
    track: Sequence[str] = (),
) -> "training.RunResult":
    """Train as the workspace says, and link the sealed bundle where its decisions look for it."""
    chosen = read_recipe(recipe or settings.path(settings.model.recipe), change)
    costs = training.Costs(**settings.costs.model_dump()) if settings.costs else training.Costs()
    task = training.Task(settings.model.name, settings.model.positive, settings.language, costs)
    runs = settings.path(settings.model.runs)
    folder = folder or (training.unfinished_run(runs) if resume else None) or training.next_run(runs)
    data = settings.data.model_copy(update={"source": settings.source})
    current = settings.path(settings.model.bundle)
    training.check_replaceable(current)
    result = run(task, chosen, data, folder, resume=resume, track=track)
    training.install_bundle(result.bundle, current)
    return result


def run(
    task: "training.Task",
    recipe: "training.Recipe",
    data: "assembly.DataSettings",
    folder: Path,
    *,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.RunResult":
    """Read, check and split the data, show what was found, then train with progress."""
    trackers = training.choose_trackers(track)
    labelled = read_checked(data, recipe)
    command = shlex.join(["fengkong", *sys.argv[1:]])
    origin = training.Origin(data.source, command, labelled.findings)
    facts = {name: len(part) for name, part in labelled.splits} | {"language": task.language}
    tracked = training.TrackedRun(trackers, f"{task.name}-{folder.name}", facts, recipe, warn=_warn)
    saved = saved_when_interrupted(training.RunFolder(folder).checkpoint, resume=resume)
    with saved, tracked, TrainingProgress() as progress:

        def tell(event: "training.JobEvent") -> None:
            progress.show(event)
            tracked.hear(event)

        result = training.run_job(task, recipe, labelled.splits, folder, origin=origin, resume=resume, tell=tell)
        tracked.finish(result.measurement, [training.RunFolder(folder).recipe])
    later = (finding for finding in result.measurement.run.findings if finding not in labelled.findings)
    for line in draw_findings(list(later)):
        progress_out.print(line)
    return result


def read_checked(data: "assembly.DataSettings", recipe: "training.Recipe") -> Labelled:
    """Read, check and split the data and show what was found. Raises InputError where an error is among it."""
    labelled = read_labelled(data, seed=recipe.seed, recipe=recipe)
    for line in draw_findings(labelled.findings):
        progress_out.print(line)
    if errors := [finding for finding in labelled.findings if finding.severity is Severity.ERROR]:
        raise InputError(errors[0].message, where=str(errors[0].place), cure=errors[0].cure)
    return labelled


def _warn(sentence: str) -> None:
    progress_out.print(visible(f"warning   {sentence}"), style="yellow")


def read_recipe(file: Path | None, changes: Sequence[str]) -> "training.Recipe":
    """The recipe of a file, or the default one, with the changes given as key=value."""
    recipe = training.Recipe.load(file) if file else training.Recipe()
    return recipe.changed(dict(map(_change, changes)), source="--set") if changes else recipe


def _change(pair: str) -> tuple[str, object]:
    """One key=value; the value is read as TOML, and as a word where it is none."""
    key, equals, value = pair.partition("=")
    if not equals:
        raise SettingsError("a change is written as key=value", where="--set", received=repr(pair), cure="add the =")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
