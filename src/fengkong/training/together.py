"""Several questions, one model: trained together on the examples of each, sealed in one bundle, measured one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fengkong.corpus.splitting import Splits, align_splits, mixed
from fengkong.domain.errors import SettingsError
from fengkong.domain.findings import Finding
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.manifest import GRAPH
from fengkong.scoring.scorer import open_scorers
from fengkong.training.automatic import Trained, cleaned_texts
from fengkong.training.data_sum import data_digest
from fengkong.training.describing import bundle_facts, describe, run_facts
from fengkong.training.evaluation import scorer_answers, true_answers
from fengkong.training.exporting.exportable import check_exportable
from fengkong.training.exporting.sealing import export_bundle
from fengkong.training.job import NOWHERE, THREADS, check_measurable, measure_head
from fengkong.training.measuring.floors import Floor, Inputs, train_floors
from fengkong.training.measuring.gazetteer import EntityFloor, look_up_names
from fengkong.training.measuring.measurement import Measurement
from fengkong.training.measuring.number_floors import train_number_floors
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.reporting.explained import explained_examples
from fengkong.training.reporting.report import write_all_metrics, write_report
from fengkong.training.resumable import Tuning
from fengkong.training.run_folder import RunFolder
from fengkong.training.stages import JobEvent, Origin, Stages, Task
from fengkong.training.tasks.choosing import choose_kind
from fengkong.training.tasks.heads import calibrate_heads
from fengkong.training.tasks.kind import Kind
from fengkong.training.tasks.measurement import TaskMeasurement
from fengkong.training.tasks.regression import Regression
from fengkong.training.tasks.together import Together
from fengkong.training.tuning.predict import predict_logits

__all__ = ["TogetherResult", "run_together"]


@dataclass(frozen=True, slots=True)
class TogetherResult:
    """A complete run: the figures and the report of each question, and where the one bundle lies."""

    measurements: Mapping[str, Measurement | TaskMeasurement]
    bundle: Path
    reports: Mapping[str, Path]


def run_together(
    tasks: Sequence[Task],
    recipe: Recipe,
    by_question: Mapping[str, Splits],
    folder: Path,
    *,
    origin: Origin = NOWHERE,
    resume: bool = False,
    checkpoint_seconds: float = 60.0,
    tell: Callable[[JobEvent], None] = lambda _: None,
) -> TogetherResult:
    """Train one encoder on several questions, seal it once, and measure each head beside its own floors.

    tasks: one a question; by_question: its examples, by the name of its task; a text or group that several questions
    have stands in the split that the first of them gives it. The rest as for `run_job`, whose errors
    are raised too, and SettingsError for questions that can't be learnt together.
    """
    run, stages = RunFolder(folder), Stages(tell)
    with stages.enter("preparing", ", ".join(f"{name} {len(part.train):,}" for name, part in by_question.items())):
        run.check(resume=resume)
        by_question = align_splits({task.name: by_question[task.name] for task in tasks})
        for part in by_question.values():
            check_measurable(part)
        _check_recipe(recipe)
        kind = Together.of({task.name: choose_kind(recipe, by_question[task.name]) for task in tasks})
        splits = mixed(by_question)
        dropped: list[Finding] = []
        fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train], report=dropped.append))
        prepared = prepare(recipe, splits, kind=kind, fields=fields, tell=tell)
        check_exportable(prepared.network)
        data_sha256 = data_digest(splits)
        manifest = describe(tasks, prepared, origin, data_sha256)
        tuning = Tuning(prepared, run, data_sha256, resume=resume)
        run.begin(recipe.to_toml())
    with stages.enter("tuning", "; ".join(f"{choice.name} {choice.value}" for choice in prepared.plan.choices)):
        events = tuning.go_on(checkpoint_seconds, tell)
    with stages.enter("sealing", "calibrate each question, export, compare with the trained model on dev"):
        logits = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
        calibrated = calibrate_heads(prepared.kind, manifest.heads, logits, prepared.dev.targets, tasks[0].costs)
        manifest = manifest.model_copy(update={"heads": tuple(found.head for found in calibrated)})
        exported = export_bundle(
            prepared.network,
            prepared.tokenizer,
            run.bundle,
            manifest,
            kind=prepared.kind,
            dev=splits.dev,
            train=splits.train,
            recipe=recipe.to_toml(),
        )
        scorers = open_scorers(Bundle.load(run.bundle), threads=prepared.plan.threads or THREADS)
    measurements: dict[str, Measurement | TaskMeasurement] = {}
    reports: dict[str, Path] = {}
    for task, settled in zip(tasks, calibrated, strict=True):
        part, scorer = by_question[task.name], scorers[task.name]
        with stages.enter(f"measuring {task.name}", "the sealed bundle beside its floors: dev, and test once"):
            floors = _floors(kind.kinds[task.name], part, recipe.seed)
            sets = {"dev": part.dev, "test": part.test}
            answers = {name: scorer_answers(scorer, examples) for name, examples in sets.items()}
            truth = {name: true_answers(scorer, examples) for name, examples in sets.items()}
            facts = run_facts(
                task,
                prepared,
                part,
                origin,
                data_sha256=data_sha256,
                findings=dropped,
                trained=Trained({GRAPH: 1.0}, logits, events=tuple(events)),
                bundle=bundle_facts(scorer.bundle_id, exported),
            )
            plan = replace(prepared.plan, metric=kind.kinds[task.name].metric)
            measured = measure_head(task, settled, answers, truth, floors, facts, plan)
        measured = replace(measured, run=replace(measured.run, seconds=dict(stages.seconds)))
        measurements[task.name], reports[task.name] = measured, run.path / f"report-{task.name}.html"
        examples = explained_examples(scorer, part.test, answers["test"])
        write_report(measured, reports[task.name], language=task.language, examples=examples)
    write_all_metrics(measurements, run.metrics)
    run.checkpoint.unlink(missing_ok=True)
    return TogetherResult(measurements, run.bundle, reports)


def _check_recipe(recipe: Recipe) -> None:
    for key, value in (("metric", "auto"), ("model", "tuned")):
        if getattr(recipe, key) != value:
            raise SettingsError(
                f"questions learnt together leave {key} at {value!r}",
                where=key,
                received=repr(getattr(recipe, key)),
                cure="leave it out, or train each question by itself",
            )


def _floors(kind: Kind, splits: Splits, seed: int) -> list[Floor] | list[EntityFloor]:
    """What each question's head must beat: models of its own texts alone."""
    if kind.task == "entities":
        return [look_up_names(splits)]
    inputs = {name: Inputs(cleaned_texts(part)) for name, part in splits}
    if isinstance(kind, Regression):
        targets = kind.targets(splits.train)
        return list(train_number_floors(inputs, targets, mean=kind.scale.mean, spread=kind.scale.spread))
    return list(train_floors(inputs, kind.targets(splits.train), len(kind.labels), seed=seed))
