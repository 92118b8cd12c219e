"""`fengkong audit`: whether the workspace's ledger is as it was written."""

import typer

from fengkong import assembly
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import draw_findings, emit_json, out
from fengkong.domain.errors import InputError

__all__ = ["audit"]

audit = typer.Typer(help="Check the record of all decisions.", no_args_is_help=True)


@audit.callback()
def group() -> None:
    """Check the record of all decisions."""


@audit.command()
def verify(workspace: Workspace = None, as_json: Json = False) -> None:
    """Walk the ledger's chain of hashes, and end with 1 where an entry was edited, cut out or moved.

    Example: fengkong audit verify
    """
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    ledger = settings.path(settings.decisions.ledger)
    if not ledger.exists():
        raise InputError("there is no ledger yet", where=str(ledger), cure="the first fengkong decide makes it")
    with assembly.System(settings) as system:
        findings = system.ledger.verify()
    if as_json:
        emit_json({"ledger": ledger, "whole": not findings, "findings": findings})
    elif findings:
        out.print(*draw_findings(findings), sep="\n")
    else:
        out.print(f"{ledger}: no entry was edited, cut out or moved")
    if findings:
        raise typer.Exit(1)
