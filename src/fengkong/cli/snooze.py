"""`fengkong snooze`: let a rule say nothing about one entity for a while."""

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer

from fengkong import assembly, decisions
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out, progress_out, visible
from fengkong.domain.errors import SettingsError, likely_slip
from fengkong.ledger.entries import utc_now

__all__ = ["snooze"]


def snooze(
    rule: Annotated[str, typer.Argument(help="The id of the rule.")],
    entity: Annotated[str, typer.Option("--for", help="The entity, as field=value: customer=C-17.")],
    until: Annotated[str, typer.Option(help="A day, 2026-06-01 (its beginning, UTC), or a moment with zone.")],
    by: Annotated[str, typer.Option("--by", help="Who decides so.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Let a rule ask for nothing on documents of one entity until a moment; one that has passed ends it.

    Example: fengkong snooze large_amount --for customer=C-17 --until 2026-06-01 --by Li --note "verified by phone"
    """
    field, equals, value = entity.partition("=")
    if not equals:
        cure = "such as customer=C-17"
        raise SettingsError("an entity is written as field=value", where="--for", received=repr(entity), cure=cure)
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    with assembly.System(settings) as system:
        rules = [one.id for one in system.policy.rules.rules]
        if rule not in rules:
            raise SettingsError("the policy has no such rule", received=repr(rule), cure=likely_slip(rule, rules))
        given = decisions.Snooze(rule, field.strip(), value.strip(), _moment(until), by, note)
        decisions.snooze(system.ledger, given)
        _warn_of_slip(given.field, system)
    moment = given.until.isoformat(" ", "minutes")
    if as_json:
        emit_json(given)
    elif given.until <= utc_now():
        out.print(visible(f"the snooze of {rule} for {entity} is ended, since {moment} has passed"))
    else:
        out.print(visible(f"{rule} says nothing about {entity} until {moment}"))


def _warn_of_slip(field: str, system: "assembly.System") -> None:
    """Say so where documents were decided on and none of them has the field, which may be misspelt."""
    seen: set[str] = set()
    for stored in decisions.stored_decisions(system.ledger):
        seen.update(stored.doc.fields)
        if field in seen:
            return
    if seen:
        progress_out.print(
            visible(f"no document that was decided on has the field {field!r}; {likely_slip(field, seen)}")
        )


def _moment(written: str) -> datetime:
    try:
        if len(written) == len("2026-06-01"):
            return datetime.combine(date.fromisoformat(written), time(), UTC)
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise SettingsError(
            "that is no moment", where="--until", received=repr(written), cure="write 2026-06-01T09:00:00+08:00"
        ) from error
