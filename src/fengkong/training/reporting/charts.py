"""The training report's charts. Axis titles come from `words`, the report's wording in its language."""

from collections.abc import Mapping, Sequence

import altair as alt

from fengkong.decisions.bands import Bands
from fengkong.training.measuring.bootstrap import Estimate
from fengkong.training.measuring.calibration import Calibration
from fengkong.training.measuring.measurement import Drawings, ModelFigures, TrainingCurve
from fengkong.training.measuring.metrics import Metrics
from fengkong.training.measuring.ranking import Curves
from fengkong.training.reporting.drawing import FAINT, HEIGHT, INK, MAIN, SECOND, Rows, plot, svg

__all__ = [
    "confusion_matrix",
    "learning_curve",
    "model_comparison",
    "precision_recall_curve",
    "reliability_diagram",
    "roc_curve",
    "score_histogram",
]

Words = Mapping[str, str]

SIDE = 280
UNIT = alt.Scale(domain=[0, 1], nice=False)
LOSS_POINTS = 200


def learning_curve(curve: TrainingCurve, words: Words) -> str:
    """Training loss (averaged over equal runs of steps) above the dev figure, over the steps; the kept state marked."""
    run = max(1, len(curve.loss) // LOSS_POINTS)
    runs = [curve.loss[i : i + run] for i in range(0, len(curve.loss), run)]
    losses = [{"step": part[-1][0], "value": sum(loss for _, loss in part) / len(part)} for part in runs]
    dev: Rows = [{"step": step, "value": value, "kept": step == curve.best_step} for step, value in curve.dev]
    last = max(row["step"] for row in (*losses, *dev))
    step = alt.X("step:Q", title=words["step"], scale=alt.Scale(domain=[0, last], nice=False))
    loss = plot(losses, height=HEIGHT // 2).mark_line(color=MAIN, strokeWidth=1.5)
    figure = plot(dev, height=HEIGHT // 2).encode(
        step, alt.Y("value:Q", title=f"{words[curve.metric]} (dev)", scale=alt.Scale(zero=False))
    )
    kept = figure.mark_point(color=SECOND, size=90, filled=True).transform_filter("datum.kept")
    return svg(
        alt.vconcat(
            loss.encode(step.title(None), alt.Y("value:Q", title=words["loss"])),
            figure.mark_line(color=MAIN, point=alt.OverlayMarkDef(color=MAIN, filled=True)) + kept,
        )
    )


def reliability_diagram(before: Calibration, after: Calibration, words: Words) -> str:
    """Share that came true over the probability claimed, before and after scaling; a dot's area tells its rows."""
    rows: Rows = [
        {"p": b.mean_p, "share": b.share, "n": b.n, "when": words[when]}
        for when, calibration in (("before", before), ("after", after))
        for b in calibration.bins
    ]
    encoded = plot(rows, SIDE, SIDE).encode(
        alt.X("p:Q", title=words["claimed"], scale=UNIT),
        alt.Y("share:Q", title=words["came_true"], scale=UNIT),
        alt.Color(
            "when:N",
            title=None,
            scale=alt.Scale(domain=[words["before"], words["after"]], range=[SECOND, MAIN]),
        ),
    )
    dots = encoded.mark_circle(opacity=0.85).encode(
        alt.Size("n:Q", legend=None, scale=alt.Scale(range=[20, 320], zero=True))
    )
    return svg(_diagonal() + encoded.mark_line(strokeWidth=1.5) + dots)


def confusion_matrix(metrics: Metrics, words: Words) -> str:
    """Counts of true against predicted label; a cell's strength is its share of the true label's rows."""
    labels = [figures.label for figures in metrics.classes]
    rows: Rows = [
        {"true": labels[i], "said": labels[j], "n": n, "share": n / max(1, sum(counts))}
        for i, counts in enumerate(metrics.confusion)
        for j, n in enumerate(counts)
    ]
    cell = max(30, min(72, 520 // len(labels)))
    side = cell * len(labels)
    base = plot(rows, side, side).encode(
        alt.X("said:N", sort=labels, title=words["predicted"], axis=alt.Axis(orient="top", labelAngle=-40)),
        alt.Y("true:N", sort=labels, title=words["true_label"]),
    )
    cells = base.mark_rect(color=MAIN, stroke=FAINT).encode(
        alt.Opacity("share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.0, 0.6]))
    )
    return svg(cells + base.mark_text(color=INK).encode(alt.Text("n:Q", format=",")))


def roc_curve(curves: Curves, words: Words) -> str:
    """Recall over the false-alarm rate, with the diagonal of chance."""
    rows: Rows = [{"x": x, "y": y} for x, y in curves.roc]
    return svg(_diagonal() + _line(rows, words["false_alarm_rate"], words["recall"]))


def precision_recall_curve(curves: Curves, words: Words) -> str:
    """Precision over recall."""
    rows: Rows = [{"x": x, "y": y} for x, y in curves.precision_recall]
    return svg(_line(rows, words["recall"], words["precision"]))


def score_histogram(drawings: Drawings, bands: Bands, positive: str, words: Words) -> str:
    """How many texts got which probability, one panel for the positive label and one for the rest; bands as lines."""
    thresholds: Rows = [{"at": at} for at in sorted({bands.review_from, bands.decline_from})]
    panels = []
    for title, counts, colour in (
        (f"= {positive}", drawings.positives, SECOND),
        (f"≠ {positive}", drawings.negatives, MAIN),
    ):
        rows: Rows = [{"from": b / len(counts), "to": (b + 1) / len(counts), "n": n} for b, n in enumerate(counts)]
        bars = plot(rows, height=HEIGHT // 2).mark_bar(color=colour, opacity=0.8)
        bars = bars.encode(
            alt.X("from:Q", bin="binned", title=words["p_positive"], scale=UNIT, axis=alt.Axis(tickCount=10)),
            alt.X2("to:Q"),
            alt.Y("n:Q", title=words["texts"], axis=alt.Axis(tickMinStep=1, tickCount=4)),
        )
        lines = plot(thresholds, height=HEIGHT // 2).mark_rule(color=INK, strokeDash=[4, 3])
        panels.append((bars + lines.encode(alt.X("at:Q", scale=UNIT))).properties(title=title))
    return svg(alt.vconcat(*panels))


def model_comparison(models: Sequence[ModelFigures], words: Words) -> str:
    """The tuned model and its floors on test: each chief figure with its 95% interval."""
    names = [words[model.name] for model in models]
    colours = alt.Scale(domain=names, range=[MAIN, *[SECOND] * (len(names) - 1)])
    chief = [(words[model.name], _chief_figures(model.test)) for model in models]
    panels = []
    for figure in chief[0][1]:
        rows: Rows = [
            {"model": name, "value": e.value, "low": e.low, "high": e.high}
            for name, e in ((name, figures[figure]) for name, figures in chief)
            if e.value is not None
        ]
        base = plot(rows, SIDE - 60, 26 * len(names)).encode(
            alt.Y("model:N", sort=names, title=None), alt.Color("model:N", legend=None, scale=colours)
        )
        spread = base.mark_rule(strokeWidth=2).encode(
            alt.X("low:Q", title=None, scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=5)),
            alt.X2("high:Q"),
        )
        points = base.mark_point(filled=True, size=70, opacity=1).encode(alt.X("value:Q"))
        panels.append((spread + points).properties(title=words[figure]))
    return svg(alt.concat(*panels, columns=2))


def _chief_figures(metrics: Metrics) -> dict[str, Estimate]:
    figures = {"accuracy": metrics.accuracy, "macro_f1": metrics.macro_f1}
    return {"auc": metrics.binary.auc, "pr_auc": metrics.binary.pr_auc, **figures} if metrics.binary else figures


def _diagonal() -> alt.Chart:
    ends: Rows = [{"x": 0, "y": 0}, {"x": 1, "y": 1}]
    line = plot(ends, SIDE, SIDE).mark_line(color=INK, strokeDash=[3, 3], strokeWidth=1, opacity=0.5)
    chart: alt.Chart = line.encode(alt.X("x:Q", scale=UNIT), alt.Y("y:Q", scale=UNIT))
    return chart


def _line(rows: Rows, x: str, y: str) -> alt.Chart:
    line = plot(rows, SIDE, SIDE).mark_line(color=MAIN, strokeWidth=1.8)
    chart: alt.Chart = line.encode(
        alt.X("x:Q", title=x, scale=UNIT), alt.Y("y:Q", title=y, scale=UNIT), alt.Order("x:Q")
    )
    return chart
