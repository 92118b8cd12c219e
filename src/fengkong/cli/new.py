"""`fengkong new`: make a workspace from a pack."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong import assembly, training
from fengkong.cli.options import Json, Language
from fengkong.cli.terminal import emit_json, out

__all__ = ["new"]


def new(
    pack: Annotated[
        str,
        typer.Argument(help="The pack: loan, fraud, credit, market, service, incident; or the folder of your own."),
    ],
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must be empty or not exist yet.")],
    language: Language = "en",
    rows: Annotated[
        int | None, typer.Option(min=50, help="How many labelled texts to simulate; else as many as the pack says.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same workspace.")] = 42,
    as_json: Json = False,
) -> None:
    """Make a workspace: settings, recipe, rules and a simulated sample, as plain files for git.

    Example: fengkong new loan my-risk && cd my-risk && fengkong train
    """
    written = assembly.create_workspace(
        pack, folder, language=language, rows=rows, seed=seed, recipe=training.Recipe.commented_default()
    )
    if as_json:
        emit_json({"workspace": folder, "files": [path.name for path in written]})
        return
    out.print(f"{folder} is ready: {', '.join(path.name for path in written)}")
    out.print(f"Next: cd {folder} && fengkong check && fengkong train")
