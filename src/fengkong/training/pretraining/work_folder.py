"""Where pre-training keeps what it has so far, beside the folder that it is to fill.

OUT.unfinished/asked.json              what was asked for, and of which texts
               start/                  the base that was made to begin with, where one was
               steps.json              how many steps the minutes allow
               checkpoint.safetensors
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from fengkong.domain.errors import SettingsError
from fengkong.training.disk import writing as writing_to

__all__ = ["WorkFolder", "writing"]


class WorkFolder:
    """The paths of an unfinished pre-training."""

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(out.name + ".unfinished")
        self.start = self.path / "start"
        self.checkpoint = self.path / "checkpoint.safetensors"
        self._asked = self.path / "asked.json"
        self._steps = self.path / "steps.json"

    @contextmanager
    def entered(self, identity: str, *, resume: bool) -> Iterator[None]:
        """Make the folder, or go on in it; it is gone when all went well, and when nothing was learnt yet.

        identity: names what was asked for and of which texts.
        Raises SettingsError where a checkpoint lies there that is not to be resumed, or that is of something else.
        """
        same = _read(self._asked) == identity
        self._check(resume=resume, same=same)
        if not same:
            self._remove()
            with writing(self.path):
                self.path.mkdir(parents=True)
                self._asked.write_text(json.dumps(identity), encoding="utf-8")
        try:
            yield
        except BaseException:
            if not self.checkpoint.exists():
                self._remove()
            raise
        self._remove()

    def _check(self, *, resume: bool, same: bool) -> None:
        begun = self.checkpoint.exists()
        ours = begun or self._asked.exists()
        if self.path.exists() and not ours and (not self.path.is_dir() or any(self.path.iterdir())):
            raise SettingsError(
                "something else lies where unfinished work is kept", where=str(self.path), cure="name another --out"
            )
        if begun and not resume:
            raise SettingsError(
                "an unfinished pre-training lies here",
                where=str(self.path),
                cure="go on with it by --resume, or remove the folder",
            )
        if begun and not same:
            raise SettingsError(
                "the unfinished pre-training was begun with other settings or texts",
                where=str(self.path),
                cure="resume with what it was begun with, or remove the folder",
            )

    def steps(self, find: Callable[[], int]) -> int:
        """The number of steps found before an interruption, else what `find` answers, kept for the next time."""
        if isinstance(found := _read(self._steps), int):
            return found
        steps = find()
        with writing(self.path):
            self._steps.write_text(json.dumps(steps), encoding="utf-8")
        return steps

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def writing(folder: Path) -> AbstractContextManager[None]:
    """Inside the block, a disk that is full or fails becomes a FacilityError."""
    return writing_to(
        "the working folder can't be written", folder, "free some disk space or check the path and its permissions"
    )


def _read(path: Path) -> object:
    """What a small file holds; None where there is none, or one that a crash cut short."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
