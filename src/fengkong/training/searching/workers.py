"""Trials in processes of their own, so that several go on at once and the death of one is its alone.

Each speaks with the search through one pipe: it tells a dev figure and waits for the word to go on. A worker whose
search has gone away finds the pipe closed and ends.
"""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

import torch

from fengkong.corpus.splitting import Splits
from fengkong.training.recipe import Recipe
from fengkong.training.searching.trial import TrialResult, train_trial

__all__ = ["Workers"]

Told = tuple[float, float] | TrialResult


class Workers:
    """Up to `jobs` processes, each with one trial at a time. Leaving the `with` block ends them."""

    def __init__(self, jobs: int, splits: Splits, metric: str) -> None:
        self._jobs, self._splits, self._metric = jobs, splits, metric
        self._threads = max(1, torch.get_num_threads() // jobs)
        self._idle: list[_Worker] = []
        self._at_work: dict[Connection, tuple[int, _Worker]] = {}

    @property
    def free(self) -> bool:
        """Whether one more trial can be started."""
        return len(self._at_work) < self._jobs

    @property
    def busy(self) -> bool:
        """Whether any trial is under way."""
        return bool(self._at_work)

    def start(self, number: int, recipe: Recipe) -> None:
        """Start a trial."""
        worker = self._idle.pop() if self._idle else _Worker(self._splits, self._metric)
        self._at_work[worker.pipe] = number, worker
        with suppress(OSError):  # it died while it was idle, which is heard next
            worker.pipe.send(recipe if recipe.threads != "auto" else recipe.changed({"threads": self._threads}))

    def hear(self) -> Iterator[tuple[int, Connection, Told]]:
        """What the trials tell next: number, where to answer, and a share done with its figure, or the end.

        A trial whose process died (killed for its memory, perhaps) has failed.
        """
        for pipe in wait(list(self._at_work)):
            assert isinstance(pipe, Connection)  # noqa: S101 - what was waited for
            number, worker = self._at_work[pipe]
            try:
                told = pipe.recv()
            except (EOFError, ConnectionError):
                told = TrialResult("failed", None, 0.0, f"the process of the trial ended with code {worker.close()}")
                del self._at_work[pipe]
            else:
                if isinstance(told, TrialResult):
                    del self._at_work[pipe]
                    self._idle.append(worker)
            yield number, pipe, told

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in (*self._idle, *(worker for _, worker in self._at_work.values())):
            worker.close()


class _Worker:
    """One process, which trains recipe after recipe as they come."""

    def __init__(self, splits: Splits, metric: str) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would share torch's threads and locks
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, splits, metric), daemon=True)
        self._process.start()
        theirs.close()

    def close(self) -> int | None:
        """End it, if it still lives; its exit code."""
        self.pipe.close()
        self._process.terminate()
        self._process.join()
        code = self._process.exitcode
        self._process.close()
        return code


def _work(pipe: Connection, splits: Splits, metric: str) -> None:
    """What a process does until its search goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the search's to answer; it ends its workers itself

    def judge(share: float, value: float) -> bool:
        pipe.send((share, value))
        return bool(pipe.recv())

    with suppress(EOFError, ConnectionError):
        while True:
            pipe.send(train_trial(pipe.recv(), splits, metric, judge))
