"""One run end to end: tune, seal, measure the sealed bundle beside its floors, report.

Choices (the best state, the temperature, the bands) are made on dev. Test is looked at once, through the sealed bundle,
so that the figures are those of what will be served.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import Plain
from fengkong.domain.findings import Finding
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.calibration import softmax
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.manifest import Manifest, Thresholds
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION, clean
from fengkong.training.calibration import fit_temperature
from fengkong.training.checkpoint import checkpointed, load_checkpoint
from fengkong.training.encoding import Encoded
from fengkong.training.evaluation import explained_examples, log_probabilities
from fengkong.training.export import Exported, export_bundle
from fengkong.training.floors import Inputs, train_floors
from fengkong.training.loop import fine_tune
from fengkong.training.machine import describe_machine
from fengkong.training.measurement import Calibrated, Measurement, RunFacts, measure, training_curve
from fengkong.training.metrics import positive_index
from fengkong.training.predict import embed_texts, predict_logits
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.progress import Event, Finished
from fengkong.training.recipe import Recipe
from fengkong.training.report import write_metrics, write_report
from fengkong.training.run_folder import RunFolder, data_digest
from fengkong.training.thresholds import Costs, choose_bands
from fengkong.training.wording import Language

__all__ = ["JobEvent", "Origin", "RunResult", "Stage", "Task", "run_job"]


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is for. name: rules say `signals.<name>.p`. positive: the label that p is of."""

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
    tell: Callable[[JobEvent], None] = lambda _: None,
) -> RunResult:
    """Train, seal, measure and report into `folder`; `RunFolder` says what lies there afterwards.

    resume: go on from the folder's checkpoint, where there is one; the end is that of an uninterrupted run.
    tell: hears every stage, step and evaluation.
    Raises InputError, SettingsError and BaseModelError before training starts where something can't be used, and
    FacilityError where the machine fails.
    """
    run, stages = RunFolder(folder), _Stages(tell)
    with stages.enter("preparing", ", ".join(f"{name} {len(part):,}" for name, part in splits)):
        run.begin(recipe.to_toml(), resume=resume)
        dropped: list[Finding] = []
        fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train], report=dropped.append))
        prepared = prepare(recipe, splits, fields=fields)
        positive_index(prepared.labels, task.positive)
        test = prepared.encode(splits.test)
        inputs = _floor_inputs(prepared, splits, test)
        data_sha256 = data_digest(splits)
    with stages.enter("tuning", "; ".join(f"{choice.name} {choice.value}" for choice in prepared.plan.choices)):
        events = _tune(prepared, run, data_sha256, resume=resume, tell=tell)
    with stages.enter("sealing", "calibrate, export, compare with the trained model on dev"):
        calibrated = _calibrate(task, prepared)
        exported = _seal(task, prepared, splits, run, calibrated, {"data_sha256": data_sha256, "source": origin.source})
        scorer = Scorer(Bundle.load(run.bundle), threads=prepared.plan.threads or THREADS)
    with stages.enter("floors", "what the tuned model must beat"):
        floors = list(train_floors(inputs, prepared.train.labels, prepared.dev.labels, len(prepared.labels)))
    with stages.enter("measuring", "the sealed bundle: dev, and test once"):
        facts = RunFacts(
            name=task.name,
            created=datetime.now(UTC),
            command=origin.command,
            source=origin.source,
            data_sha256=data_sha256,
            counts={name: Counter(ex.label for ex in part) for name, part in splits},
            findings=(*origin.findings, *prepared.findings, *dropped),
            recipe=recipe.model_dump(),
            choices=prepared.plan.choices,
            curve=training_curve(events, prepared.plan.metric),
            bundle=_bundle_facts(scorer.bundle_id, exported),
            seconds=stages.seconds,
            machine=describe_machine(),
        )
        measurement = measure(
            {
                name: calibrated.temperature * log_probabilities(scorer, part)
                for name, part in splits
                if name != "train"
            },
            {"dev": prepared.dev.labels, "test": test.labels},
            floors,
            prepared.labels,
            facts,
            positive=task.positive,
            costs=task.costs,
            chosen=calibrated,
            seed=recipe.seed,
        )
        write_report(measurement, run.report, language=task.language, examples=explained_examples(scorer, splits.test))
        write_metrics(measurement, run.metrics)
        run.checkpoint.unlink(missing_ok=True)
    return RunResult(measurement, run.bundle, run.report)


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


def _tune(
    prepared: Prepared, run: RunFolder, data_sha256: str, *, resume: bool, tell: Callable[[JobEvent], None]
) -> list[Event]:
    """Fine-tune with a checkpoint every minute; returns all events, those before an interruption included."""
    state = prepared.start()
    if resume and run.checkpoint.exists():
        load_checkpoint(state, run.checkpoint, run=data_sha256)
    events = run.replay(until=state.step)
    tuning = fine_tune(state, prepared.train, prepared.dev)
    for event in checkpointed(tuning, state, run.checkpoint, run=data_sha256):
        tell(event)
        if not isinstance(event, Finished):
            run.log(event)
            events.append(event)
    return events


def _calibrate(task: Task, prepared: Prepared) -> Calibrated:
    """Temperature and bands, from the trained network on dev."""
    logits = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    truth = prepared.dev.labels
    temperature = fit_temperature(logits, truth)
    at = positive_index(prepared.labels, task.positive)
    if at is None:
        return Calibrated(temperature, None)
    return Calibrated(temperature, choose_bands(softmax(logits, temperature)[:, at], truth == at, task.costs))


def _seal(
    task: Task,
    prepared: Prepared,
    splits: Splits,
    run: RunFolder,
    calibrated: Calibrated,
    origin: dict[str, str],
) -> Exported:
    at, bands = positive_index(prepared.labels, task.positive), calibrated.bands
    manifest = Manifest(
        name=task.name,
        labels=prepared.labels,
        positive=None if at is None else prepared.labels[at],
        language=task.language,
        cleaning=CLEANING_VERSION,
        max_tokens=prepared.max_tokens,
        precision="fp32",
        temperature=calibrated.temperature,
        thresholds=None
        if bands is None
        else Thresholds(review_from=bands.review_from, decline_from=bands.decline_from),
        fields=prepared.fields.specs if prepared.fields is not None else (),
        training={**origin, "base": prepared.base.name, "recipe_sha256": prepared.recipe.sha256},
    )
    return export_bundle(
        prepared.network,
        prepared.tokenizer,
        run.bundle,
        manifest,
        dev=splits.dev,
        train=splits.train,
        recipe=prepared.recipe.to_toml(),
    )


def _bundle_facts(bundle_id: str, exported: Exported) -> dict[str, Plain]:
    chosen = exported.parity.chosen
    return {
        "id": bundle_id,
        "precision": chosen.precision,
        "megabytes": round(chosen.megabytes, 1),
        "parity": exported.parity.sentence,
    }
