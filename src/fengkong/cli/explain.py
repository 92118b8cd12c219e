"""`fengkong explain`: the stretches of a text that moved the score."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from fengkong import scoring, trust
from fengkong.cli.data import check_text_options, parse_fields, read_documents
from fengkong.cli.options import (
    Json,
    Question,
    Threads,
    Workspace,
    chosen_bundle,
    optional_workspace,
    workspace_settings,
)
from fengkong.cli.terminal import draw_explanation, emit_json, out
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError

__all__ = ["explain"]


def explain(
    file: Annotated[str | None, typer.Argument(help="A file of texts; else the workspace's applications.")] = None,
    text: Annotated[str | None, typer.Option(help="One text instead of a file.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A fact for --text, as name=value; repeat for more.")] = None,
    row: Annotated[int, typer.Option(min=1, help="Which text of the file, from 1.")] = 1,
    label: Annotated[
        str | None, typer.Option(help="Explain this label; else the positive one, or the most probable.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option("--bundle", "-b", help="The bundle; else the workspace's.")] = None,
    question: Question = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show which words (or characters) moved the score, and by how much.

    Examples: fengkong explain --row 3   |   fengkong explain -b bundle --text "Wire the fee first, then we pay out."
    """
    settings = optional_workspace(workspace)
    check_text_options(file, text, field)
    if bundle is None or (file is None and text is None):
        settings = workspace_settings(workspace, "name both: fengkong explain -b BUNDLE --text TEXT")
    scorer = scoring.Scorer(chosen_bundle(bundle, settings, question), threads=threads, head=question)
    if text is not None:
        doc = Document(text, parse_fields(field or []))
    else:
        source = file or (str(settings.path(settings.decisions.applications)) if settings else "-")
        data = settings.data if settings else None
        doc = _row(source, row, read_documents(source, data, on_bad_row="stop", rejects=None))
    explanation = trust.explain(scorer, doc, label=label)
    if as_json:
        emit_json(explanation)
    else:
        out.print(*draw_explanation(explanation), sep="\n")


def _row(source: str, row: int, docs: Iterator[Document]) -> Document:
    for doc in islice(docs, row - 1, row):
        return doc
    raise InputError("the file has fewer rows", where=source, received=f"--row {row}", cure="give a smaller row")
