"""A training state on disk: one safetensors file, its counters as JSON in the header, replaced as a whole.

One file, so that no crash can leave half of an old and half of a new state; no pickle, so that reading runs no code.
"""

import json
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from fengkong.domain.canonical import digest
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.progress import Event, Step

__all__ = ["Resumable", "checkpointed", "load_checkpoint", "save_checkpoint"]

FORMAT = "1"


class Resumable(Protocol):
    """What a training of any kind can be saved by, and brought back to where it stood. plan: a dataclass."""

    plan: Any

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """The weights that learn, by name."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""

    def tensors(self) -> dict[str, Tensor]:
        """All tensors that `restore` needs, by name."""

    def facts(self) -> Mapping[str, object]:
        """The rest that it needs, as JSON holds it."""

    def restore(self, tensors: Mapping[str, Tensor], facts: Any) -> None:
        """Take over a saved state of the same run."""


def save_checkpoint(state: Resumable, path: Path, *, run: str) -> None:
    """Write the state durably; a crash or a full disk leaves the checkpoint that was there.

    run: names what is trained on what (such as a hash of data and labels); `load_checkpoint` wants the same again.
    Raises FacilityError when it can't be written.
    """
    header = {"format": FORMAT, "run": _fingerprint(state, run), "facts": json.dumps(state.facts())}
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: value.contiguous() for name, value in state.tensors().items()}, fresh, metadata=header)
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise FacilityError(
            "the checkpoint could not be saved; the one before it is kept",
            where=str(path),
            received=type(error).__name__,
            cure="free some disk space or check the folder, then resume",
        ) from error


def load_checkpoint(state: Resumable, path: Path, *, run: str) -> None:
    """Bring a fresh state to where the saved run stood. Raises SettingsError: no checkpoint, damaged, another run."""
    cure = "start without resuming"
    if not path.is_file():
        raise SettingsError("there is no checkpoint to resume from", where=str(path), cure=cure)
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise SettingsError(
                    "the checkpoint has another format", where=str(path), received=str(header.get("format")), cure=cure
                )
            if header.get("run") != _fingerprint(state, run):
                raise SettingsError(
                    "the checkpoint belongs to another run: recipe, data or labels have changed",
                    where=str(path),
                    cure="resume with what it was begun with, or " + cure,
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        facts = json.loads(header["facts"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise SettingsError(
            "the checkpoint can't be read", where=str(path), received=type(error).__name__, cure=cure
        ) from error
    state.restore(tensors, facts)


def checkpointed(
    events: Generator[Event],
    state: Resumable,
    path: Path,
    *,
    run: str,
    every: float = 60.0,
    clock: Callable[[], float] = monotonic,
) -> Generator[Event]:
    """Pass events on, saving the state every so many seconds, at the end, and when Ctrl-C is pressed.

    It saves on Steps alone, before it passes them on: whoever logs `events` underneath has then heard all that the
    saved state knows, and what follows training can fail and be tried again without training again.
    The first Ctrl-C is answered after the step under way, so that a whole state is saved, and then raises
    KeyboardInterrupt; a second one raises at once.
    """
    saved = clock()
    with closing(events), _interrupt_noted() as interrupted:
        for event in events:
            if isinstance(event, Step) and (interrupted.is_set() or state.over or clock() - saved >= every):
                save_checkpoint(state, path, run=run)
                saved = clock()
                if interrupted.is_set():
                    break
            yield event
        if interrupted.is_set():
            raise KeyboardInterrupt


def _fingerprint(state: Resumable, run: str) -> str:
    plan = {key: value for key, value in asdict(state.plan).items() if key not in {"choices", "threads"}}
    return digest({"run": run, "plan": plan, "shapes": {name: list(w.shape) for name, w in state.weights.items()}})


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _interrupt_noted() -> Iterator[threading.Event]:
    """Inside the block, the first SIGINT sets the event instead of raising; only the main thread ever gets one."""
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        noted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
