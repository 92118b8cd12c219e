"""`fengkong evaluate`: a sealed bundle's figures on labelled text."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, scoring, training
from fengkong.cli.data import read_examples, read_labelled, with_columns
from fengkong.cli.options import Column, Json, Threads, Workspace, chosen_bundle, optional_workspace, workspace_settings
from fengkong.cli.terminal import draw_metrics, emit_json, out

__all__ = ["evaluate"]


def evaluate(
    bundle: Annotated[Path | None, typer.Argument(help="The bundle; else the workspace's.")] = None,
    file: Annotated[str | None, typer.Argument(help="Labelled texts; else the workspace's data.")] = None,
    split: Annotated[
        Literal["train", "dev", "test", "all"] | None,
        typer.Option(help="Which part; else test in a workspace, and all of a file."),
    ] = None,
    column: Column = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Measure a bundle as it is served: per label, macro-F1, ranking, calibration, each with its interval.

    Examples: fengkong evaluate   |   fengkong evaluate bundle new-cases.csv --json
    """
    settings = optional_workspace(workspace)
    if bundle is None or file is None:
        settings = workspace_settings(workspace, "name both: fengkong evaluate BUNDLE FILE")
    chosen = chosen_bundle(bundle, settings)
    scorer = scoring.Scorer(chosen, threads=threads)
    wanted = split or ("all" if file else "test")
    if file is None and settings is not None:
        seed = training.Recipe.load(settings.path(settings.model.recipe)).seed
        data = settings.data.model_copy(update={"source": settings.source})
        parts = dict(read_labelled(data, seed=seed).splits)
        examples = [ex for name, part in parts.items() if wanted in (name, "all") for ex in part]
    else:
        columns = settings.data.columns if settings else assembly.ColumnSettings()
        data = with_columns(assembly.DataSettings(source=str(file), columns=columns), column)
        examples = [ex for ex in read_examples(data) if wanted in (ex.split, "all")]
    measured = training.evaluate(scorer, examples)
    if as_json:
        emit_json({"bundle": scorer.bundle_id, "split": wanted, "metrics": measured})
    else:
        out.print(f"{chosen.path} on {len(examples):,} texts ({wanted})")
        out.print(*draw_metrics(measured), sep="\n")
