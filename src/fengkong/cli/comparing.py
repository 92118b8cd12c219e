"""`fengkong backtest` and `fengkong shadow`: another policy beside what was decided, on past cases or live ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from fengkong import assembly, decisions
from fengkong.cli.options import Json, Workspace, workspace_settings
from fengkong.cli.terminal import emit_json, out, progress_bar, progress_out, table
from fengkong.domain.decisions import Outcome
from fengkong.domain.errors import InputError, SettingsError

if TYPE_CHECKING:  # --help is to load no heavy library
    import polars as pl

__all__ = ["backtest", "shadow"]

By = Annotated[list[str] | None, typer.Option("--by", help="A field whose values are segments; repeat for more.")]
Money = Annotated[list[str] | None, typer.Option("--money", help="A field of amounts to sum; repeat for more.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="NAME.parquet: one row a case, both decisions.")]
NAME_ONE = "go to a workspace, or name one with --workspace"


def backtest(
    cases: Annotated[
        Path | None, typer.Argument(help="Past cases (.parquet, or .jsonl of records); else the ledger's decisions.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Another rules file than the workspace's.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="A registered version instead of a rules file.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Another bundle than the workspace's.")] = None,
    stored_signals: Annotated[
        bool, typer.Option("--stored-signals", help="Ask no model: what was not stored is unknown.")
    ] = False,
    by: By = None,
    money: Money = None,
    file: Out = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """What a policy would have decided on past cases, beside what was decided: by reason, segment and money.

    Examples: fengkong backtest --rules new-rules.yaml --money amount   |   fengkong backtest cases.parquet --json
    """
    if rules and version:
        raise SettingsError("a backtest is of one policy", cure="give --rules or --version, not both")
    fields = [*(by or []), *(money or [])]
    settings = workspace_settings(workspace, NAME_ONE)
    with assembly.System(settings) as system, progress_bar("scoring", total=None) as bar:
        past = assembly.Past(system)
        policy = past.candidate(rules, version)
        found = decisions.read_cases(cases) if cases else past.cases(policy)
        if found.is_empty():
            what = "the file holds no cases" if cases else "the ledger holds no decisions"
            raise InputError(
                what,
                where=str(cases or settings.path(settings.decisions.ledger)),
                cure="make decisions with fengkong decide, or name a file of past cases",
            )
        scorers = None if stored_signals else past.scorers(bundle)
        pairs = decisions.backtest(policy, found, scorers, fields=fields, progress=bar.update)
    _tell(pairs, by or [], money or [], file, as_json)


def shadow(
    version: Annotated[int | None, typer.Argument(min=1, help="The version that ran beside; else all.")] = None,
    by: By = None,
    money: Money = None,
    file: Out = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """What the policy in the shadow decided, beside the live one: by reason, segment and money.

    Example: fengkong shadow 2 --by purpose --money amount
    """
    fields = [*(by or []), *(money or [])]
    settings = workspace_settings(workspace, NAME_ONE)
    with assembly.System(settings) as system:
        name = None if version is None else str(system.registry.version(version))
        pairs = decisions.shadow_pairs(system.ledger, name, fields)
        if pairs.is_empty():
            raise InputError(
                "nothing was decided in the shadow yet",
                where=str(settings.path(settings.decisions.ledger)),
                received=name or "",
                cure="let a version run there with fengkong policy shadow NUMBER --by NAME, then decide",
            )
    _tell(pairs, by or [], money or [], file, as_json)


def _tell(pairs: "pl.DataFrame", by: Sequence[str], money: Sequence[str], file: Path | None, as_json: bool) -> None:
    if file is not None:
        decisions.write_table(pairs, file)
        progress_out.print(f"{len(pairs)} rows to {file}")
    report = decisions.compare(pairs, by=by, money=money)
    if as_json:
        emit_json(report)
    else:
        out.print(*_drawn(report, money), sep="\n\n")


def _drawn(report: "decisions.Comparison", money: Sequence[str]) -> Iterator[Table | str]:
    yield _summed(report)
    if report.matrix:
        cells = (
            [f"{cell.before or '-'} -> {cell.after}", str(cell.n), *(f"{cell.money[name]:,.2f}" for name in money)]
            for cell in report.matrix
        )
        yield table("outcome", "cases", *money, rows=cells)
    if report.reasons:
        reasons = ([r.code, str(r.before), str(r.after), f"+{r.new}", f"-{r.gone}"] for r in report.reasons)
        yield table("reason", "before", "after", "new", "gone", rows=reasons)
    if report.segments:
        words = [str(outcome) for outcome in Outcome]
        segments = (
            [
                f"{s.field} = {'unknown' if s.value is None else s.value}",
                str(s.n),
                str(s.changed),
                *(f"{s.before[word]} -> {s.after[word]}" for word in words),
            ]
            for s in report.segments
        )
        yield table("segment", "cases", "changed", *words, rows=segments)


def _summed(report: "decisions.Comparison") -> str:
    """How many there are, what becomes of those that nobody decided on before, and how many of the others change."""
    failed = f", {report.failed} of which the second could not decide" if report.failed else ""
    if not report.undecided:
        return f"{report.n} cases{failed}; {report.changed} get another outcome"
    fresh = ", ".join(f"{cell.after} {cell.n}" for cell in report.matrix if cell.before is None)
    told = f"{report.undecided} cases without a decision: {fresh or 'none could be decided'}"
    if report.undecided == report.n:
        return told
    return f"{report.n} cases{failed}; {told}; {report.changed} of the others get another outcome"
