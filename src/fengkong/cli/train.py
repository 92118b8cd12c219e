"""`fengkong train`: labelled text to a sealed bundle and a report, with progress all the way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, training
from fengkong.cli.options import BadRow, Change, Column, Data, Json, Track, Workspace, optional_workspace
from fengkong.cli.questions import show_questions, train_questions
from fengkong.cli.running import next_folder, read_recipe, refuse_settled, run, with_reading, workspace_task
from fengkong.cli.terminal import draw_measurement, emit_json, out
from fengkong.domain.errors import SettingsError

__all__ = ["train", "train_workspace"]


def train(
    data: Data = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="The run's folder; else the workspace's next.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="A recipe file.")] = None,
    change: Change = None,
    name: Annotated[
        str | None, typer.Option(help="What the model answers: rules say signals.NAME.p.", show_default="risk")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The label whose probability is signals.NAME.p.")] = None,
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option("--language", "-l", help="Of the texts.", show_default="en")
    ] = None,
    column: Column = None,
    on_bad_row: BadRow = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was interrupted.")] = False,
    track: Track = None,
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
        if settings.model.questions:
            found = train_questions(
                settings, recipe=recipe, change=change or (), folder=folder, resume=resume, track=track or ()
            )
            show_questions(found, as_json=as_json)
            return
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
    (name,) = settings.model.asked
    folder = folder or next_folder(settings, resume=resume)
    current = settings.path(settings.model.bundle)
    training.check_replaceable(current)
    task, data = workspace_task(settings, name), settings.data_of(name)
    result = run(task, chosen, data, folder, resume=resume, track=track)
    training.install_bundle(result.bundle, current)
    return result
