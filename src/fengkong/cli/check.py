"""`fengkong check`: find what is wrong before anything runs."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import assembly, rules, training
from fengkong.cli.data import read_labelled
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import draw_findings, emit_json, out
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity

__all__ = ["check"]

SEED = 42


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rules (.yaml), recipes (.toml) or labelled data; else the workspace's.")
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """List what is wrong in rules, recipes and data, with place and cure; exit code 1 when there is an error.

    Examples: fengkong check   |   fengkong check rules.yaml   |   fengkong check data.csv --json
    """
    findings = (
        [finding for file in files or () for finding in _check_file(file)] if files else _check_workspace(workspace)
    )
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        emit_json({"errors": errors, "findings": findings})
    else:
        for line in draw_findings(findings):
            out.print(line)
        out.print(f"{len(findings)} findings, {errors} errors" if findings else "nothing found: all is well")
    if errors:
        raise typer.Exit(1)


def _check_file(file: Path) -> list[Finding]:
    if not file.exists():
        raise InputError("the file does not exist", where=str(file), cure="check the name and the folder")
    match file.suffix:
        case ".yaml" | ".yml":
            return rules.check(file)
        case ".toml":
            training.Recipe.load(file)
            return []
        case _:
            return list(read_labelled(assembly.DataSettings(source=str(file)), seed=SEED).findings)


def _check_workspace(folder: Path | None) -> list[Finding]:
    settings = workspace_settings(folder, "name the files: fengkong check FILE")
    recipe = training.Recipe.load(settings.path(settings.model.recipe))
    data = settings.data.model_copy(update={"source": settings.source})
    labelled = read_labelled(data, seed=recipe.seed, recipe=recipe)
    return [*rules.check(settings.path(settings.decisions.rules)), *labelled.findings]
