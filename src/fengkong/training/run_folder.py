"""The folder of one run: what it was asked to do, what happened, and the way its bundle comes into use.

runs/0001/recipe.toml       the recipe with every value
          passes.json       how many passes the minutes allowed, with model = "auto"
          events.jsonl      each step and each evaluation, from which the curve is drawn
          checkpoint.safetensors   where training stands; gone once the run is complete
          bundle/           sealed
          metrics.json      every figure; written last, so that its presence means "complete"
          report.html
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from fengkong.domain.canonical import plain
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.disk import writing
from fengkong.training.progress import Evaluated, Event, Step

__all__ = ["RunFolder", "check_replaceable", "install_bundle", "next_run", "unfinished_run"]

KINDS: Mapping[str, type[Step | Evaluated]] = {"step": Step, "evaluated": Evaluated}


class RunFolder:
    """The paths of one run, and its log of events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bundle = path / "bundle"
        self.checkpoint = path / "checkpoint.safetensors"
        self.events = path / "events.jsonl"
        self.metrics = path / "metrics.json"
        self.recipe = path / "recipe.toml"
        self.report = path / "report.html"

    @property
    def complete(self) -> bool:
        """Whether the run went through to its end."""
        return self.metrics.exists()

    def check(self, *, resume: bool) -> None:
        """Raises SettingsError where a run lies here that is complete, or that is not to be resumed."""
        if self.complete or (self.recipe.exists() and not resume):
            raise SettingsError(
                "a run lies here already",
                where=str(self.path),
                received="a complete one" if self.complete else "one that was not brought to its end",
                cure="name another folder" if self.complete else "go on with it by --resume, or name another folder",
            )

    def begin(self, recipe: str) -> None:
        """Make the folder ready for a run, fresh or resumed. Raises FacilityError where it can't be written."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            _replace(self.recipe, recipe)
            # What an earlier try sealed, or was about to, is made again.
            for bundle in (self.bundle, *self.path.glob(f".{self.bundle.name}.*")):
                if bundle.exists():
                    shutil.rmtree(bundle)

    def remember(self, name: str, find: Callable[[], int]) -> int:
        """A number that this run found before it was interrupted, else what `find` answers, kept for the next time."""
        path = self.path / f"{name}.json"
        with suppress(OSError, ValueError):
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, int):
                return found
        number = find()
        with self._writing():
            _replace(path, json.dumps(number))
        return number

    def replay(self, until: int) -> list[Event]:
        """The events up to a step, with those after it cut from the log: training will pass there again."""
        kept: list[Event] = []
        if until and self.events.exists():
            for line in self.events.read_text(encoding="utf-8", errors="replace").splitlines():
                event = _read_event(line)
                if event is None or event.step > until:
                    break
                kept.append(event)
        with self._writing():
            _replace(self.events, "".join(map(_write_event, kept)))
        return kept

    def log(self, event: Event) -> None:
        """Append one step or evaluation. Raises FacilityError where it can't be written."""
        with self._writing(), self.events.open("a", encoding="utf-8") as file:
            file.write(_write_event(event))

    def _writing(self) -> AbstractContextManager[None]:
        return writing(
            "the run's folder can't be written",
            self.path,
            "free some disk space or check the folder, then go on by --resume",
        )


def _replace(path: Path, text: str) -> None:
    """Write a file whole: a crash leaves the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _write_event(event: Event) -> str:
    return json.dumps({"kind": type(event).__name__.lower(), **_fields(event)}, ensure_ascii=False) + "\n"


def _fields(event: Event) -> dict[str, object]:
    fields = plain(event)
    assert isinstance(fields, dict)  # noqa: S101 - what `plain` makes of a dataclass
    return dict(fields)


def _read_event(line: str) -> Step | Evaluated | None:
    """The event of one line; None for a line that a crash cut short."""
    try:
        fields = json.loads(line)
        kind: type[Step | Evaluated] = KINDS[fields.pop("kind")]
        return kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def next_run(runs: Path) -> Path:
    """The folder of the next run: runs/0001, runs/0002, ..."""
    return runs / f"{max(_numbers(runs), default=0) + 1:04d}"


def unfinished_run(runs: Path) -> Path | None:
    """The latest run, where it is not complete."""
    latest = max(_numbers(runs), default=None)
    if latest is None:
        return None
    path = runs / f"{latest:04d}"
    return None if RunFolder(path).complete else path


def _numbers(runs: Path) -> list[int]:
    folders = runs.iterdir() if runs.is_dir() else ()
    return [int(path.name) for path in folders if path.name.isdecimal()]


def check_replaceable(target: Path) -> None:
    """Raises SettingsError where something that is no link lies in the place of the current bundle."""
    if target.exists() and not target.is_symlink():
        raise SettingsError(
            "a folder lies where the link to the current bundle belongs",
            where=str(target),
            cure="move it away, or name another place as model.bundle in fengkong.toml",
        )


def install_bundle(bundle: Path, target: Path) -> None:
    """Make `target` a link to a sealed bundle, in one step: a reader finds the old one or the new one, never neither.

    Raises SettingsError where something that is no link lies there (it is left alone), FacilityError where the link
    can't be made.
    """
    check_replaceable(target)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.path.relpath(bundle.resolve(), target.parent.resolve()))
        fresh.replace(target)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise FacilityError(
            "the bundle can't be put in place; the one before it stays in use",
            where=str(target),
            received=error.strerror or type(error).__name__,
            cure=f"check that folder, then link {bundle} there",
        ) from error
