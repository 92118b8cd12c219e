"""`fengkong events`: what happened to entities, onto the ledger, for the windows of rules to count."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import assembly, decisions
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out

__all__ = ["events"]


def events(
    file: Annotated[Path, typer.Argument(help="JSON Lines: kind, time with zone, id if there is one, and fields.")],
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Record events, such as payments and logins, on the ledger; an event that bears an id is recorded once.

    Example: fengkong events payments.jsonl
    """
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    with assembly.System(settings) as system:
        new = decisions.record_events(system.ledger, decisions.read_events(file))
    if as_json:
        emit_json({"new": new})
    else:
        out.print(f"{new} new events recorded")
