"""`fengkong rate`: one short run that says where to look for a learning rate."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import training
from fengkong.cli.options import BadRow, Change, Column, Data, Json, Workspace, optional_workspace
from fengkong.cli.running import only_question, read_recipe
from fengkong.cli.search import chosen_data
from fengkong.cli.terminal import emit_json, out, progress_bar

__all__ = ["rate"]


def rate(
    data: Data = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write the curve as an HTML page.")] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", "-r", help="A recipe file.")] = None,
    change: Change = None,
    steps: Annotated[int, typer.Option(min=10, help="Of the sweep, at most.")] = 120,
    column: Column = None,
    on_bad_row: BadRow = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Suggest a learning rate: a short run in which it rises from 1e-7 to 1, until the loss runs away.

    Nothing is trained by it. In a workspace it needs no arguments.

    Examples: fengkong rate   |   fengkong rate --data spam.csv --set way=lora --report rate.html
    """
    settings = None if data else optional_workspace(workspace)
    start = read_recipe(recipe or (settings.path(settings.model.recipe) if settings else None), change or ())
    splits = chosen_data(settings, data, start, column, on_bad_row).splits
    prepared = training.prepare(start, splits)
    name = only_question(settings) if settings else "risk"
    with progress_bar("steps", steps) as bar:
        found = training.find_rate(prepared, steps=steps, name=name, tell=bar.update)
    if report is not None:
        training.write_rate_report(found, report, language=settings.language if settings else "en")
    if as_json:
        emit_json(found)
        return
    if found.suggestion is None:
        out.print("the loss did not fall beyond chance, so no learning rate is suggested; try more --steps")
    else:
        out.print(f"suggested learning_rate {found.suggestion:.2g}: {found.rule}")
        out.print(f"the recipe as it stands takes {prepared.plan.learning_rate:.2g}")
    if report is not None:
        out.print(f"report  {report}")
