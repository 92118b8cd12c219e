"""`fengkong evaluate`: a sealed bundle's figures on labelled text."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import assembly, scoring, training
from fengkong.cli.data import with_columns
from fengkong.cli.held_out import Part, examples_of_file, examples_of_training
from fengkong.cli.options import (
    Column,
    Json,
    Question,
    Threads,
    Workspace,
    bundle_and_file,
    chosen_bundle,
    optional_workspace,
    workspace_settings,
)
from fengkong.cli.terminal import draw_metrics, emit_json, out

__all__ = ["evaluate"]


def evaluate(
    bundle: Annotated[Path | None, typer.Argument(help="The bundle; else the workspace's.")] = None,
    file: Annotated[str | None, typer.Argument(help="Labelled texts; else the workspace's data.")] = None,
    split: Annotated[
        Part | None,
        typer.Option(help="Which part; else test in a workspace, and all of a file."),
    ] = None,
    column: Column = None,
    question: Question = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Measure a bundle as it is served: per label, macro-F1, ranking, calibration, each with its interval.

    Examples: fengkong evaluate   |   fengkong evaluate bundle new-cases.csv --json
    """
    bundle, file = bundle_and_file(bundle, file)
    settings = optional_workspace(workspace)
    if bundle is None or file is None:
        settings = workspace_settings(workspace, "name both: fengkong evaluate BUNDLE FILE")
    chosen = chosen_bundle(bundle, settings, question)
    scorer = scoring.Scorer(chosen, threads=threads, head=question)
    wanted: Part = split or ("all" if file else "test")
    source = file or (settings.source if settings else "-")
    data = assembly.DataSettings(source=source)
    reads = {}
    for head in chosen.manifest.heads:
        own = settings.data_of(head.name) if settings else data
        reads[head.name] = with_columns(own.model_copy(update={"source": source}), column)
    if file:
        examples = examples_of_file(chosen, reads[scorer.name], scorer.name, wanted)
    else:
        examples = examples_of_training(chosen, reads, scorer.name, wanted)
    measured = training.evaluate(scorer, examples)
    if as_json:
        emit_json({"bundle": scorer.bundle_id, "split": wanted, "metrics": measured})
    else:
        out.print(f"{chosen.path} on {len(examples):,} texts ({wanted})")
        out.print(*draw_metrics(measured), sep="\n")
