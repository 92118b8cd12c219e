"""`fengkong letter`: the letter to an applicant who was declined."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, decisions
from fengkong.cli.options import Workspace, workspace_settings
from fengkong.cli.terminal import out, visible
from fengkong.domain.errors import InputError

__all__ = ["letter"]


def letter(
    decision_id: Annotated[str, typer.Argument(help="The decision's id, as `fengkong decide` shows it.")],
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option("--language", "-l", help="Of the letter; else the workspace's.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="A text with $reasons, $reference, $date, $sender and fields by name.")
    ] = None,
    sender: Annotated[str | None, typer.Option(help="Who signs; else the workspace's name.")] = None,
    workspace: Workspace = None,
) -> None:
    """Write the letter that tells an applicant the main reasons for a decline, at most four.

    Example: fengkong letter 019c3a5e-6f00-7abc-8def-0123456789ab --language zh --sender "Lending team"
    """
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    text = None if template is None else _read(template)
    with assembly.System(settings) as system:
        stored = decisions.find_decision(system.ledger, decision_id)
    chosen = language or settings.language
    written = decisions.letter(stored, language=chosen, sender=sender or settings.name, template=text)
    out.print(visible(written, lines=True), end="")


def _read(template: Path) -> str:
    try:
        return template.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the template can't be read", where=str(template), cure="give a UTF-8 text file") from error
