"""One run's figures in one frozen value: what the report shows and what metrics.json holds.

Choices are made on dev: the temperature, the bands, the floor to compare with. Test is looked at once, at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fengkong.decisions.bands import Bands, Costs
from fengkong.domain import Finding, Plain
from fengkong.scoring.calibration import softmax
from fengkong.training.measuring.bootstrap import RESAMPLES, Estimate, FloatArray, IntArray, estimate
from fengkong.training.measuring.calibration import Calibration, confidences, fit_temperature, measure_calibration
from fengkong.training.measuring.floors import Floor
from fengkong.training.measuring.metrics import Metrics, Outcomes, classification_metrics, positive_index
from fengkong.training.measuring.ranking import Curves, Ranking
from fengkong.training.measuring.thresholds import BandMetrics, choose_bands, measure_bands
from fengkong.training.measuring.tried import Tried
from fengkong.training.progress import Evaluated, Event, Step

if TYPE_CHECKING:  # defaults imports torch, which reading or writing figures doesn't need
    from fengkong.training.defaults import Choice

__all__ = [
    "Calibrated",
    "CalibrationFigures",
    "DecisionFigures",
    "Drawings",
    "Gain",
    "Measurement",
    "ModelFigures",
    "RunFacts",
    "TrainingCurve",
    "measure",
    "training_curve",
]

SETS = ("dev", "test")
HISTOGRAM_BINS = 20


@dataclass(frozen=True, slots=True)
class TrainingCurve:
    """The loss of each step, and one dev figure as (step, value); best_step is the state that was kept."""

    metric: str
    loss: tuple[tuple[int, float], ...]
    dev: tuple[tuple[int, float], ...]
    best_step: int | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the figures were made from, as the job that ran knows it.

    counts: examples by split and label. choices: what was chosen from the size of the data, and why.
    recipe: the whole recipe. model: the members that the sealed model is made of ("ngrams", "frozen", "contrastive",
    "tuned"); tried: all that were in the race, where there was one. ranks: what AdaLoRA left of each matrix.
    bundle: what was sealed, parity with the trained model included. seconds: by stage.
    machine: processor, cores, versions. command: what a person types to make it again.
    """

    name: str
    created: datetime
    command: str = ""
    source: str = ""
    data_sha256: str = ""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    recipe: Mapping[str, Plain] = field(default_factory=dict)
    choices: "tuple[Choice, ...]" = ()
    model: tuple[str, ...] = ("tuned",)
    tried: tuple[Tried, ...] = ()
    ranks: Mapping[str, int] = field(default_factory=dict)
    curve: TrainingCurve | None = None
    bundle: Mapping[str, Plain] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What dev chose for a trained network. bands: None where no label is positive."""

    temperature: float
    bands: Bands | None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model ("tuned", or a floor's name) on both sets; the tuned one with calibrated probabilities."""

    name: str
    dev: Metrics
    test: Metrics


@dataclass(frozen=True, slots=True)
class Gain:
    """Tuned minus the best floor on test, by figure, with paired intervals; `over` was the best floor on dev."""

    over: str
    figures: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Before and after temperature scaling, on both sets; log losses on test, in nats."""

    temperature: float
    dev_before: Calibration
    dev_after: Calibration
    test_before: Calibration
    test_after: Calibration
    log_loss_before: float
    log_loss_after: float


@dataclass(frozen=True, slots=True)
class DecisionFigures:
    """The bands that dev chose for these costs, and what they cost on both sets."""

    positive: str
    costs: Costs
    bands: Bands
    dev: BandMetrics
    test: BandMetrics


@dataclass(frozen=True, slots=True)
class Drawings:
    """Points for the charts of the tuned model on test; the histograms count p of the positive label in 20 bins."""

    curves: Curves | None
    positives: tuple[int, ...]
    negatives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """All figures of one run. models: the tuned one first, then the floors. `domain.plain` makes it JSON.

    metric: the figure that counts most ("auc" where there is a positive label, else "macro_f1").
    gain: None where no floor was trained; decision and drawings: None where no label is positive.
    """

    labels: tuple[str, ...]
    positive: str | None
    metric: str
    seed: int
    resamples: int
    models: tuple[ModelFigures, ...]
    gain: Gain | None
    calibration: CalibrationFigures
    decision: DecisionFigures | None
    drawings: Drawings | None
    run: RunFacts

    @property
    def tuned(self) -> ModelFigures:
        """The fine-tuned model's figures."""
        return self.models[0]


def training_curve(events: Iterable[Event], metric: str) -> TrainingCurve:
    """The curve that a training loop's events tell; `metric` names one of their dev figures."""
    loss, dev, best = [], [], None
    for event in events:
        if isinstance(event, Step):
            loss.append((event.step, event.loss))
        elif isinstance(event, Evaluated):
            dev.append((event.step, event.figures[metric]))
            best = event.step if event.best else best
    return TrainingCurve(metric, tuple(loss), tuple(dev), best)


def measure(
    logits: Mapping[str, ArrayLike],
    truth: Mapping[str, ArrayLike],
    floors: Sequence[Floor],
    labels: Sequence[str],
    run: RunFacts,
    *,
    positive: str | None = None,
    costs: Costs | None = None,
    chosen: Calibrated | None = None,
    seed: int = 0,
) -> Measurement:
    """Measure a tuned model beside its floors.

    logits: of the tuned model, (n, k) for "dev" and for "test". truth: label numbers (n,) for the same two sets.
    positive: the label whose probability is acted on; of two labels the second unless named.
    chosen: temperature and bands that are sealed already; chosen on dev here where they are not given.
    Raises InputError for arrays that can't be right.
    """
    y = {name: np.asarray(truth[name], dtype=np.int64) for name in SETS}
    temperature = chosen.temperature if chosen else fit_temperature(logits["dev"], y["dev"])
    bands = chosen.bands if chosen else None
    before = {name: softmax(np.asarray(logits[name])) for name in SETS}
    after = {name: softmax(np.asarray(logits[name]), temperature) for name in SETS}
    at = positive_index(labels, positive)
    metric = "macro_f1" if at is None else "auc"

    def figures(name: str, probabilities: Mapping[str, FloatArray]) -> ModelFigures:
        dev, test = (classification_metrics(y[s], probabilities[s], labels, positive, seed=seed) for s in SETS)
        return ModelFigures(name, dev, test)

    models = (figures("tuned", after), *(figures(floor.name, floor.probabilities) for floor in floors))
    gain = None
    if floors:
        best = max(floors, key=lambda floor: _dev_figure(models, floor.name, metric))
        ours, theirs = (Outcomes(y["test"], p["test"], labels, positive) for p in (after, best.probabilities))
        gain = Gain(best.name, _differences(ours, theirs, seed))
    return Measurement(
        labels=tuple(labels),
        positive=None if at is None else labels[at],
        metric=metric,
        seed=seed,
        resamples=RESAMPLES,
        models=models,
        gain=gain,
        calibration=_calibration(y, before, after, at, temperature, seed),
        decision=None if at is None else _decision(y, after, at, labels[at], costs or Costs(), bands, seed),
        drawings=None if at is None else _drawings(y["test"], after["test"], at),
        run=run,
    )


def _dev_figure(models: Sequence[ModelFigures], name: str, metric: str) -> float:
    dev = next(model.dev for model in models if model.name == name)
    found = dev.binary.auc if metric == "auc" and dev.binary else dev.macro_f1
    return found.value or 0.0


def _differences(ours: Outcomes, theirs: Outcomes, seed: int) -> dict[str, Estimate]:
    """Ours minus theirs on the same resamples of the same rows."""

    def statistic(weights: FloatArray) -> dict[str, FloatArray]:
        first, second = ours.figures(weights), theirs.figures(weights)
        return {name: first[name] - second[name] for name in ("accuracy", "macro_f1", "auc", "pr_auc") if name in first}

    return estimate(statistic, ours.n, seed=seed)


def _calibration(
    y: Mapping[str, IntArray],
    before: Mapping[str, FloatArray],
    after: Mapping[str, FloatArray],
    at: int | None,
    temperature: float,
    seed: int,
) -> CalibrationFigures:
    dev_before, dev_after, test_before, test_after = (
        measure_calibration(*confidences(y[name], probabilities[name], at), seed=seed)
        for name in SETS
        for probabilities in (before, after)
    )
    own = np.arange(y["test"].size), y["test"]
    losses = (float(-np.log(np.clip(p["test"][own], 1e-16, 1)).mean()) for p in (before, after))
    return CalibrationFigures(temperature, dev_before, dev_after, test_before, test_after, *losses)


def _decision(
    y: Mapping[str, IntArray],
    probabilities: Mapping[str, FloatArray],
    at: int,
    positive: str,
    costs: Costs,
    bands: Bands | None,
    seed: int,
) -> DecisionFigures:
    claims = {name: confidences(y[name], probabilities[name], at) for name in SETS}
    bands = bands or choose_bands(*claims["dev"], costs)
    dev, test = (measure_bands(*claims[name], bands, costs, seed=seed) for name in SETS)
    return DecisionFigures(positive, costs, bands, dev, test)


def _drawings(y: IntArray, probabilities: FloatArray, at: int) -> Drawings:
    p, positive = probabilities[:, at], y == at
    counts = (np.histogram(p[rows], HISTOGRAM_BINS, (0.0, 1.0))[0] for rows in (positive, ~positive))
    positives, negatives = (tuple(int(n) for n in part) for part in counts)
    return Drawings(Ranking(p, positive).curves(), positives, negatives)
