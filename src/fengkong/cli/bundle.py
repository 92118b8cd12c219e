"""`fengkong bundle`: look into a sealed bundle."""

from pathlib import Path
from typing import Annotated

import typer

from fengkong.cli.options import Json, Workspace, chosen_bundle, workspace_settings
from fengkong.cli.terminal import emit_json, out, table

__all__ = ["bundle"]

bundle = typer.Typer(help="Look into a sealed bundle.", no_args_is_help=True)


@bundle.callback()
def group() -> None:
    """Look into a sealed bundle."""


@bundle.command()
def show(
    folder: Annotated[Path | None, typer.Argument(help="The bundle; else the workspace's.")] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Verify every file of a bundle against its manifest, then show what it is.

    Example: fengkong bundle show bundle
    """
    settings = None if folder else workspace_settings(workspace, "name the bundle: fengkong bundle show BUNDLE")
    loaded = chosen_bundle(folder, settings)
    manifest = loaded.manifest
    if as_json:
        emit_json({"id": loaded.id, "verified": True, **manifest.model_dump(mode="json")})
        return
    out.print(f"{loaded.path}: verified, {loaded.id}")
    facts = {
        "signal": ", ".join(f"{head.name} ({head.task})" for head in manifest.heads),
        "labels": "; ".join(", ".join(head.labels) for head in manifest.heads),
        "positive": ", ".join(head.positive or "-" for head in manifest.heads),
        "language": manifest.language,
        "precision": manifest.precision,
        "longest text": f"{manifest.max_tokens} tokens",
        "temperature": ", ".join(f"{head.temperature:.3f}" for head in manifest.heads),
        "fields": ", ".join(spec.name for spec in manifest.fields) or "-",
    }
    out.print(table("what", "value", rows=facts.items()))
    sizes = [
        (name, f"{(loaded.path / name).stat().st_size / 1e6:.2f} MB", digest[:12])
        for name, digest in manifest.files.items()
    ]
    out.print(table("file", "size", "sha256", rows=sizes))
