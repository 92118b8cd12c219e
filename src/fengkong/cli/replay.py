"""`fengkong replay`: stored decisions again, which must come out the same to the byte."""

import typer

from fengkong import assembly, decisions
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out, progress_bar, table

__all__ = ["replay"]


def replay(workspace: Workspace = None, as_json: Json = False) -> None:
    """Make every stored decision again under its own policy, from what was stored; exit code 1 where one differs.

    Example: fengkong replay --json
    """
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    with assembly.System(settings) as system, progress_bar("replaying", total=None) as bar:
        policy_of = assembly.Past(system).policy_of
        report = decisions.replay(decisions.stored_decisions(system.ledger), policy_of, progress=bar.update)
    if as_json:
        emit_json(report)
    else:
        rows = ([diff.decision, diff.place, diff.stored, diff.again] for diff in report.differences)
        if report.differences:
            out.print(table("decision", "where", "stored", "again", rows=rows))
        out.print(f"{report.same} of {report.replayed} decisions came out the same")
        if report.skipped:
            out.print(f"{report.skipped} were made under policies that are not here, and were passed over")
    if report.same < report.replayed:
        raise typer.Exit(1)
