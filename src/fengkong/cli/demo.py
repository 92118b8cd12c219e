"""`fengkong demo`: the whole road on simulated loan applications, from nothing to three decided cases."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from fengkong import assembly, training
from fengkong.cli.data import read_documents
from fengkong.cli.options import Json
from fengkong.cli.terminal import draw_decision, draw_explanation, draw_measurement, emit_json, out
from fengkong.cli.train import train_workspace
from fengkong.domain.decisions import Decision, Outcome
from fengkong.domain.documents import Document
from fengkong.domain.errors import SettingsError

__all__ = ["demo"]


ROWS, EPOCHS = 3000, 3
"""As much as two cores learn from in under five minutes, everything included."""


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make the workspace.")] = Path("fengkong-demo"),
    rows: Annotated[
        int | None, typer.Option(min=200, help="How many labelled applications to simulate.", show_default=str(ROWS))
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same data.", show_default="42")] = None,
    as_json: Json = False,
) -> None:
    """Simulate, tune, measure, seal, decide: the main job end to end, in a few minutes on two cores.

    A folder made by an earlier demo is used again: an unfinished run goes on, a finished one is followed by the next.

    Example: fengkong demo
    """
    began = perf_counter()
    simulated = [option for option, value in (("--rows", rows), ("--seed", seed)) if value is not None]
    if assembly.find_workspace(folder.resolve()) != folder.resolve():
        seed = 42 if seed is None else seed
        assembly.create_workspace(
            "loan", folder, rows=rows or ROWS, seed=seed, recipe=training.Recipe.commented_default()
        )
    elif simulated:
        raise SettingsError(
            "the folder holds simulated data already",
            where=str(folder),
            received=", ".join(simulated),
            cure="name another folder, or leave these options out",
        )
    settings = assembly.Settings.read(folder.resolve())
    result = train_workspace(settings, change=[f"epochs={EPOCHS}"], resume=True)
    source = str(settings.path(settings.decisions.applications))
    with assembly.System(settings) as system:
        docs = list(read_documents(source, settings.data, on_bad_row="stop", rejects=None))
        shown = one_of_each(docs, system.decide_many(docs))
        if as_json:
            emit_json(
                {"measurement": result.measurement, "decisions": [dec for _, dec in shown], "report": result.report}
            )
            return
        out.print(*draw_measurement(result.measurement), sep="\n")
        for doc, dec in shown:
            out.print()
            out.print(*draw_decision(dec, settings.language), sep="\n")
            out.print(*draw_explanation(system.explain(doc)), sep="\n")
    minutes, seconds = divmod(round(perf_counter() - began), 60)
    out.print(
        f"\nreport   {result.report}\nbundle   {result.bundle}\nledger   {settings.path(settings.decisions.ledger)}"
    )
    out.print(f"done in {minutes}:{seconds:02d}; go on with: cd {folder} && fengkong --help")


def one_of_each(docs: list[Document], decisions: list[Decision]) -> list[tuple[Document, Decision]]:
    """The first document of each outcome, from approve to decline, with its decision."""
    pairs = list(zip(docs, decisions, strict=True))
    found = (next((pair for pair in pairs if pair[1].outcome is outcome), None) for outcome in Outcome)
    return [pair for pair in found if pair is not None]
