"""One run end to end: tune, seal, measure the sealed bundle beside its floors, report.

Choices (the best state, the temperature, the bands) are made on dev. Test is looked at once, through the sealed bundle,
so that the figures are those of what will be served.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.manifest import GRAPH, Manifest
from fengkong.scoring.scorer import Scorer
from fengkong.training.automatic import MOST_UNKNOWN, Trained, check_model, cleaned_texts, train_model
from fengkong.training.data_sum import data_digest
from fengkong.training.defaults import Plan
from fengkong.training.describing import bundle_facts, describe, run_facts
from fengkong.training.encoding import Encoded, Float32s
from fengkong.training.evaluation import log_of, scorer_answers, true_answers
from fengkong.training.exporting.exportable import check_exportable
from fengkong.training.exporting.ngram_bundle import export_ngrams
from fengkong.training.exporting.sealing import Exported, export_bundle
from fengkong.training.measuring.answers import Answers
from fengkong.training.measuring.entity_metrics import Spans
from fengkong.training.measuring.floors import Floor, Inputs, train_floors
from fengkong.training.measuring.gazetteer import EntityFloor, look_up_names
from fengkong.training.measuring.measurement import Measurement, RunFacts, measure
from fengkong.training.measuring.number_floors import train_number_floors
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.progress import Evaluated, Event
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.explained import explained_examples
from fengkong.training.reporting.report import write_metrics, write_report
from fengkong.training.resumable import Tuning
from fengkong.training.run_folder import RunFolder
from fengkong.training.stages import JobEvent, Origin, Stage, Stages, Task
from fengkong.training.tasks.heads import CalibratedHead, calibrate
from fengkong.training.tasks.measurement import TaskMeasurement, measure_task
from fengkong.training.tasks.regression import Regression
from fengkong.training.tasks.targets import Targets
from fengkong.training.tuning.predict import embed_texts

__all__ = ["RunResult", "check_measurable", "measure_head", "run_job"]


THREADS = 2
NOWHERE = Origin()


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
    origin: Origin = NOWHERE,
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
    run, stages = RunFolder(folder), Stages(tell)
    with stages.enter("preparing", ", ".join(f"{name} {len(part):,}" for name, part in splits)):
        run.check(resume=resume)
        check_measurable(splits)
        dropped: list[Finding] = []
        fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train], report=dropped.append))
        prepared = prepare(recipe, splits, fields=fields, tell=tell)
        check_exportable(prepared.network)
        test = prepared.encode(splits.test)
        data_sha256 = data_digest(splits)
        manifest = describe([task], prepared, origin, data_sha256)
        inputs = {} if prepared.kind.task == "entities" else _floor_inputs(prepared, splits, test)
        check_model(prepared)
        tuning = Tuning(prepared, run, data_sha256, resume=resume) if recipe.model == "tuned" else None
        run.begin(recipe.to_toml())

    def tune(planned: Prepared) -> list[Event]:
        """In a race, tuning is made ready only when the members before it have left the network alone."""
        going = tuning or Tuning(planned, run, data_sha256, resume=resume)
        return going.go_on(checkpoint_seconds, tell)

    with stages.enter("tuning", _planned(prepared)):
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
        facts = run_facts(
            task,
            prepared,
            splits,
            origin,
            data_sha256=data_sha256,
            findings=(*dropped, *_silent_text(trained.events)),
            trained=trained,
            bundle=bundle_facts(scorer.bundle_id, exported),
        )
        answers = {"dev": scorer_answers(scorer, splits.dev), "test": scorer_answers(scorer, splits.test)}
        truth = {"dev": true_answers(scorer, splits.dev), "test": true_answers(scorer, splits.test)}
        measurement = measure_head(task, calibrated, answers, truth, floors, facts, prepared.plan)
    with stages.enter("reporting", "why, for three texts of test; charts"):
        measurement = replace(measurement, run=replace(measurement.run, seconds=dict(stages.seconds)))
        examples = explained_examples(scorer, splits.test, answers["test"])
        write_report(measurement, run.report, language=task.language, examples=examples)
        write_metrics(measurement, run.metrics)
        run.checkpoint.unlink(missing_ok=True)
    return RunResult(measurement, run.bundle, run.report)


def measure_head(
    task: Task,
    calibrated: CalibratedHead,
    answers: Mapping[str, Answers],
    truth: Mapping[str, Targets | Spans],
    floors: Sequence[Floor | EntityFloor],
    facts: RunFacts,
    plan: Plan,
) -> Measurement | TaskMeasurement:
    """One sealed head on dev and test beside its floors. answers, truth: by set, as its kind of task has them."""
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


def check_measurable(splits: Splits) -> None:
    """Raises InputError where training could be done, but nothing chosen on dev or measured on test."""
    if not splits.test:
        raise InputError("the test split is empty", cure="give more examples, or let them be split for you")
    if len({ex.label for ex in splits.dev}) == 1 and splits.dev[0].entities is None:
        raise InputError(
            "the dev split holds one label only, so no state or threshold can be chosen on it",
            received=repr(splits.dev[0].label),
            cure="give it examples of each label, or let the examples be split for you",
        )


def _planned(prepared: Prepared) -> str:
    model = prepared.recipe.model
    if model in ("ngrams", "frozen", "contrastive"):
        return f"model {model}"
    return "; ".join(f"{choice.name} {choice.value}" for choice in prepared.plan.choices)


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
    if isinstance(prepared.kind, Regression):
        scale = prepared.kind.scale
        return list(train_number_floors(inputs, prepared.train.targets, mean=scale.mean, spread=scale.spread))
    return list(train_floors(inputs, prepared.train.targets, len(prepared.labels), seed=prepared.plan.seed))


def _floor_inputs(prepared: Prepared, splits: Splits, test: Encoded) -> dict[str, Inputs]:
    """What the floors read, taken before tuning moves the base.

    The base is not made to read for n-grams alone, nor texts that it doesn't know, which would be noise to it.
    """
    encoded = {"train": prepared.train, "dev": prepared.dev, "test": test}
    with_base = prepared.recipe.model != "ngrams" and prepared.train.unknown <= MOST_UNKNOWN

    def embedded(texts: Encoded) -> Float32s:
        return embed_texts(prepared.network, texts, padding=prepared.base.padding, bf16=prepared.plan.bf16)

    return {
        name: Inputs(cleaned_texts(part), encoded[name].fields, embedded(encoded[name]) if with_base else None)
        for name, part in splits
    }
