"""Several questions of one workspace or command: on one encoder where the recipe tunes one, else one by one."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fengkong import assembly, training
from fengkong.cli.running import next_folder, read_checked, read_recipe, run, warn, workspace_task
from fengkong.cli.terminal import draw_measurement, emit_json, out
from fengkong.cli.training_progress import TrainingProgress, saved_when_interrupted
from fengkong.corpus.splitting import Splits
from fengkong.domain.errors import FacilityError
from fengkong.domain.findings import Finding

__all__ = ["learn_together", "show_questions", "train_questions"]


def train_questions(
    settings: "assembly.Settings",
    *,
    recipe: Path | None,
    change: Sequence[str],
    folder: Path | None,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.TogetherResult":
    """Train every question of a workspace, and link what was sealed where its decisions look for it."""
    chosen = read_recipe(recipe or settings.path(settings.model.recipe), change)
    tasks = [workspace_task(settings, name) for name in settings.model.asked]
    data = {task.name: settings.data_of(task.name) for task in tasks}
    folder = folder or next_folder(settings, resume=resume)
    current = settings.path(settings.model.bundle)
    training.check_replaceable(current)
    learn = learn_together if len(tasks) > 1 and chosen.model == "tuned" else _one_by_one
    result = learn(tasks, data, chosen, folder, resume=resume, track=track)
    training.install_bundle(result.bundle, current)
    return result


def learn_together(
    tasks: "Sequence[training.Task]",
    data: "Mapping[str, assembly.DataSettings]",
    recipe: "training.Recipe",
    folder: Path,
    *,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.TogetherResult":
    """Read and check each question's data, then train one encoder on all, with progress."""
    trackers = training.choose_trackers(track)
    by_question: dict[str, Splits] = {}
    findings: list[Finding] = []
    for name, source in data.items():
        labelled = read_checked(source, recipe)
        by_question[name] = labelled.splits
        findings += labelled.findings
    command = shlex.join(["fengkong", *sys.argv[1:]])
    sources = dict.fromkeys(source.source for source in data.values())
    origin = training.Origin(", ".join(sources), command, tuple(findings))
    saved = saved_when_interrupted(training.RunFolder(folder).checkpoint, resume=resume)
    facts = {f"{name}/train": len(splits.train) for name, splits in by_question.items()} | {
        "language": tasks[0].language
    }
    tracked = training.TrackedRun(trackers, f"together-{folder.name}", facts, recipe.model_dump(), warn=warn)
    with saved, tracked, TrainingProgress() as progress:

        def tell(event: "training.JobEvent") -> None:
            progress.show(event)
            tracked.hear(event)

        result = training.run_together(tasks, recipe, by_question, folder, origin=origin, resume=resume, tell=tell)
        figures = {
            f"{name}/{figure}": value
            for name, measured in result.measurements.items()
            for figure, value in training.figures_on_test(measured).items()
        }
        tracked.finish(figures, [training.RunFolder(folder).recipe])
    return result


def _one_by_one(
    tasks: "Sequence[training.Task]",
    data: "Mapping[str, assembly.DataSettings]",
    recipe: "training.Recipe",
    folder: Path,
    *,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.TogetherResult":
    """A run and a bundle for each question; what is in use is a folder of links to the bundles, by question.

    Resumed, the questions that are finished are trained again, since a recipe that isn't tuned takes moments.
    """
    folder = training.next_run(folder.parent) if resume and folder.exists() else folder
    results = {
        task.name: run(task, recipe, data[task.name], folder / task.name, resume=False, track=track) for task in tasks
    }
    bundles = folder / "bundles"
    try:
        bundles.mkdir()
        for name in results:
            (bundles / name).symlink_to(Path("..", name, "bundle"))
    except OSError as error:
        raise FacilityError(
            "the run's folder can't be written",
            where=str(bundles),
            received=error.strerror or type(error).__name__,
            cure="free some disk space or check the folder, then train again",
        ) from error
    return training.TogetherResult(
        {name: result.measurement for name, result in results.items()},
        bundles,
        {name: result.report for name, result in results.items()},
    )


def show_questions(result: "training.TogetherResult", *, as_json: bool) -> None:
    """Each question's figures and report, then the bundle."""
    if as_json:
        emit_json(result.measurements)
        return
    lines: Sequence[object]
    for name, measured in result.measurements.items():
        lines = [name, *draw_measurement(measured), f"report  {result.reports[name]}"]
        out.print(*lines, sep="\n")
    out.print(f"bundle  {result.bundle}")
