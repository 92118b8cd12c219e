"""`fengkong thresholds`: which bands to write in the rules, from costs, reviews a day and a promised coverage."""

from typing import Annotated

import typer

from fengkong import assembly, decisions
from fengkong.cli.held_out import examples_of_file, examples_of_training
from fengkong.cli.options import Json, Question, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out, progress_out, table
from fengkong.domain.errors import InputError, SettingsError

__all__ = ["thresholds"]


def thresholds(
    data: Annotated[
        str | None,
        typer.Option(help="Labelled texts that the model hasn't learned from; else the test split of its data."),
    ] = None,
    capacity: Annotated[int | None, typer.Option(min=0, help="Reviews that people can do a day.")] = None,
    per_day: Annotated[int | None, typer.Option(min=1, help="Cases a day; goes with --capacity.")] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Promise that the true label is among those not ruled out, such as 0.9.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="A field; the coverage is promised for each of its values.")] = None,
    question: Question = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Choose where approve, review and decline begin on a signal's p, from the workspace's costs.

    Examples: fengkong thresholds --capacity 40 --per-day 1000   |
    fengkong thresholds --data new-cases.jsonl --coverage 0.9 --by city --json > bands.json
    """
    if (capacity is None) != (per_day is None):
        raise SettingsError("how many of the cases can be reviewed can't be told", cure="give --capacity and --per-day")
    if by is not None and coverage is None:
        raise SettingsError("groups are those of a promised coverage", where="--by", cure="give --coverage too")
    settings = workspace_settings(workspace, "go to a workspace, or name one with --workspace")
    with assembly.System(settings) as system:
        bundle = system.bundle_of(question)  # refuses a question that nobody asks
        scorer = system.scorers[question] if question else system.scorer
        if data:
            given = settings.data_of(scorer.name).model_copy(update={"source": data})
            examples = examples_of_file(bundle, given, scorer.name)
        else:
            reads = {head.name: settings.data_of(head.name) for head in bundle.manifest.heads}
            examples = examples_of_training(bundle, reads, scorer.name, "test")
        if scorer.positive is None:
            raise SettingsError(
                "bands are on p of a positive label, and the model names none", cure="train it with one"
            )
        signals = scorer.score([ex.document() for ex in examples])
    known = [(sig.p, ex) for sig, ex in zip(signals, examples, strict=True) if sig.p is not None]
    if len(known) < len(examples):
        progress_out.print(
            f"{len(examples) - len(known)} of {len(examples)} texts could not be scored, and don't count"
        )
    if by is not None and not any(by in ex.fields for _, ex in known):
        raise InputError(
            "the cases have no such field", where="--by", received=repr(by), cure="name one of their fields"
        )
    costs = decisions.Costs(**settings.costs.model_dump()) if settings.costs else decisions.Costs()
    found = decisions.choose_thresholds(
        [p for p, _ in known],
        [ex.label == scorer.positive for _, ex in known],
        costs,
        share=None if capacity is None or per_day is None else min(capacity / per_day, 1.0),
        coverage=coverage,
        groups=[str(ex.fields.get(by)) for _, ex in known] if by else None,
    )
    named = "costs" if capacity is None else "capacity"
    chosen = found.bands[named]
    if as_json:
        emit_json({"bands": {scorer.name: chosen}, "costs": costs, "chosen": found})
        return
    rows = (
        [
            name,
            f"{b.review_from:.4f}",
            f"{b.decline_from:.4f}" if b.declines else "never",
            f"{found.reviewed[name]:.1%}",
            f"{found.declined[name]:.1%}",
            f"{found.cost[name]:.4f}",
        ]
        for name, b in found.bands.items()
    )
    out.print(table("bands by", "review from", "decline from", "reviewed", "declined", "cost a case", rows=rows))
    points = ([f"{at.coverage:.0%}", f"{at.cost:.4f}", f"{at.error:.1%}"] for at in found.curve)
    out.print(table("decided without a person", "cost a case", "wrong", rows=points))
    p = f"signals.{scorer.name}.p"
    others = ", ".join(f"{name} {cost:.4f}" for name, cost in found.cost.items() if name != named)
    beside = f" (by {others})" if others else ""
    cost = f"{found.cost[named]:.4f} a case{beside}"
    out.print(f"on {found.n:,} cases; to have the bands by {named}, at a cost of {cost}, write in the rules:")
    out.print(f"  - {{id: decline, when: {p} >= {chosen.decline_from:.4f}, then: decline, reason: ...}}")
    out.print(f"  - {{id: review, when: {p} >= {chosen.review_from:.4f}, then: review, reason: ...}}")
