"""`fengkong decide`: signals, facts and rules to decisions, each on the ledger before it is shown."""

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated

import typer

from fengkong import assembly, corpus
from fengkong.cli.data import check_text_options, in_chunks, parse_fields, read_documents, with_columns
from fengkong.cli.options import Column, JsonLines, OnBadRow, Rejects, Workspace, workspace_settings
from fengkong.cli.terminal import draw_decision, draw_findings, emit_line, out, progress_out
from fengkong.domain.documents import Document
from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Finding, Severity

__all__ = ["decide"]

CHUNK = 256
"""Documents decided together: one batch for the model, one short wait for the first answer."""


def decide(
    file: Annotated[str | None, typer.Argument(help="Texts to decide on; else the workspace's applications.")] = None,
    text: Annotated[str | None, typer.Option(help="One text instead of a file.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A fact for --text, as name=value; repeat for more.")] = None,
    column: Column = None,
    on_bad_row: OnBadRow = "stop",
    rejects: Rejects = None,
    workspace: Workspace = None,
    as_json: JsonLines = False,
) -> None:
    """Decide: approve, review or decline, with reasons, trace and signals. In doubt, review.

    Examples: fengkong decide   |   fengkong decide applications.csv --column fields=amount,income --json   |
    fengkong decide --text "I lost my job last month" --field amount=9000 --field income=31000
    """
    settings = workspace_settings(workspace, "make one with: fengkong new loan my-risk")
    check_text_options(file, text, field, column)
    docs: Iterable[Document]
    read = corpus.ReadReport()
    if text is not None:
        docs = [Document(text, parse_fields(field or []))]
    else:
        source = file or str(settings.path(settings.decisions.applications))
        data = with_columns(settings.data, column)
        docs = read_documents(source, data, read, on_bad_row=on_bad_row, rejects=rejects)
    with assembly.System(settings) as system:
        if text is not None:
            progress_out.print(*draw_findings([*_unknown_facts(docs, system.fields_read)]), sep="\n", end="")
        for chunk in in_chunks(docs, CHUNK):
            for dec in system.decide_many(chunk):
                if as_json:
                    emit_line(dec)
                else:
                    out.print(*draw_decision(dec, settings.language), sep="\n")
        findings = [*read.findings(), *_unread_facts(read.unread, system.fields_read)]
    progress_out.print(*draw_findings(findings), sep="\n", end="")


def _unknown_facts(docs: Iterable[Document], known: Collection[str]) -> Iterator[Finding]:
    """Facts that no rule and no model reads, so that nothing is decided by them."""
    for name in (name for doc in docs for name in doc.fields if name not in known):
        message = f"no rule and no model reads the fact {name!r}"
        yield Finding("D106", Severity.WARNING, message, cure=likely_slip(name, known))


def _unread_facts(columns: Iterable[str], known: Collection[str]) -> Iterator[Finding]:
    """Columns that bear the name of a fact that is asked for, and were not read as one."""
    names = [name for name in columns if name in known]
    if names:
        named = f"name them {', '.join(f'fields.{name}' for name in names)}"
        cure = f"{named}, or use --column fields={','.join(names)}{',' * (len(names) == 1)}"
        message = f"rules or models ask for these facts, and the columns aren't read as facts: {', '.join(names)}"
        yield Finding("D105", Severity.WARNING, message, cure=cure)
