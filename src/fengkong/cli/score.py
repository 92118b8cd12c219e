"""`fengkong score`: read a file of texts with a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import assembly, corpus, scoring
from fengkong.cli.data import check_places, read_documents, with_columns
from fengkong.cli.options import (
    Column,
    Json,
    OnBadRow,
    Question,
    Rejects,
    Threads,
    Workspace,
    bundle_and_file,
    chosen_bundle,
    optional_workspace,
    workspace_settings,
)
from fengkong.cli.terminal import draw_findings, emit_json, progress_bar, progress_out

__all__ = ["score"]


def score(
    bundle: Annotated[Path | None, typer.Argument(help="The bundle; else the workspace's.")] = None,
    file: Annotated[
        str | None, typer.Argument(help="Texts (.csv .tsv .jsonl .parquet, also .gz); - reads JSON Lines.")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="NAME.jsonl, NAME.parquet, or - for standard output.")] = "-",
    column: Column = None,
    on_bad_row: OnBadRow = "stop",
    rejects: Rejects = None,
    question: Question = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Score a file of any size in constant memory: label, calibrated probabilities, and what was not read.

    Examples: fengkong score bundle texts.csv -o scores.parquet   |   cat texts.jsonl | fengkong score bundle -
    """
    bundle, file = bundle_and_file(bundle, file)
    settings = optional_workspace(workspace)
    if bundle is None or file is None:
        settings = workspace_settings(workspace, "name both: fengkong score BUNDLE FILE")
    source = file or (str(settings.path(settings.decisions.applications)) if settings else "-")
    check_places(source, out, rejects)
    scorer = scoring.Scorer(chosen_bundle(bundle, settings, question), threads=threads, head=question)
    read = corpus.ReadReport()
    data = with_columns(settings.data if settings else assembly.DataSettings(source=source), column)
    docs = read_documents(source, data, read, on_bad_row=on_bad_row, rejects=rejects)
    with progress_bar("scoring", total=None) as bar:
        report = assembly.score_file(scorer, docs, out, progress=bar.update)
    if as_json and out != "-":
        emit_json({"report": report, "skipped": read.skipped, "findings": read.findings()})
    partly = f"; {report.partly_read} longer than the model reads" if report.partly_read else ""
    progress_out.print(f"{report.rows} rows to {report.out}, {report.texts_per_second:,.0f} texts/s{partly}")
    if report.failed:
        progress_out.print(f"{report.failed} could not be scored; their rows say why, as cause")
    progress_out.print(*draw_findings(read.findings()), sep="\n", end="")
