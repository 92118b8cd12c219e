"""`fengkong mine`: rules, scorecards and weak segments out of past cases, as drafts to backtest."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, corpus, mining, scoring, training
from fengkong.cli.data import read_examples, with_columns
from fengkong.cli.options import Column, Json, Question, Threads, Workspace, chosen_bundle, optional_workspace
from fengkong.cli.terminal import draw_findings, emit_json, out, progress_out, table
from fengkong.domain.errors import FacilityError, InputError, SettingsError
from fengkong.domain.findings import Finding

__all__ = ["mine"]

HELD_OUT = (0.55, 0.05, 0.4)
"""Shares of cases where the data mark none: mining has nothing to choose by, and much to check."""
SEED = 42

mine = typer.Typer(help="Find rules, a scorecard, and where a model is weak, in past cases.", no_args_is_help=True)

File = Annotated[str | None, typer.Argument(help="Past cases with their outcomes; else the workspace's data.")]
Bad = Annotated[str | None, typer.Option("--bad", help="The label of a bad outcome; else the workspace's positive.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Write the draft here, NAME.yaml; NAME.parquet then has the held-out cases."),
]
Split = Annotated[
    Literal["given", "stratified", "time", "group"] | None,
    typer.Option(help="How cases are held out; time takes the latest. Else as the data say."),
]
Scores = Annotated[Path | None, typer.Option("--bundle", help="Let cases bear what this model says of them.")]


@mine.callback()
def group() -> None:
    """Find rules, a scorecard, and where a model is weak, in past cases."""


@mine.command()
def rules(
    file: File = None,
    bad: Bad = None,
    money: Annotated[str, typer.Option(help="The field that says what was at stake.")] = "",
    support: Annotated[float, typer.Option(help="The least share of cases that a rule hits.")] = 0.01,
    lift: Annotated[float, typer.Option(help="How much oftener than usual they must be bad.")] = 1.5,
    most: Annotated[int, typer.Option(min=1, help="Rules at most.")] = 10,
    bundle: Scores = None,
    out_file: Out = None,
    split: Split = None,
    seed: Annotated[int, typer.Option(help="The same seed finds the same.")] = SEED,
    column: Column = None,
    question: Question = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Find conditions under which cases turned out badly more often, and held on cases not used to find them.

    Example: fengkong mine rules cases.csv --bad default --money amount -o mined.yaml
    """
    read = _Cases(file, bad, workspace, column, split, seed)
    scorers = [scoring.Scorer(chosen_bundle(bundle, None), threads=threads, head=question)] if bundle else []
    cases, held_out = mining.past_cases(read.splits, bad=read.bad, money=money, scorers=scorers)
    mined = mining.mine_rules(cases, held_out, support=support, lift=lift, most=most, seed=seed)
    draft = mining.draft_rules(mined) if mined.rules or out_file else ""
    found = [
        {"when": rule.when, "found": rule.found, "held_out": rule.held_out, "chance": rule.chance}
        for rule in mined.rules
    ]
    if as_json:
        emit_json({"rules": found, "tried": mined.tried, "findings": mined.findings, "draft": draft})
    else:
        _tell(mined.findings)
        rows = ([rule.when, *_hits(rule.found), *_hits(rule.held_out), f"{rule.chance:.1g}"] for rule in mined.rules)
        heads = ("cases", "bad", "lift", "held out", "bad", "lift", "chance")
        out.print(table("rule", *heads, rows=rows) if found else f"of {mined.tried} candidates none held")
    _propose(draft, out_file, held_out)


@mine.command()
def scorecard(
    file: File = None,
    bad: Bad = None,
    anchor: Annotated[int, typer.Option(help="The score that means --odds good cases to a bad one.")] = 600,
    odds: Annotated[float, typer.Option(help="Good cases to a bad one at --anchor.")] = 50.0,
    double: Annotated[int, typer.Option(help="The points that double the odds.")] = 20,
    reviewed: Annotated[float, typer.Option(help="The share of cases, of the lowest scores, to review.")] = 0.2,
    out_file: Out = None,
    split: Split = None,
    seed: Annotated[int, typer.Option(help="The same seed finds the same.")] = SEED,
    column: Column = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Build a scorecard from the fields: optimal bins, weight of evidence, points; measured on cases held out.

    Example: fengkong mine scorecard cases.csv --bad default -o scorecard.yaml
    """
    read = _Cases(file, bad, workspace, column, split, seed)
    cases, held_out = mining.past_cases(read.splits, bad=read.bad)
    card = mining.scorecard(cases, held_out, anchor=anchor, odds=odds, double=double, seed=seed)
    draft = mining.draft_scorecard(card, cases, reviewed=reviewed)
    if as_json:
        emit_json({"scorecard": card, "draft": draft})
    else:
        _tell(card.findings)
        out.print(table("characteristic", "bin", "cases", "bad", "woe", "points", rows=_bins(card)))
        for name, ranking in (("train", card.train), ("held out", card.held_out)):
            out.print(f"{name}: AUC {ranking.auc}, KS {ranking.ks}")
        out.print(f"base {card.base}; PSI {card.psi:.3f}")
    _propose(draft, out_file, held_out)


@mine.command()
def segments(
    file: File = None,
    bad: Bad = None,
    probability: Annotated[
        str | None, typer.Option(help="The field with a model's probability of the bad outcome; else ask the bundle.")
    ] = None,
    bundle: Scores = None,
    support: Annotated[float, typer.Option(help="The least share of cases in a segment.")] = 0.02,
    most: Annotated[int, typer.Option(min=1, help="Segments at most.")] = 10,
    out_file: Out = None,
    split: Split = None,
    seed: Annotated[int, typer.Option(help="The same seed finds the same.")] = SEED,
    column: Column = None,
    question: Question = None,
    threads: Threads = 2,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Find where a model's probabilities are off, or tell less than elsewhere.

    In a workspace, the cases that its model learned from are left out.

    Example: fengkong mine segments cases.csv --bad default --bundle bundle -o weak.yaml
    """
    read = _Cases(file, bad, workspace, column, split, seed)
    splits, scorers = read.splits, []
    if probability is None:
        chosen = read.bundle(bundle, question)
        scorers = [scoring.Scorer(chosen, threads=threads, head=question)]
        splits = splits if file else read.unlearned(chosen, scorers[0].name)
        probability = f"signals.{scorers[0].name}.p"
    cases, held_out = mining.past_cases(splits, bad=read.bad, scorers=scorers)
    weak = mining.weak_segments(cases, held_out, probability=probability, support=support, most=most)
    draft = mining.draft_segments(weak) if weak.segments or out_file else ""
    found = [
        {"when": each.when, "weakness": each.weakness, "found": each.found, "held_out": each.held_out}
        | {"chance": each.chance}
        for each in weak.segments
    ]
    if as_json:
        emit_json({"segments": found, "overall": weak.overall, "findings": weak.findings, "draft": draft})
    else:
        _tell(weak.findings)
        rows = [["all", "", *_performance(weak.overall), ""]]
        rows += [
            [each.when, each.weakness, *_performance(each.held_out), f"{each.chance:.1g}"] for each in weak.segments
        ]
        out.print(table("segment", "probability", "held out", "bad", "foretold", "skill", "chance", rows=rows))
        if not found:
            out.print("no segment was confirmed")
    _propose(draft, out_file, held_out)


class _Cases:
    """The past cases that a command names, or the workspace's."""

    def __init__(
        self,
        file: str | None,
        bad: str | None,
        workspace: Path | None,
        column: Sequence[str] | None,
        split: "corpus.splitting.HowToSplit | None",
        seed: int,
    ) -> None:
        self.settings = optional_workspace(workspace)
        if file is None and self.settings is None:
            raise SettingsError("there are no cases", cure="name a file, or go to a workspace")
        inside = self.settings if file is None else None
        source = assembly.DataSettings(source=file or "")
        data = inside.data.model_copy(update={"source": inside.source}) if inside else source
        self._data = with_columns(data, column)
        self.bad = bad or (self.settings.model.positive if self.settings else None) or ""
        if not self.bad:
            raise SettingsError("it is not said which outcome is bad", cure="name its label with --bad")
        self._examples = read_examples(self._data)
        self._how, self._seed = split or self._data.split, seed

    @property
    def splits(self) -> "corpus.Splits":
        return corpus.split_examples(self._examples, how=self._how, seed=self._seed, shares=HELD_OUT)

    def bundle(self, named: Path | None, question: str | None) -> "scoring.Bundle":
        if named is None and self.settings is None:
            raise SettingsError("there is no model to look at", cure="give --bundle or --probability")
        return chosen_bundle(named, self.settings, question)

    def unlearned(self, bundle: "scoring.Bundle", question: str) -> "corpus.Splits":
        """The cases that the model did not learn from: its dev set to look in, its test set to confirm on."""
        learned = training.splits_as_trained(bundle, {question: self._examples}, self._data.split)
        if learned is None:
            raise InputError(
                "these are not the cases that the bundle was trained on, so what is new to it can't be told",
                where=self._data.source,
                cure="name a file of cases that it has not seen",
            )
        return corpus.Splits(learned[question].dev, [], learned[question].test)


def _tell(findings: Sequence[Finding]) -> None:
    for line in draw_findings(findings):
        progress_out.print(line)


def _hits(hits: "mining.Hits") -> list[str]:
    return [f"{hits.cases:,}", f"{hits.precision:.1%}", f"{hits.lift:.2f}"]


def _performance(of: "mining.Performance") -> list[str]:
    return [f"{of.cases:,}", f"{of.bad:.1%}", f"{of.foretold:.1%}", f"{of.skill:.2f}"]


def _bins(card: "mining.Scorecard") -> Iterator[list[str]]:
    for each in card.characteristics:
        name = each.name
        for label, one in each.rows():
            cases = one.good + one.bad
            share = f"{one.bad / cases:.1%}" if cases else "-"
            yield [name, label, f"{cases:,}", share, f"{one.woe:+.2f}", f"{one.points:+d}"]
            name = ""


def _propose(draft: str, out_file: Path | None, held_out: "mining.Cases") -> None:
    """Write the draft and, beside it, the held-out cases, and say how to try the one on the other."""
    if out_file is None:
        if draft:
            progress_out.print("write it as a rule set with --out FILE.yaml, to try it with fengkong backtest")
        return
    beside = out_file.with_suffix(".parquet")
    try:
        out_file.write_text(draft, encoding="utf-8")
        held_out.table().write_parquet(beside)
    except OSError as error:
        raise FacilityError(
            "the draft can't be written", where=str(out_file), received=error.strerror or "", cure="name another place"
        ) from error
    command = shlex.join(["fengkong", "backtest", str(beside), "--rules", str(out_file), "--stored-signals"])
    progress_out.print(f"{out_file} is written, and the held-out cases as {beside}; in a workspace, try it with:")
    progress_out.print(command)
