"""Runs for Weights & Biases, kept on this machine unless the environment says otherwise."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # before its import: no crash reports to others

import wandb

from fengkong.training.tracking.tracker import Facts

__all__ = ["WandB"]


class WandB:
    """Writes runs of `project` under ./wandb, to be sent by `wandb sync` or, with WANDB_MODE=online, at once.

    Neither console, command line, host, packages, git nor code are recorded.
    """

    name = "wandb"

    def __init__(self, project: str) -> None:
        self._project = project
        self._run: wandb.Run | None = None

    def start(self, run: str, facts: Facts, recipe: Mapping[str, object]) -> None:
        """Open a run with the recipe as its configuration."""
        mode: Literal["online", "offline"] = "online" if os.environ.get("WANDB_MODE") == "online" else "offline"
        settings = wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            host="withheld",
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        self._run = wandb.init(
            project=self._project,
            name=run,
            mode=mode,
            config={**recipe, **facts},
            reinit="create_new",
            settings=settings,
        )

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Write figures."""
        if self._run is not None:
            self._run.log(dict(figures), step=step)

    def finish(self, figures: Mapping[str, float], files: Sequence[Path]) -> None:
        """Write the figures on test as the run's summary, and the files, and end it."""
        if self._run is not None:
            self._run.summary.update(dict(figures))
            for path in files:
                self._run.save(str(path), base_path=str(path.parent), policy="now")
            self._close(0)

    def abandon(self) -> None:
        """End the run as one that was broken off."""
        self._close(1)

    def _close(self, code: int) -> None:
        if self._run is not None:
            self._run.finish(exit_code=code)
