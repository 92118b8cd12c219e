"""`fengkong together`: several labelled files, one question each, to one model that answers all in one pass."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, training
from fengkong.cli.options import Change, Column, Json, Track
from fengkong.cli.questions import learn_together, show_questions
from fengkong.cli.running import read_recipe, with_reading
from fengkong.domain.errors import SettingsError

__all__ = ["together"]


def together(
    question: Annotated[
        list[str],
        typer.Option("--question", "-q", help="NAME=FILE, or NAME=FILE@POSITIVE; repeat, one a question."),
    ],
    folder: Annotated[Path, typer.Option("--out", "-o", help="The run's folder.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="A recipe file.")] = None,
    change: Change = None,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", "-l", help="Of the texts.")] = "en",
    column: Column = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was interrupted.")] = False,
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Train one encoder on several questions, each with its own examples, and seal them in one bundle.

    A bundle of several heads reads a text once for all of its questions. Each is measured and reported by itself.

    Example: fengkong together -q tone=tone.jsonl -q spam=spam.csv@spam --out runs/both
    """
    chosen = read_recipe(recipe, change or ())
    asked = [_parse(text, language) for text in question]
    tasks = [task for task, _ in asked]
    data = {task.name: with_reading(assembly.DataSettings(source=source), column, None) for task, source in asked}
    result = learn_together(tasks, data, chosen, folder, resume=resume, track=track or ())
    show_questions(result, as_json=as_json)


def _parse(text: str, language: Literal["en", "zh"]) -> tuple["training.Task", str]:
    """A question's task and file. Raises SettingsError for what is not NAME=FILE or NAME=FILE@POSITIVE."""
    name, equals, rest = text.partition("=")
    source, _, positive = rest.partition("@")
    if not (name and equals and source):
        raise SettingsError(
            "a question is written as NAME=FILE",
            where="--question",
            received=repr(text),
            cure="write it so, with @LABEL behind the file where one label is the positive one",
        )
    return training.Task(name, positive or None, language), source
