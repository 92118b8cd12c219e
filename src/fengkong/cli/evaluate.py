"""`fengkong evaluate`: a sealed bundle's figures on labelled text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, scoring, training
from fengkong.cli.data import read_examples, with_columns
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
from fengkong.cli.terminal import draw_findings, draw_metrics, emit_json, out, progress_out
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity

__all__ = ["evaluate"]

LEARNED = Finding(
    "T004",
    Severity.WARNING,
    "the bundle was trained on these examples, so the figures are too good",
    cure="name a file of examples that it has not seen",
)


def evaluate(
    bundle: Annotated[Path | None, typer.Argument(help="The bundle; else the workspace's.")] = None,
    file: Annotated[str | None, typer.Argument(help="Labelled texts; else the workspace's data.")] = None,
    split: Annotated[
        Literal["train", "dev", "test", "all"] | None,
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
    wanted = split or ("all" if file else "test")
    source = file or (settings.source if settings else "-")
    data = assembly.DataSettings(source=source)
    reads = {}
    for head in chosen.manifest.heads:
        own = settings.data_of(head.name) if settings else data
        reads[head.name] = with_columns(own.model_copy(update={"source": source}), column)
    examples = _chosen(chosen, reads, scorer.name, wanted) if file else _trained(chosen, reads, scorer.name, wanted)
    measured = training.evaluate(scorer, examples)
    if as_json:
        emit_json({"bundle": scorer.bundle_id, "split": wanted, "metrics": measured})
    else:
        out.print(f"{chosen.path} on {len(examples):,} texts ({wanted})")
        out.print(*draw_metrics(measured), sep="\n")


def _trained(
    bundle: "scoring.Bundle", reads: Mapping[str, "assembly.DataSettings"], question: str, wanted: str
) -> list[Example]:
    """A split of the data that the bundle was trained on, as it was then. Raises InputError where it is other data."""
    splits = training.splits_as_trained(bundle, _read(reads), reads[question].split)
    if splits is None:
        raise InputError(
            "these are not the examples that the bundle was trained on, so what is new to it can't be told",
            where=reads[question].source,
            cure="name a file of examples that it has not seen, or train again",
        )
    return [ex for name, part in splits[question] for ex in part if wanted in (name, "all")]


def _chosen(
    bundle: "scoring.Bundle", reads: Mapping[str, "assembly.DataSettings"], question: str, wanted: str
) -> list[Example]:
    """The examples of a file; where the bundle learned from them, that is said."""
    examples = read_examples(reads[question])
    if wanted != "test" and training.splits_as_trained(bundle, {question: examples}, reads[question].split):
        progress_out.print(*draw_findings([LEARNED]), sep="\n")
    return [ex for ex in examples if wanted in (ex.split, "all")]


def _read(reads: Mapping[str, "assembly.DataSettings"]) -> dict[str, list[Example]]:
    return {name: read_examples(data) for name, data in reads.items()}
