"""`fengkong pretrain`: raw text to a base model that knows its language, for `train` to begin with."""

import math
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column as RichColumn

from fengkong import corpus, training
from fengkong.cli.options import Json, OnBadRow, Track
from fengkong.cli.running import warn
from fengkong.cli.terminal import emit_json, out, progress_out, visible
from fengkong.cli.training_progress import saved_when_interrupted, tell_download
from fengkong.domain.errors import SettingsError

__all__ = ["pretrain"]


def pretrain(
    data: Annotated[
        list[str], typer.Option("--data", "-d", help="Raw text: a file, a folder, or hf://owner/name; repeat.")
    ],
    folder: Annotated[Path, typer.Option("--out", "-o", help="The base's folder.")],
    base: Annotated[str | None, typer.Option(help="The base to go on with.")] = None,
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="Begin with a BERT of random weights.")] = False,
    size: Annotated[
        Literal["small", "medium"] | None,
        typer.Option(help="From scratch: 4 layers of 256, or 6 of 384.", show_default="small"),
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option(
            help="Learn so many tokens from the text; with --base, its layers are kept.", show_default="12000"
        ),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="How long, about.")] = None,
    steps: Annotated[int | None, typer.Option(help="Or how many steps.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Or how many passes over the text.")] = None,
    max_tokens: Annotated[int, typer.Option(help="Tokens a row.")] = 128,
    batch_tokens: Annotated[
        int | None, typer.Option(help="Tokens a step.", show_default="4096, on a GPU 32768")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The highest.", show_default="5e-4, with a base's own vocabulary 1e-4")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, text and machine make the same base.")] = 0,
    licence: Annotated[str, typer.Option(help="Of the text, for the base's page, such as CC0-1.0.")] = "",
    text: Annotated[str | None, typer.Option("--text-column", help="The column of the text; else it is found.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was interrupted.")] = False,
    on_bad_row: OnBadRow = "stop",
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Pre-train on raw text by hiding words: go on with a base, or make a small one from nothing.

    Ctrl-C saves the state; --resume ends where an uninterrupted run would.

    Examples: fengkong pretrain --data reports/ --base minilm --minutes 60 --out finance-minilm   |
    fengkong pretrain --data laws.jsonl.gz --from-scratch --size medium --minutes 600 --out small-zh
    """
    if (base is None) is not from_scratch:
        raise SettingsError(
            "what to begin with is not clear",
            received="both" if base else "neither --base nor --from-scratch",
            cure="give one of --base and --from-scratch",
        )
    if base is not None and size is not None:
        raise SettingsError("a base has its size", where="--size", received=size, cure="leave it out")
    asked = training.Pretraining(
        base=base,
        size=size or "small",
        vocabulary=vocabulary,
        minutes=minutes,
        steps=steps,
        epochs=epochs,
        max_tokens=max_tokens,
        batch_tokens=batch_tokens,
        learning_rate=learning_rate,
        seed=seed,
    )
    rejects = folder.with_name(f"{folder.name}.rejects")
    columns = corpus.Columns(text=text)
    texts = (
        found
        for source in data
        for found in training.read_texts(source, columns, on_bad_row=on_bad_row, rejects=rejects)
    )
    names = ", ".join(Path(source).name for source in data)
    result = run(asked, texts, names, folder, licence=licence, resume=resume, track=track or ())
    if on_bad_row == "skip" and rejects.exists():
        warn(f"what could not be read was skipped, and is in {rejects}")
    if as_json:
        emit_json(result)
        return
    first, last = result.curve[0][1], result.curve[-1][1]
    out.print(f"perplexity of hidden words, on held-out documents: {last:,.2f}, before {first:,.2f}")
    out.print(f"base  {result.folder}\ntune it with: fengkong train --set base={result.folder}")


def run(
    asked: "training.Pretraining",
    texts: Iterable[str],
    names: str,
    folder: Path,
    *,
    licence: str,
    resume: bool,
    track: Sequence[str] = (),
) -> "training.PretrainingResult":
    """Pre-train on the texts of these names with progress; Ctrl-C says how to go on."""
    command = shlex.join(["fengkong", *sys.argv[1:]])
    trackers = training.choose_trackers(track)
    tracked = training.TrackedRun(trackers, f"pretrain-{folder.name}", {}, asdict(asked), warn=warn)
    with saved_when_interrupted(training.WorkFolder(folder).checkpoint, resume=resume), tracked, _Drawn() as drawn:

        def tell(event: "training.PretrainingEvent") -> None:
            drawn.show(event)
            tracked.hear(event)

        result = training.pretrain(
            asked,
            texts,
            folder,
            provenance=training.Provenance(names, licence, command),
            resume=resume,
            tell=tell,
        )
        tracked.finish({"held_out/perplexity": result.curve[-1][1]})
    return result


class _Drawn:
    """Draws the events of pre-training on standard error."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        room = max(20, progress_out.width - 40)
        self._progress = Progress(
            TextColumn("  pre-training"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", table_column=RichColumn(no_wrap=True, max_width=room)),
            console=progress_out,
        )
        self._task: TaskID | None = None
        self._perplexity = ""
        self._pieces = 1

    def __enter__(self) -> "_Drawn":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def show(self, event: "training.PretrainingEvent") -> None:
        """Draw one event."""
        match event:
            case training.Download():
                tell_download(event)
            case training.Preparing():
                progress_out.print(event.what)
            case training.RawCorpus():
                progress_out.print(visible(_told(event)))
            case training.Evaluated():
                self._perplexity = f"perplexity {event.figures['perplexity']:,.2f}"
            case training.PretrainingStep():
                if event.pieces > self._pieces:
                    self._pieces = event.pieces
                    progress_out.print(f"  memory ran out; batches are cut in {event.pieces} pieces, which learn alike")
                self._bar(event)

    def _bar(self, step: "training.PretrainingStep") -> None:
        if self._task is None:
            self._stack.enter_context(self._progress)
            self._task = self._progress.add_task("", total=step.steps, note="")
        minutes, seconds = divmod(math.ceil(step.seconds_left), 60)
        note = f"{minutes}:{seconds:02d} left  {step.tokens_per_second:,.0f} tokens/s  loss {step.loss:.3f}"
        self._progress.update(self._task, completed=step.step, note=f"{note}  {self._perplexity}")


def _told(read: "training.RawCorpus") -> str:
    left_out = {"under eight tokens": read.short, "there twice": read.twice}
    without = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    return (
        f"read  {read.documents:,} documents of {read.tokens:,} tokens, {read.held_out:,} held out to measure on"
        f"{f'; left out: {without}' if without else ''}; vocabulary {read.vocabulary:,}, "
        f"{read.unknown:.2%} of the tokens unknown"
    )
