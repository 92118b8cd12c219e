"""`fengkong decide`: signals, facts and rules to decisions, each on the ledger before it is shown."""

from collections.abc import Iterable
from typing import Annotated

import typer

from fengkong import assembly, corpus
from fengkong.cli.data import check_text_options, in_chunks, parse_fields, read_documents
from fengkong.cli.options import JsonLines, OnBadRow, Rejects, Workspace, workspace_settings
from fengkong.cli.terminal import draw_decision, draw_findings, emit_line, out, progress_out
from fengkong.domain.documents import Document

__all__ = ["decide"]

CHUNK = 256
"""Documents decided together: one batch for the model, one short wait for the first answer."""


def decide(
    file: Annotated[str | None, typer.Argument(help="Texts to decide on; else the workspace's applications.")] = None,
    text: Annotated[str | None, typer.Option(help="One text instead of a file.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A fact for --text, as name=value; repeat for more.")] = None,
    on_bad_row: OnBadRow = "stop",
    rejects: Rejects = None,
    workspace: Workspace = None,
    as_json: JsonLines = False,
) -> None:
    """Decide: approve, review or decline, with reasons, trace and signals. In doubt, review.

    Examples: fengkong decide   |   fengkong decide applications.csv --json   |
    fengkong decide --text "I lost my job last month" --field amount=9000 --field income=31000
    """
    settings = workspace_settings(workspace, "make one with: fengkong new loan my-risk")
    check_text_options(file, text, field)
    docs: Iterable[Document]
    read = corpus.ReadReport()
    if text is not None:
        docs = [Document(text, parse_fields(field or []))]
    else:
        source = file or str(settings.path(settings.decisions.applications))
        docs = read_documents(source, settings.data, read, on_bad_row=on_bad_row, rejects=rejects)
    with assembly.System(settings) as system:
        for chunk in in_chunks(docs, CHUNK):
            for dec in system.decide_many(chunk):
                if as_json:
                    emit_line(dec)
                else:
                    out.print(*draw_decision(dec, settings.language), sep="\n")
    progress_out.print(*draw_findings(read.findings()), sep="\n", end="")
