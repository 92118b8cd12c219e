"""Run by test_job: a run that SIGKILL ends while it tunes, then again, resumed, while it seals.

    python killed_runs.py BASE FOLDER

Each is a child of this process, so that the slow imports are made once.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from test_job import run_binary, steps_logged

from conftest import make_splits
from fengkong.training.exporting import writing
from fengkong.training.progress import Step
from fengkong.training.stages import JobEvent

KILLED_AT = 9


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_a_step(event: JobEvent) -> None:
    if isinstance(event, Step) and event.step == KILLED_AT:
        die()


def killed(work: Callable[[], object]) -> None:
    """Do the work in a child and see that it was killed."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL, "it was to die and did not"


if __name__ == "__main__":
    base, folder = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    killed(lambda: run_binary(base, make_splits(), folder, checkpoint_seconds=0, tell=die_at_a_step))
    assert steps_logged(folder) == list(range(1, KILLED_AT + 1))
    writing.seal = die  # every part but the manifest lies there by then
    killed(lambda: run_binary(base, make_splits(), folder, resume=True))
