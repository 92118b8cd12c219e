"""The training report as one HTML file that opens anywhere, and the same figures as JSON.

Texts and labels come from strangers: the template escapes all of them, and the page forbids scripts and outside files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from fengkong.domain import SettingsError, plain
from fengkong.training.measuring.bootstrap import Estimate
from fengkong.training.measuring.measurement import Measurement, RunFacts
from fengkong.training.measuring.metrics import Metrics
from fengkong.training.reporting import charts
from fengkong.training.reporting.page import number, page_environment, write_page
from fengkong.training.reporting.wording import Language, words
from fengkong.training.tasks.measurement import TaskMeasurement
from fengkong.trust.occlusion import Explanation

__all__ = ["ExplainedExample", "Kind", "render_report", "write_all_metrics", "write_metrics", "write_report"]

MATRIX_LABELS = 15  # more than this many can't be read as a matrix; the most frequent confusions are listed instead
CONFUSIONS_LISTED = 15

AnyMeasurement = Measurement | TaskMeasurement
Kind = Literal["surest_right", "least_sure", "surest_wrong"]


@dataclass(frozen=True, slots=True)
class ExplainedExample:
    """One text with what moved its score, its true label and why it is shown ("" where there is nothing to tell)."""

    explanation: Explanation
    truth: str = ""
    kind: Kind | Literal[""] = ""

    @property
    def strongest(self) -> float:
        """The greatest absolute weight of a span or a field, by which the colours are scaled."""
        spans = (abs(span.weight) for span in self.explanation.spans)
        return max((*spans, *(abs(part.weight) for part in self.explanation.fields)), default=0.0)


def write_report(
    measurement: AnyMeasurement,
    path: Path,
    *,
    language: Language = "en",
    examples: Sequence[ExplainedExample] = (),
) -> None:
    """Write the report, whole or not at all. Raises FacilityError where the file can't be written."""
    write_page(path, render_report(measurement, language=language, examples=examples))


def write_metrics(measurement: AnyMeasurement, path: Path) -> None:
    """Write every figure as JSON, whole or not at all. Raises FacilityError where the file can't be written."""
    write_page(path, json.dumps(plain(measurement), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_all_metrics(measurements: Mapping[str, AnyMeasurement], path: Path) -> None:
    """The same for the questions of one run, by name."""
    write_page(path, json.dumps(plain(measurements), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def render_report(
    measurement: AnyMeasurement, *, language: Language = "en", examples: Sequence[ExplainedExample] = ()
) -> str:
    """The report as HTML. `language` is that of its headings and sentences, "en" or "zh"."""
    if language not in ("en", "zh"):
        raise SettingsError("the report's language is not known", received=repr(language), cure="use 'en' or 'zh'")
    w = words(language)
    w |= {"tuned": " + ".join(w[f"model_{member}"] for member in measurement.run.model)}
    environment = page_environment()
    environment.filters |= {"estimate": _estimate, "signed": _signed}
    shared = {
        "m": measurement,
        "run": measurement.run,
        "name": measurement.run.name,
        "created": measurement.run.created,
        "title": w["title"],
        "w": w,
        "language": language,
        "examples": examples,
    }
    if isinstance(measurement, TaskMeasurement):
        test = measurement.tuned.test
        return environment.get_template("task_report.html.jinja").render(
            **shared, charts=_curve(measurement.run, w), chief=test.figures[measurement.metric]
        )
    return environment.get_template("report.html.jinja").render(
        **shared,
        charts=_charts(measurement, w),
        chief=_chief(measurement.tuned.test, measurement.metric),
        confusions=_confusions(measurement.tuned.test),
    )


def _curve(run: RunFacts, w: Mapping[str, str]) -> dict[str, Markup]:
    if not (run.curve and run.curve.loss and run.curve.dev):
        return {}
    return {"curve": Markup(charts.learning_curve(run.curve, w))}  # noqa: S704 - as below


def _charts(m: Measurement, w: Mapping[str, str]) -> dict[str, Markup]:
    """Every chart that this run has figures for, by name."""
    calibration = m.calibration
    drawn = {
        "comparison": charts.model_comparison(m.models, w),
        "reliability": charts.reliability_diagram(calibration.test_before, calibration.test_after, w),
    }
    if len(m.labels) <= MATRIX_LABELS:
        drawn["confusion"] = charts.confusion_matrix(m.tuned.test, w)
    if m.drawings and m.decision:
        drawn["histogram"] = charts.score_histogram(m.drawings, m.decision.bands, m.decision.positive, w)
        if m.drawings.curves:
            drawn["roc"] = charts.roc_curve(m.drawings.curves, w)
            drawn["precision_recall"] = charts.precision_recall_curve(m.drawings.curves, w)
    return _curve(m.run, w) | {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - our own drawing; Vega escapes its texts


def _chief(metrics: Metrics, metric: str) -> Estimate:
    return metrics.binary.auc if metric == "auc" and metrics.binary else metrics.macro_f1


def _confusions(metrics: Metrics) -> list[tuple[str, str, int]]:
    """(true, predicted, texts) of the most frequent mistakes."""
    labels = [figures.label for figures in metrics.classes]
    mistakes = [
        (labels[i], labels[j], n)
        for i, counts in enumerate(metrics.confusion)
        for j, n in enumerate(counts)
        if i != j and n
    ]
    return sorted(mistakes, key=lambda mistake: -mistake[2])[:CONFUSIONS_LISTED]


def _estimate(figure: Estimate) -> str:
    """0.912 (0.893–0.930)."""
    if figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{number(figure.value)} ({figure.low:.3f}–{figure.high:.3f})"


def _signed(figure: Estimate) -> str:
    """+0.021 (−0.004 to +0.046)."""
    if figure.value is None or figure.low is None or figure.high is None:
        return number(figure.value)
    return f"{figure.value:+.3f} ({figure.low:+.3f} … {figure.high:+.3f})".replace("-", "−")
