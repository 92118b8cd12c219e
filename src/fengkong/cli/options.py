"""Options that several commands share, each written once, and what an absent argument means in a workspace."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, scoring
from fengkong.domain.errors import SettingsError

__all__ = [
    "BadRow",
    "Change",
    "Column",
    "Data",
    "Json",
    "JsonLines",
    "Language",
    "OnBadRow",
    "Question",
    "Rejects",
    "Threads",
    "Track",
    "Workspace",
    "bundle_and_file",
    "chosen_bundle",
    "optional_workspace",
    "workspace_settings",
]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line to standard output.")]
Workspace = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="The workspace's folder; else the nearest one upwards from here."),
]
OnBadRow = Annotated[
    Literal["stop", "skip"], typer.Option("--on-bad-row", help="Skipped rows go to the rejects file; nothing is lost.")
]
BadRow = Annotated[
    Literal["stop", "skip"] | None,
    typer.Option("--on-bad-row", help="Else as the workspace says, or stop. Skipped rows go to the rejects file."),
]
Data = Annotated[str | None, typer.Option("--data", "-d", help="Labelled texts, or hf://owner/name.")]
Change = Annotated[list[str] | None, typer.Option("--set", help="Change a recipe key, as key=value; repeat.")]
Track = Annotated[
    list[str] | None,
    typer.Option("--track", help="Tell tensorboard:FOLDER, mlflow:URI or wandb:PROJECT how it goes; repeat."),
]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", help="Where skipped rows go; else beside the input, as NAME.rejects.jsonl.")
]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", help="Name a column, as text=NAME, label=NAME, fields=A,B ...; repeat. Else it is found."),
]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Processor threads for the model.")]
Question = Annotated[
    str | None, typer.Option("--question", help="Which question, where the bundle answers several; else the first.")
]
Language = Annotated[Literal["en", "zh"], typer.Option("--language", "-l", help="Of the texts.")]


def optional_workspace(folder: Path | None) -> "assembly.Settings | None":
    """The workspace named, or the nearest one upwards; None when neither exists."""
    found = folder or assembly.find_workspace(Path.cwd())
    return assembly.Settings.read(found.resolve()) if found else None


def workspace_settings(folder: Path | None, instead: str) -> "assembly.Settings":
    """The same, but there must be one. `instead` says what to give when there is no workspace."""
    settings = optional_workspace(folder)
    if settings is None:
        raise SettingsError("there is no workspace here", where=str(Path.cwd()), cure=instead)
    return settings


def bundle_and_file(first: Path | None, second: str | None) -> tuple[Path | None, str | None]:
    """BUNDLE and FILE as given; one alone that is a file, or "-", is FILE, since a bundle is a folder."""
    if first is not None and second is None and (first.is_file() or str(first) == "-"):
        return None, str(first)
    return first, second


def chosen_bundle(
    named: Path | None, settings: "assembly.Settings | None", question: str | None = None
) -> "scoring.Bundle":
    """The bundle named, verified; else the workspace's, or of several that which answers the question."""
    if named is None and settings is not None:
        return assembly.System(settings).bundle_of(question)
    return scoring.Bundle.load(named or Path())
