"""`fengkong together`: several labelled files, one question each, to one model that answers all in one pass."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, training
from fengkong.cli.options import Column, Json
from fengkong.cli.terminal import draw_measurement, emit_json, out
from fengkong.cli.train import read_checked, read_recipe, with_reading
from fengkong.cli.training_progress import TrainingProgress, saved_when_interrupted
from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import SettingsError
from fengkong.domain.findings import Finding

__all__ = ["together"]


def together(
    question: Annotated[
        list[str],
        typer.Option("--question", "-q", help="NAME=FILE, or NAME=FILE@POSITIVE; repeat, one a question."),
    ],
    folder: Annotated[Path, typer.Option("--out", "-o", help="The run's folder.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="A recipe file.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a recipe key, as key=value; repeat.")
    ] = None,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", "-l", help="Of the texts.")] = "en",
    column: Column = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that was interrupted.")] = False,
    as_json: Json = False,
) -> None:
    """Train one encoder on several questions, each with its own examples, and seal them in one bundle.

    A bundle of several heads reads a text once for all of its questions. Each is measured and reported by itself.

    Example: fengkong together -q tone=tone.jsonl -q spam=spam.csv@spam --out runs/both
    """
    chosen = read_recipe(recipe, change or ())
    asked = [_parse(text, language) for text in question]
    by_question: dict[str, Splits] = {}
    findings: list[Finding] = []
    for task, source in asked:
        labelled = read_checked(with_reading(assembly.DataSettings(source=source), column, None), chosen)
        by_question[task.name] = labelled.splits
        findings += labelled.findings
    command = shlex.join(["fengkong", *sys.argv[1:]])
    origin = training.Origin(", ".join(source for _, source in asked), command, tuple(findings))
    saved = saved_when_interrupted(training.RunFolder(folder).checkpoint, resume=resume)
    with saved, TrainingProgress() as progress:
        result = training.run_together(
            [task for task, _ in asked],
            chosen,
            by_question,
            folder,
            origin=origin,
            resume=resume,
            tell=progress.show,
        )
    _show(result, as_json=as_json)


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


def _show(result: "training.TogetherResult", *, as_json: bool) -> None:
    if as_json:
        emit_json(result.measurements)
        return
    lines: Sequence[object]
    for name, measured in result.measurements.items():
        lines = [name, *draw_measurement(measured), f"report  {result.reports[name]}"]
        out.print(*lines, sep="\n")
    out.print(f"bundle  {result.bundle}")
