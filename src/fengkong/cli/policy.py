"""`fengkong policy`: the life of a workspace's policy, each step on the ledger."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from fengkong import assembly, decisions
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out, table, visible
from fengkong.domain.errors import SettingsError

__all__ = ["policy"]

policy = typer.Typer(help="Draft, check, approve and put in force versions of the policy.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who does it; a version is approved by another than its author.")]
Note = Annotated[str, typer.Option(help="Why, for those who read it later.")]
Number = Annotated[int, typer.Argument(help="The version, as `fengkong policy list` shows it.", min=1)]
SHOW_CURE = "go to a workspace, or name one with --workspace"


@policy.callback()
def group() -> None:
    """Draft, check, approve and put in force versions of the policy."""


@policy.command()
def draft(
    by: By,
    bands: Annotated[
        Path | None, typer.Option(help="The bands that `fengkong thresholds --json` printed, by signal.")
    ] = None,
    capacity: Annotated[int | None, typer.Option(min=0, help="Reviews that people can do a day.")] = None,
    note: Note = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Register the workspace's rules, with the lists, tables and bundles that they use, as a new version.

    Example: fengkong policy draft --by Li --note "a lower limit"
    """
    with _system(workspace) as system:
        rules = system.settings.path(system.settings.decisions.rules)
        chosen = decisions.read_bands(bands) if bands else {}
        contents = decisions.Contents.read(rules, system.scorers, bands=chosen, capacity=capacity)
        _tell(system.registry.draft(contents, by, note), as_json)


@policy.command()
def check(number: Number, by: By, note: Note = "", workspace: Workspace = None, as_json: Json = False) -> None:
    """Make sure that a draft can decide: its rules stand, and its lists, tables and bundles are there.

    Example: fengkong policy check 1 --by Li
    """
    with _system(workspace) as system:
        _tell(system.registry.check(number, by, system.scorers, note), as_json)


@policy.command()
def approve(number: Number, by: By, note: Note = "", workspace: Workspace = None, as_json: Json = False) -> None:
    """Approve a checked version; refused to its author.

    Example: fengkong policy approve 1 --by Chen
    """
    with _system(workspace) as system:
        _tell(system.registry.approve(number, by, note), as_json)


@policy.command()
def live(number: Number, by: By, note: Note = "", workspace: Workspace = None, as_json: Json = False) -> None:
    """Put an approved or retired version in force; from then on `fengkong decide` uses it.

    Example: fengkong policy live 1 --by Li
    """
    with _system(workspace) as system:
        _tell(system.registry.go_live(number, by, system.scorers, note), as_json)


@policy.command()
def rollback(by: By, note: Note = "", workspace: Workspace = None, as_json: Json = False) -> None:
    """Put the version in force that was so before; once more goes back further.

    Example: fengkong policy rollback --by Li --note "too many declines"
    """
    with _system(workspace) as system:
        _tell(system.registry.roll_back(by, system.scorers, note), as_json)


@policy.command()
def shadow(
    by: By,
    number: Annotated[int | None, typer.Argument(help="A checked or approved version; none ends it.", min=1)] = None,
    note: Note = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Let a version decide beside the live one, leaving phantom records only; see: fengkong shadow.

    Example: fengkong policy shadow 2 --by Li
    """
    with _system(workspace) as system:
        system.registry.set_shadow(number, by, system.scorers, note)
        beside = system.registry.shadow
        if as_json:
            emit_json({"shadow": _summary(beside) if beside else None})
        else:
            out.print(visible(f"{beside} runs in the shadow" if beside else "no version runs in the shadow"))


@policy.command()
def show(
    number: Annotated[int | None, typer.Argument(help="The version; else the live one.", min=1)] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show what a version holds and all that was done to it.

    Example: fengkong policy show 1
    """
    with _system(workspace) as system:
        version = system.registry.live if number is None else system.registry.version(number)
    if version is None:
        raise SettingsError("no version is live", cure="name one: fengkong policy show NUMBER")
    if as_json:
        emit_json({**_summary(version), "contents": version.contents, "changes": version.changes})
        return
    contents = version.contents
    facts = {
        "state": str(version.state),
        "sha256": contents.hash[:12],
        "lists and tables": ", ".join(contents.files) or "-",
        "bundles": ", ".join(f"{name}: {bundle[:19]}" for name, bundle in contents.bundles.items()) or "-",
        "bands": ", ".join(_band(name, band) for name, band in contents.bands.items()) or "-",
        "reviews a day": "-" if contents.capacity is None else str(contents.capacity),
    }
    out.print(visible(str(version)))
    out.print(table("what", "value", rows=facts.items()))
    out.print(table("step", "by", "time", "note", rows=_steps(version)))
    out.print(visible(contents.rules, lines=True))


@policy.command()
def list(workspace: Workspace = None, as_json: Json = False) -> None:  # noqa: A001 - the command's own name
    """List the versions, oldest first.

    Example: fengkong policy list
    """
    with _system(workspace) as system:
        versions, beside = system.registry.versions, system.registry.shadow
    if as_json:
        emit_json({"versions": [*map(_summary, versions)], "shadow": beside and beside.number})
        return
    if not versions:
        out.print("no version is registered: `fengkong decide` uses the rules file")
        return
    rows = (
        [
            str(v),
            str(v.state) + (" (shadow)" if v == beside else ""),
            v.author,
            v.changes[-1].time.isoformat(" ", "minutes"),
        ]
        for v in versions
    )
    out.print(table("version", "state", "author", "changed", rows=rows))


def _system(workspace: Path | None) -> "assembly.System":
    return assembly.System(workspace_settings(workspace, SHOW_CURE))


def _tell(version: "decisions.Version", as_json: bool) -> None:
    if as_json:
        emit_json(_summary(version))
    else:
        out.print(visible(f"{version} is {version.state}"))


def _summary(version: "decisions.Version") -> dict[str, Any]:
    return {
        "version": str(version),
        "number": version.number,
        "state": version.state,
        "author": version.author,
        "sha256": version.contents.hash,
    }


def _band(name: str, band: "decisions.Bands") -> str:
    decline = f"decline from {band.decline_from:g}" if band.declines else "never decline"
    return f"{name}: review from {band.review_from:g}, {decline}"


def _steps(version: "decisions.Version") -> Iterator[tuple[str, str, str, str]]:
    for change in version.changes:
        yield str(change.action), change.by, change.time.isoformat(" ", "minutes"), change.note
