"""A training run as it goes: one line a stage, and a bar with loss, dev figure, texts a second and time left."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from fengkong import training
from fengkong.cli.terminal import progress_out

__all__ = ["TrainingProgress", "saved_when_interrupted", "tell_download"]


@contextmanager
def saved_when_interrupted(checkpoint: Path, *, resume: bool) -> Iterator[None]:
    """Where Ctrl-C came after a state was saved, say how to go on, and end with 130."""
    try:
        yield
    except KeyboardInterrupt:
        if not checkpoint.exists():
            raise
        again = shlex.join(["fengkong", *sys.argv[1:], *([] if resume else ["--resume"])])
        typer.echo(f"fengkong: interrupted; the state is saved, go on with: {again}", err=True)
        raise typer.Exit(130) from None


def tell_download(download: "training.Download") -> None:
    """Say on standard error what is about to be fetched, and whose licence binds its user."""
    licence = download.licence or "not stated on its page"
    progress_out.print(f"fetching {download.name} from the hub: {download.megabytes:,.0f} MB; licence: {licence}")


class TrainingProgress:
    """Draws the events of a run on standard error; use it in a `with` block and pass `show` as the listener."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        room = max(20, progress_out.width - 34)  # for the note; the rest keeps its place on a narrow terminal
        self._progress = Progress(
            TextColumn("  tuning"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, max_width=room)),
            console=progress_out,
        )
        self._task: TaskID | None = None
        self._dev = ""
        self._pieces = 1

    def __enter__(self) -> "TrainingProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def show(self, event: "training.JobEvent") -> None:
        """Draw one event."""
        match event:
            case training.Stage():
                self._stack.close()
                progress_out.print(Text.assemble((event.name, "bold"), f"  {event.detail}" if event.detail else ""))
            case training.Download():
                tell_download(event)
            case training.Step():
                if event.pieces > self._pieces:
                    self._pieces = event.pieces
                    progress_out.print(f"  memory ran out; batches are cut in {event.pieces} pieces, which learn alike")
                self._bar(event)
            case training.Evaluated():
                figures = ", ".join(f"{name} {value:.3f}" for name, value in event.figures.items())
                self._dev = f"dev {figures}{' (best)' if event.best else ''}"
            case training.Finished():
                self._stack.close()
                why = "stopped early" if event.early else "all steps done"
                progress_out.print(f"  {why}; the best state was at step {event.best_step}, {self._dev}")

    def _bar(self, step: "training.Step") -> None:
        if self._task is None:
            self._stack.enter_context(self._progress)
            self._task = self._progress.add_task("", total=step.steps, note="")
        minutes, seconds = divmod(round(step.seconds_left), 60)
        # On a narrow terminal the end is cut, so what one waits for comes first.
        note = f"{minutes}:{seconds:02d} left  {step.texts_per_second:,.0f} texts/s  loss {step.loss:.3f}  {self._dev}"
        self._progress.update(self._task, completed=step.step, note=note)
