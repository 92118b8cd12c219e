"""One run end to end: tune, seal, measure the sealed bundle beside its floors, report.

Choices (the best state, the temperature, the bands) are made on dev. Test is looked at once, through the sealed bundle,
so that the figures are those of what will be served.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from pydantic import ValidationError

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import Plain
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.manifest import GRAPH, Manifest
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION
from fengkong.training.automatic import Trained, check_model, cleaned_texts, train_model
from fengkong.training.bases.finding import Download
from fengkong.training.defaults import Plan
from fengkong.training.encoding import Encoded
from fengkong.training.evaluation import labels_in, log_of, scorer_answers, true_answers
from fengkong.training.exporting.exportable import check_exportable
from fengkong.training.exporting.ngram_bundle import export_ngrams
from fengkong.training.exporting.sealing import Exported, export_bundle
from fengkong.training.machine import describe_machine
from fengkong.training.measuring.answers import Answers
from fengkong.training.measuring.entity_metrics import Spans
from fengkong.training.measuring.floors import Floor, Inputs, train_floors
from fengkong.training.measuring.gazetteer import EntityFloor, look_up_names
from fengkong.training.measuring.measurement import Measurement, RunFacts, measure, training_curve
from fengkong.training.measuring.thresholds import Costs
from fengkong.training.preparation import Prepared, prepare, windows_of
from fengkong.training.progress import Evaluated, Event
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.explained import explained_examples
from fengkong.training.reporting.report import write_metrics, write_report
from fengkong.training.reporting.wording import Language
from fengkong.training.resumable import Tuning
from fengkong.training.run_folder import RunFolder, data_digest
from fengkong.training.tasks.heads import CalibratedHead, calibrate, open_head
from fengkong.training.tasks.measurement import TaskMeasurement, measure_task
from fengkong.training.tasks.targets import Targets
from fengkong.training.tuning.predict import embed_texts

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


JobEvent = Stage | Download | Event

THREADS = 2


@dataclass(frozen=True, slots=True)
class RunResult:
    """A complete run: its figures, and where its bundle and report lie."""

    measurement: Measurement | TaskMeasurement
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
        prepared = prepare(recipe, splits, fields=fields, tell=tell)
        check_exportable(prepared.network)
        test = prepared.encode(splits.test)
        data_sha256 = data_digest(splits)
        manifest = _describe(task, prepared, origin, data_sha256)
        inputs = {} if prepared.kind.task == "entities" else _floor_inputs(prepared, splits, test)
        check_model(prepared)
        tuning = Tuning(prepared, run, data_sha256, resume=resume) if recipe.model == "tuned" else None
        run.begin(recipe.to_toml())

    def tune(planned: Prepared) -> list[Event]:
        """In a race, tuning is made ready only when the members before it have left the network alone."""
        going = tuning or Tuning(planned, run, data_sha256, resume=resume)
        return going.go_on(checkpoint_seconds, tell)

    with stages.enter("tuning", "; ".join(f"{choice.name} {choice.value}" for choice in prepared.plan.choices)):
        trained = train_model(
            prepared, splits, tune, tell=lambda name: tell(Stage(f"training {name}")), remember=run.remember
        )
    with stages.enter("sealing", "calibrate, export, compare with the trained model on dev"):
        calibrated = calibrate(prepared.kind, manifest.heads[0], trained.dev, prepared.dev.targets, task.costs)
        manifest = manifest.model_copy(update={"heads": (calibrated.head,), "blend": dict(trained.blend)})
        exported = _export(trained, prepared, splits, run.bundle, manifest)
        scorer = Scorer(Bundle.load(run.bundle), threads=prepared.plan.threads or THREADS)
    with stages.enter("floors", "what the tuned model must beat"):
        floors = _floors(prepared, inputs, splits)
    with stages.enter("measuring", "the sealed bundle: dev, and test once"):
        facts = RunFacts(
            name=task.name,
            created=datetime.now(UTC),
            command=origin.command,
            source=origin.source,
            data_sha256=data_sha256,
            counts={name: Counter(labels_in(part)) for name, part in splits},
            findings=(*origin.findings, *prepared.findings, *dropped, *_silent_text(trained.events)),
            recipe=recipe.model_dump(),
            choices=(*trained.choices, *prepared.plan.choices),
            curve=training_curve(trained.events, prepared.plan.metric),
            bundle=_bundle_facts(scorer.bundle_id, exported),
            machine=describe_machine(),
        )
        answers = {"dev": scorer_answers(scorer, splits.dev), "test": scorer_answers(scorer, splits.test)}
        truth = {"dev": true_answers(scorer, splits.dev), "test": true_answers(scorer, splits.test)}
        measurement = _measure(task, calibrated, answers, truth, floors, facts, prepared.plan)
    with stages.enter("reporting", "why, for three texts of test; charts"):
        measurement = replace(measurement, run=replace(measurement.run, seconds=dict(stages.seconds)))
        examples = explained_examples(scorer, splits.test, answers["test"])
        write_report(measurement, run.report, language=task.language, examples=examples)
        write_metrics(measurement, run.metrics)
        run.checkpoint.unlink(missing_ok=True)
    return RunResult(measurement, run.bundle, run.report)


def _measure(
    task: Task,
    calibrated: CalibratedHead,
    answers: Mapping[str, Answers],
    truth: Mapping[str, Targets | Spans],
    floors: Sequence[Floor | EntityFloor],
    facts: RunFacts,
    plan: Plan,
) -> Measurement | TaskMeasurement:
    head, chosen = calibrated.head, calibrated.chosen
    if chosen is None:
        return measure_task(head, answers, truth, floors, facts, metric=plan.metric, seed=plan.seed)
    return measure(
        # What the bundle answers is calibrated; times the temperature it is the logits again, but for a constant.
        {name: chosen.temperature * log_of(np.asarray(found)) for name, found in answers.items()},
        {name: np.asarray(labels) for name, labels in truth.items()},
        [floor for floor in floors if isinstance(floor, Floor)],
        head.labels,
        facts,
        positive=task.positive,
        costs=task.costs,
        chosen=chosen,
        seed=plan.seed,
    )


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
    if len({ex.label for ex in splits.dev}) == 1 and splits.dev[0].entities is None:
        raise InputError(
            "the dev split holds one label only, so no state or threshold can be chosen on it",
            received=repr(splits.dev[0].label),
            cure="give it examples of each label, or let the examples be split for you",
        )


def _describe(task: Task, prepared: Prepared, origin: Origin, data_sha256: str) -> Manifest:
    """The manifest but for what training and export will tell: what can't be sealed is refused before either."""
    try:
        return Manifest(
            heads=(open_head(prepared.kind, task.name, task.positive),),
            language=task.language,
            cleaning=CLEANING_VERSION,
            max_tokens=prepared.max_tokens,
            windows=windows_of(prepared.recipe),
            precision="fp32",
            fields=prepared.fields.specs if prepared.fields is not None else (),
            training={
                "data_sha256": data_sha256,
                "source": origin.source,
                "base": prepared.base.name,
                "base_licence": prepared.base.licence,
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


def _export(trained: Trained, prepared: Prepared, splits: Splits, folder: Path, manifest: Manifest) -> Exported:
    recipe = prepared.recipe.to_toml()
    if GRAPH not in manifest.blend and trained.ngrams is not None:
        return export_ngrams(trained.ngrams, folder, manifest, kind=prepared.kind, dev=splits.dev, recipe=recipe)
    return export_bundle(
        prepared.network,
        prepared.tokenizer,
        folder,
        manifest,
        kind=prepared.kind,
        dev=splits.dev,
        train=splits.train,
        recipe=recipe,
        ngrams=trained.ngrams,
    )


def _floors(prepared: Prepared, inputs: Mapping[str, Inputs], splits: Splits) -> list[Floor] | list[EntityFloor]:
    if prepared.kind.task == "entities":
        return [look_up_names(splits)]
    if prepared.kind.task == "regression":
        return []
    return list(train_floors(inputs, prepared.train.targets, len(prepared.labels), seed=prepared.plan.seed))


def _floor_inputs(prepared: Prepared, splits: Splits, test: Encoded) -> dict[str, Inputs]:
    """What the floors read, taken before tuning moves the base."""
    encoded = {"train": prepared.train, "dev": prepared.dev, "test": test}
    return {
        name: Inputs(
            cleaned_texts(part),
            encoded[name].fields,
            embed_texts(prepared.network, encoded[name], padding=prepared.base.padding, bf16=prepared.plan.bf16),
        )
        for name, part in splits
    }


def _bundle_facts(bundle_id: str, exported: Exported) -> dict[str, Plain]:
    chosen = exported.parity.chosen
    return {
        "id": bundle_id,
        "precision": chosen.precision,
        "megabytes": round(chosen.megabytes, 1),
        "parity": exported.parity.sentence,
    }
