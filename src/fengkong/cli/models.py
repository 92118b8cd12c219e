"""`fengkong models`: the base models to choose from, with size and licence."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, Literal

import typer
from rich.text import Text

from fengkong import training
from fengkong.cli.options import Json
from fengkong.cli.terminal import emit_json, out, visible

__all__ = ["models"]

PLACES = {
    "bundled": "bundled",
    "cached": "in the hub cache of this machine",
    "recommended": "recommended, fetched from the hub when first used",
}


def models(
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option("--language", "-l", help="Those that read it, or do not say.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the base models that are bundled, in this machine's hub cache, and recommended, with size and licence.

    Example: fengkong models --language zh
    """
    bases = [base for base in training.list_bases() if language is None or _reads(base, language)]
    if as_json:
        emit_json(bases)
    else:
        out.print(*_draw(bases), "take one with: fengkong train --set base=MODEL", sep="\n")


def _reads(base: "training.ListedBase", language: str) -> bool:
    stated = base.language.replace(" ", "").split(",")
    return language in stated or "multilingual" in stated or not base.language


def _draw(bases: "Sequence[training.ListedBase]") -> Iterator[Text]:
    """Two lines a base, under the place where it lies: its name to copy, then what it is."""
    for place, group in groupby(bases, key=lambda base: base.place):
        yield Text(PLACES[place], style="bold")
        for base in group:
            known = [base.language, base.kind, f"{base.parameters / 1e6:,.0f} M weights" if base.parameters else ""]
            facts = [*filter(None, known), f"{base.megabytes:,.0f} MB", base.licence or "licence not stated"]
            yield Text(f"  {visible(base.name)}", style="" if base.usable else "dim")
            note = base.note if base.usable else f"can't be used: {base.note}"
            yield Text(visible(f"    {', '.join(facts)}{f'; {note}' if note else ''}"), style="dim")
