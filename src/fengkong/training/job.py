"""One run end to end: tune, seal, measure the sealed bundle beside its floors, report.

Choices (the best state, the temperature, the bands) are made on dev. Test is looked at once, through the sealed bundle,
so that the figures are those of what will be served.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from pydantic import ValidationError

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import Plain
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.calibration import softmax
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.manifest import Manifest, Thresholds
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION, clean
from fengkong.training.encoding import Encoded
from fengkong.training.evaluation import log_probabilities
from fengkong.training.exporting.sealing import Exported, export_bundle
from fengkong.training.machine import describe_machine
from fengkong.training.measuring.calibration import fit_temperature
from fengkong.training.measuring.floors import Inputs, train_floors
from fengkong.training.measuring.measurement import Calibrated, Measurement, RunFacts, measure, training_curve
from fengkong.training.measuring.metrics import positive_index
from fengkong.training.measuring.thresholds import Costs, choose_bands
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.progress import Evaluated, Event
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.explained import explained_examples
from fengkong.training.reporting.report import write_metrics, write_report
from fengkong.training.reporting.wording import Language
from fengkong.training.resumable import Tuning
from fengkong.training.run_folder import RunFolder, data_digest
from fengkong.training.tuning.predict import embed_texts, predict_logits

__all__ = ["JobEvent", "Origin", "RunResult", "Stage", "Task", "run_job"]


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is for. name: rules say `signals.<name>.p`.

    positive: the label that p is of. It is never guessed: without it the bundle names none and holds no bands, and p is
    the most probable label's; the figures alone then take the second of two labels.
    """

    name: str
    positive: str | None = None
    language: Language = "en"
    costs: Costs = Costs()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the examples came from, what was found in them, and the command that trains on them again."""

    source: str = ""
    command: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The run enters a new stage, named for people, with what is worth knowing of it."""

    name: str
    detail: str = ""


JobEvent = Stage | Event

THREADS = 2


@dataclass(frozen=True, slots=True)
class RunResult:
    """A complete run: its figures, and where its bundle and report lie."""

    measurement: Measurement
    bundle: Path
    report: Path


def run_job(
    task: Task,
    recipe: Recipe,
    splits: Splits,
    folder: Path,
    *,
    origin: Origin = Origin(),
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    tell: Callable[[JobEvent], None] = lambda _: None,
) -> RunResult:
    """Train, seal, measure and report into `folder`; `RunFolder` says what lies there afterwards.

    resume: go on from the folder's checkpoint, where there is one; the end is that of an uninterrupted run.
    checkpoint_seconds: how much training a crash may cost. tell: hears every stage, step and evaluation.
    Raises InputError, SettingsError and BaseModelError before anything is written where something can't be used,
    FacilityError where the machine fails, and KeyboardInterrupt, with the state saved, for Ctrl-C while it trains.
    """
    run, stages = RunFolder(folder), _Stages(tell)
    with stages.enter("preparing", ", ".join(f"{name} {len(part):,}" for name, part in splits)):
        run.check(resume=resume)
        _check_measurable(splits)
        dropped: list[Finding] = []
        fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train], report=dropped.append))
        prepared = prepare(recipe, splits, fields=fields)
        test = prepared.encode(splits.test)
        data_sha256 = data_digest(splits)
        manifest = _describe(task, prepared, origin, data_sha256)
        inputs = _floor_inputs(prepared, splits, test)
        tuning = Tuning(prepared, run, data_sha256, resume=resume)
        run.begin(recipe.to_toml())
    with stages.enter("tuning", "; ".join(f"{choice.name} {choice.value}" for choice in prepared.plan.choices)):
        events = tuning.go_on(checkpoint_seconds, tell)
    with stages.enter("sealing", "calibrate, export, compare with the trained model on dev"):
        chosen = _calibrate(task, prepared)
        exported = export_bundle(
            prepared.network,
            prepared.tokenizer,
            run.bundle,
            manifest.model_copy(update={"temperature": chosen.temperature, "thresholds": _thresholds(task, chosen)}),
            dev=splits.dev,
            train=splits.train,
            recipe=recipe.to_toml(),
        )
        scorer = Scorer(Bundle.load(run.bundle), threads=prepared.plan.threads or THREADS)
    with stages.enter("floors", "what the tuned model must beat"):
        floors = list(train_floors(inputs, prepared.train.labels, prepared.dev.labels, len(prepared.labels)))
    with stages.enter("measuring", "the sealed bundle: dev, and test once"):
        logs = {"dev": log_probabilities(scorer, splits.dev), "test": log_probabilities(scorer, splits.test)}
        measurement = measure(
            # What the bundle answers is calibrated; times the temperature it is the logits again, but for a constant.
            {name: chosen.temperature * found for name, found in logs.items()},
            {"dev": prepared.dev.labels, "test": test.labels},
            floors,
            prepared.labels,
            RunFacts(
                name=task.name,
                created=datetime.now(UTC),
                command=origin.command,
                source=origin.source,
                data_sha256=data_sha256,
                counts={name: Counter(ex.label for ex in part) for name, part in splits},
                findings=(*origin.findings, *prepared.findings, *dropped, *_silent_text(events)),
                recipe=recipe.model_dump(),
                choices=prepared.plan.choices,
                curve=training_curve(events, prepared.plan.metric),
                bundle=_bundle_facts(scorer.bundle_id, exported),
                machine=describe_machine(),
            ),
            positive=task.positive,
            costs=task.costs,
            chosen=chosen,
            seed=recipe.seed,
        )
    with stages.enter("reporting", "why, for three texts of test; charts"):
        measurement = replace(measurement, run=replace(measurement.run, seconds=dict(stages.seconds)))
        examples = explained_examples(scorer, splits.test, logs["test"])
        write_report(measurement, run.report, language=task.language, examples=examples)
        write_metrics(measurement, run.metrics)
        run.checkpoint.unlink(missing_ok=True)
    return RunResult(measurement, run.bundle, run.report)


def _silent_text(events: Sequence[Event]) -> Iterator[Finding]:
    """A finding where nothing beat the start, at which the fields speak alone."""
    best = [event.step for event in events if isinstance(event, Evaluated) and event.best]
    if best and best[-1] == 0:
        yield Finding(
            "T003",
            Severity.WARNING,
            "on dev, reading the texts added nothing to the fields; the sealed model goes by the fields alone",
            cure="check that the text says more than the fields, or train on the fields with simpler means",
        )


class _Stages:
    """Tells each stage as it is entered, and keeps the seconds that it took."""

    def __init__(self, tell: Callable[[JobEvent], None]) -> None:
        self._tell = tell
        self.seconds: dict[str, float] = {}

    @contextmanager
    def enter(self, name: str, detail: str = "") -> Iterator[None]:
        self._tell(Stage(name, detail))
        began = perf_counter()
        yield
        self.seconds[name] = perf_counter() - began


def _check_measurable(splits: Splits) -> None:
    """Raises InputError where training could be done, but nothing chosen on dev or measured on test."""
    if not splits.test:
        raise InputError("the test split is empty", cure="give more examples, or let them be split for you")
    if len({ex.label for ex in splits.dev}) == 1:
        raise InputError(
            "the dev split holds one label only, so no state or threshold can be chosen on it",
            received=repr(splits.dev[0].label),
            cure="give it examples of each label, or let the examples be split for you",
        )


def _describe(task: Task, prepared: Prepared, origin: Origin, data_sha256: str) -> Manifest:
    """The manifest but for what training and export will tell: what can't be sealed is refused before either."""
    positive_index(prepared.labels, task.positive)  # refuses a label that is none, and names the likely slip
    try:
        return Manifest(
            name=task.name,
            labels=prepared.labels,
            positive=task.positive,
            language=task.language,
            cleaning=CLEANING_VERSION,
            max_tokens=prepared.max_tokens,
            precision="fp32",
            fields=prepared.fields.specs if prepared.fields is not None else (),
            training={
                "data_sha256": data_sha256,
                "source": origin.source,
                "base": prepared.base.name,
                "recipe_sha256": prepared.recipe.sha256,
            },
        )
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(
            "this can't be sealed in a bundle",
            where=".".join(map(str, fault["loc"])),
            cure=fault["msg"].removeprefix("Value error, "),
        ) from None


def _floor_inputs(prepared: Prepared, splits: Splits, test: Encoded) -> dict[str, Inputs]:
    """What the floors read, taken before tuning moves the base."""
    encoded = {"train": prepared.train, "dev": prepared.dev, "test": test}
    return {
        name: Inputs(
            [clean(ex.text).text for ex in part],
            encoded[name].fields,
            embed_texts(prepared.network, encoded[name], padding=prepared.base.padding, bf16=prepared.plan.bf16),
        )
        for name, part in splits
    }


def _calibrate(task: Task, prepared: Prepared) -> Calibrated:
    """Temperature and bands, from the trained network on dev."""
    logits = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    truth = prepared.dev.labels
    temperature = fit_temperature(logits, truth)
    at = positive_index(prepared.labels, task.positive)
    if at is None:
        return Calibrated(temperature, None)
    return Calibrated(temperature, choose_bands(softmax(logits, temperature)[:, at], truth == at, task.costs))


def _thresholds(task: Task, chosen: Calibrated) -> Thresholds | None:
    bands = chosen.bands
    if task.positive is None or bands is None:
        return None
    return Thresholds(review_from=bands.review_from, decline_from=bands.decline_from)


def _bundle_facts(bundle_id: str, exported: Exported) -> dict[str, Plain]:
    chosen = exported.parity.chosen
    return {
        "id": bundle_id,
        "precision": chosen.precision,
        "megabytes": round(chosen.megabytes, 1),
        "parity": exported.parity.sentence,
    }
