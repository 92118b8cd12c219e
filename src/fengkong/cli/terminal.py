"""What people see: one console for results, one for progress, and the drawing of the domain's words."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fengkong import training, trust
from fengkong.domain.canonical import plain
from fengkong.domain.decisions import Decision, Outcome, RuleState
from fengkong.domain.findings import Finding, Severity
from fengkong.domain.signals import Signal

__all__ = [
    "draw_decision",
    "draw_findings",
    "draw_measurement",
    "draw_metrics",
    "draw_explanation",
    "emit_json",
    "emit_line",
    "out",
    "progress_bar",
    "progress_out",
    "table",
    "visible",
]


class _Piped(Console):
    """A console whose reader may go away: what to do then is for the command line to say, not to end the process."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - called by rich while it handles the BrokenPipeError


out = _Piped(highlight=False, soft_wrap=True, markup=False, emoji=False)
progress_out = _Piped(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

OUTCOME_STYLE = {Outcome.APPROVE: "bold green", Outcome.REVIEW: "bold yellow", Outcome.DECLINE: "bold red"}
SEVERITY_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

# Control characters, by which a text could drive the terminal or stand in another order than it is read.
_VISIBLE = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys(
    [*range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], 0xFFFD
)
_VISIBLE_IN_LINES = {code: sign for code, sign in _VISIBLE.items() if chr(code) not in "\n\t"}


def visible(text: str, *, lines: bool = False) -> str:
    """What came from data, with a visible sign for each control character; `lines` keeps line ends and tabs."""
    return text.translate(_VISIBLE_IN_LINES if lines else _VISIBLE)


def emit_json(value: object) -> None:
    """One JSON document on standard output, for machines."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def emit_line(value: object) -> None:
    """One JSON object on one line, at once."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator["Bar"]:
    """A bar on standard error where that is a terminal; with an unknown total it counts."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_out,
        disable=not progress_out.is_terminal,
    ) as progress:
        yield Bar(progress, what, total)


class Bar:
    """One line of progress."""

    def __init__(self, progress: Progress, what: str, total: int | None) -> None:
        self._progress, self._task = progress, progress.add_task(what, total=total)

    def update(self, done: int) -> None:
        """Set how far it is."""
        self._progress.update(self._task, completed=done)


def table(*columns: str, rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: the first column to the left, figures to the right."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        drawn.add_row(*map(visible, row))
    return drawn


def draw_findings(findings: Sequence[Finding]) -> Iterator[Text]:
    """A line a finding, the worst first."""
    order = list(Severity)
    for finding in sorted(findings, key=lambda f: order.index(f.severity)):
        yield Text.assemble(
            (f"{finding.severity:<8}", SEVERITY_STYLE[finding.severity]),
            f"{finding.code}  ",
            (f"{visible(str(finding.place))}  " if str(finding.place) else "", "cyan"),
            visible(finding.message),
            (visible(f"; {finding.cure}") if finding.cure else "", "dim"),
        )


def draw_explanation(explanation: "trust.Explanation") -> Iterator[Text]:
    """The text with what moved the score marked (red for the label, blue against it), then the weights."""
    yield Text(visible(f"{explanation.name}: p({explanation.label}) = {explanation.p:.3f}"), style="bold")
    yield Text.assemble(
        *((visible(piece.text, lines=True), _weight_style(piece.weight)) for piece in explanation.pieces)
    )
    for span in explanation.spans:
        yield Text.assemble((f"{span.weight:+.3f}  ", _weight_style(span.weight)), visible(span.text))
    for fact in explanation.fields:
        yield Text.assemble(
            (f"{fact.weight:+.3f}  ", _weight_style(fact.weight)), f"{visible(fact.name)} = {_short(fact.value)}"
        )
    if explanation.unread:
        yield Text(f"{explanation.unread} tokens beyond the length limit were not read", style="yellow")


def _weight_style(weight: float) -> str:
    return "" if weight == 0 else "bold red" if weight > 0 else "bold blue"


def draw_measurement(measured: "training.Measurement | training.TaskMeasurement") -> Iterator[Table | Text]:
    """The models side by side on test, the calibration, and what the bands cost."""
    if isinstance(measured, training.TaskMeasurement):
        found = measured.tuned.test.figures
        rows = (
            [_of_what(model.name, measured), *(_estimate(model.test.figures[name]) for name in found)]
            for model in measured.models
        )
        yield table("on test", *found, rows=rows)
        return
    names = ["accuracy", "macro_f1", *(["auc"] if measured.positive else [])]
    models = ([_of_what(model.name, measured), *_figures(model.test, names)] for model in measured.models)
    yield table("on test", *names, rows=models)
    if measured.gain is not None:
        gains = ", ".join(f"{name} {_signed(figure)}" for name, figure in measured.gain.figures.items())
        yield Text(f"{_of_what('tuned', measured)} against {measured.gain.over}: {gains}")
    after = measured.calibration.test_after
    yield Text(f"calibration: temperature {measured.calibration.temperature:.2f}, ECE on test {after.ece:.3f}")
    if measured.decision is not None:
        bands, costs = measured.decision.bands, measured.decision.test
        yield Text(
            f"bands on p({measured.decision.positive}): review from {bands.review_from:.2f}, decline from "
            f"{bands.decline_from:.2f}; expected cost a text {_estimate(costs.cost)}, approving all "
            f"{_estimate(costs.approve_all)}"
        )


def _of_what(name: str, measured: "training.Measurement | training.TaskMeasurement") -> str:
    """What a model is: of the sealed one, its members, told apart from a floor of that name."""
    if name != "tuned" or measured.run.model == ("tuned",):
        return name
    return f"{' + '.join(measured.run.model)} (sealed)"


def draw_metrics(metrics: "training.Metrics | training.Figures") -> Iterator[Table | Text]:
    """One model on one set: each label, then the figures over all of them."""
    if isinstance(metrics, training.Figures):
        for head in metrics.labels[:1]:
            by_label = ([c.label, *map(_estimate, c.figures.values()), f"{c.support:,}"] for c in metrics.labels)
            yield table("label", *head.figures, metrics.counted, rows=by_label)
        rows = ([name, _estimate(figure)] for name, figure in metrics.figures.items())
        yield table("over all", "value [95% interval]", rows=rows)
        return
    rows = (
        [c.label, _estimate(c.precision), _estimate(c.recall), _estimate(c.f1), f"{c.support:,}"]
        for c in metrics.classes
    )
    yield table("label", "precision", "recall", "f1", "texts", rows=rows)
    names = ["accuracy", "macro_f1", "log_loss", "brier"]
    yield table("over all", "value [95% interval]", rows=zip(names, _figures(metrics, names), strict=True))
    if metrics.binary is not None:
        binary = metrics.binary
        ranking = {"auc": binary.auc, "pr_auc": binary.pr_auc, "ks": binary.ks}
        ranking |= {f"recall at {at.false_alarm_rate:.1%} false alarms": at.recall for at in binary.recall_at}
        rows = ([name, _estimate(figure)] for name, figure in ranking.items())
        yield table(f"ranking of {binary.positive!r}", "value [95% interval]", rows=rows)


def _figures(metrics: "training.Metrics", names: Sequence[str]) -> Iterator[str]:
    for name in names:
        found = metrics.binary if name == "auc" else metrics
        yield _estimate(getattr(found, name))


def _estimate(figure: "training.Estimate") -> str:
    if figure.value is None:
        return "-"
    interval = f" [{figure.low:.3f}, {figure.high:.3f}]" if figure.low is not None else ""
    return f"{figure.value:.3f}{interval}"


def _signed(figure: "training.Estimate") -> str:
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"


def draw_decision(dec: Decision, language: str) -> Iterator[Text]:
    """Outcome, signals, reasons, what points, scorecards and tables came to, and the rules that hit or could not be
    judged with the values that they saw.
    """
    yield Text.assemble(
        (str(dec.outcome).upper(), OUTCOME_STYLE[dec.outcome]),
        f"  document {visible(dec.document)}  decision {dec.id}",
    )
    for sig in dec.signals:
        read = f"failed: {sig.cause}" if sig.failed else _said(sig)
        unread = f"; {sig.unread} tokens beyond the length limit were not read" if sig.unread else ""
        yield Text(visible(f"  signal {sig.name}: {read}{unread}"))
    for reason in dec.reasons:
        yield Text.assemble(
            "  reason ", (reason.code, "bold"), f": {reason.texts.get(language) or reason.texts.get('en', '')}"
        )
    if dec.trace.derived:
        yield Text(f"  derived {_listed(dec.trace.derived)}")
    for rule in dec.trace.rules:
        if rule.state is not RuleState.NO_HIT:
            detail = f" ({rule.detail})" if rule.detail else ""
            saw = f"; saw {_listed(rule.values)}" if rule.values else ""  # a rule may read the text alone
            yield Text(visible(f"  rule {rule.rule}: {rule.state}{detail}{saw}"), style="dim")


def _said(sig: Signal) -> str:
    if sig.value is not None:
        return f"{sig.value:.4g}"
    return f"{sig.label or '-'}" + (f", p = {sig.p:.3f}" if sig.p is not None else "")


def _listed(values: Mapping[str, object]) -> str:
    return visible(", ".join(f"{name} = {_short(value)}" for name, value in values.items()))


def _short(value: object) -> str:
    shown = "unknown" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    return visible(shown if len(shown) <= 40 else shown[:37] + "...")
