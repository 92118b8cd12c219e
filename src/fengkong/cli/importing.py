"""`fengkong import jdm`: decision tables of the ZEN engine's JSON models as a rule set."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import rules
from fengkong.cli.options import Json
from fengkong.cli.terminal import draw_findings, emit_json, out
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.domain.findings import Severity

__all__ = ["importing"]

importing = typer.Typer(help="Carry over what other engines hold.", no_args_is_help=True)


@importing.callback()
def group() -> None:
    """Carry over what other engines hold."""


@importing.command()
def jdm(
    file: Annotated[Path, typer.Argument(help="The JDM file (.json).")],
    target: Annotated[Path, typer.Option("--out", "-o", help="The rule set to write; it must not exist.")],
    as_json: Json = False,
) -> None:
    """Carry decision tables over from a JDM file; what has no faithful equal is refused with its place: exit code 1.

    Example: fengkong import jdm pricing.json --out pricing.yaml
    """
    if target.exists():
        raise SettingsError("the file exists", where=str(target), cure="name another one, or move it away")
    imported = rules.import_jdm(file)
    if imported.text:
        try:
            target.write_text(imported.text, encoding="utf-8")
        except OSError as error:
            cause = error.strerror or str(error)
            raise FacilityError("the file can't be written", where=str(target), received=cause) from error
    refused = sum(finding.severity is Severity.ERROR for finding in imported.findings)
    if as_json:
        emit_json(
            {"written": str(target) if imported.text else None, "refused": refused, "findings": imported.findings}
        )
    else:
        for line in draw_findings(imported.findings):
            out.print(line)
        out.print(f"{target} written" if imported.text else "nothing could be carried over")
    if refused:
        raise typer.Exit(1)
