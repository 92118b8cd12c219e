"""How a run is started from the command line: its recipe, its data read and checked, and progress all the way."""

import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from fengkong import assembly, training
from fengkong.cli.data import Labelled, read_labelled, with_columns
from fengkong.cli.terminal import draw_findings, progress_out, visible
from fengkong.cli.training_progress import TrainingProgress, saved_when_interrupted
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.findings import Severity

__all__ = [
    "next_folder",
    "only_question",
    "read_checked",
    "read_recipe",
    "refuse_settled",
    "run",
    "warn",
    "with_reading",
    "workspace_task",
]


def with_reading(
    data: "assembly.DataSettings", column: Sequence[str] | None, on_bad_row: str | None
) -> "assembly.DataSettings":
    """The same data, read as the command line says; where it says nothing, as before."""
    data = with_columns(data, column)
    return data.model_copy(update={"on_bad_row": on_bad_row}) if on_bad_row else data


def refuse_settled(given: Mapping[str, str | None]) -> None:
    """Raises SettingsError for an option whose value the workspace settles, since its rules rely on it."""
    for option, value in given.items():
        if value is not None:
            raise SettingsError(
                "the workspace settles this",
                where=option,
                received=repr(value),
                cure="change it in fengkong.toml",
            )


def workspace_task(settings: "assembly.Settings", question: str) -> "training.Task":
    """What the model of one question of a workspace is for."""
    costs = training.Costs(**settings.costs.model_dump()) if settings.costs else training.Costs()
    return training.Task(question, settings.model.asked[question].positive, settings.language, costs)


def only_question(settings: "assembly.Settings") -> str:
    """The one question of a workspace. Raises SettingsError where it asks several."""
    if settings.model.questions:
        raise SettingsError(
            "the workspace asks several questions, and this looks at one",
            where=assembly.FILE_NAME,
            received=", ".join(settings.model.questions),
            cure="name the texts by --data FILE and --column label=NAME",
        )
    return str(settings.model.name)


def next_folder(settings: "assembly.Settings", *, resume: bool) -> Path:
    """The folder of the workspace's next run; of its unfinished one, where that is to be resumed."""
    runs = settings.path(settings.model.runs)
    return (training.unfinished_run(runs) if resume else None) or training.next_run(runs)


def run(
    task: "training.Task",
    recipe: "training.Recipe",
    data: "assembly.DataSettings",
    folder: Path,
    *,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.RunResult":
    """Read, check and split the data, show what was found, then train with progress."""
    trackers = training.choose_trackers(track)
    labelled = read_checked(data, recipe)
    command = shlex.join(["fengkong", *sys.argv[1:]])
    origin = training.Origin(data.source, command, labelled.findings)
    facts = {name: len(part) for name, part in labelled.splits} | {"language": task.language}
    tracked = training.TrackedRun(trackers, f"{task.name}-{folder.name}", facts, recipe.model_dump(), warn=warn)
    saved = saved_when_interrupted(training.RunFolder(folder).checkpoint, resume=resume)
    with saved, tracked, TrainingProgress() as progress:

        def tell(event: "training.JobEvent") -> None:
            progress.show(event)
            tracked.hear(event)

        result = training.run_job(task, recipe, labelled.splits, folder, origin=origin, resume=resume, tell=tell)
        tracked.finish(training.figures_on_test(result.measurement), [training.RunFolder(folder).recipe])
    later = (finding for finding in result.measurement.run.findings if finding not in labelled.findings)
    for line in draw_findings(list(later)):
        progress_out.print(line)
    return result


def read_checked(data: "assembly.DataSettings", recipe: "training.Recipe") -> Labelled:
    """Read, check and split the data and show what was found. Raises InputError where an error is among it."""
    labelled = read_labelled(data, seed=recipe.seed, recipe=recipe)
    for line in draw_findings(labelled.findings):
        progress_out.print(line)
    if errors := [finding for finding in labelled.findings if finding.severity is Severity.ERROR]:
        raise InputError(errors[0].message, where=str(errors[0].place), cure=errors[0].cure)
    return labelled


def warn(sentence: str) -> None:
    """Say what went wrong beside a run that goes on."""
    progress_out.print(visible(f"warning   {sentence}"), style="yellow")


def read_recipe(file: Path | None, changes: Sequence[str]) -> "training.Recipe":
    """The recipe of a file, or the default one, with the changes given as key=value."""
    recipe = training.Recipe.load(file) if file else training.Recipe()
    return recipe.changed(dict(map(_change, changes)), source="--set") if changes else recipe


def _change(pair: str) -> tuple[str, object]:
    """One key=value; the value is read as TOML, and as a word where it is none."""
    key, equals, value = pair.partition("=")
    if not equals:
        raise SettingsError("a change is written as key=value", where="--set", received=repr(pair), cure="add the =")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
