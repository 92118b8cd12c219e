"""Runs as TensorBoard event files in a folder, one folder a run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from fengkong.training.tracking.tracker import Facts

__all__ = ["TensorBoard"]


class TensorBoard:
    """Writes under `folder`/NAME OF THE RUN; look with `tensorboard --logdir FOLDER`."""

    name = "tensorboard"

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._writer: SummaryWriter | None = None

    def start(self, run: str, facts: Facts, recipe: Mapping[str, object]) -> None:
        """Open the run's event file."""
        self._writer = SummaryWriter(str(self._folder / run), flush_secs=10)
        for tag, values in (("run", facts), ("recipe", recipe)):
            text = "\n".join(f"    {key} = {json.dumps(value)}" for key, value in values.items())
            self._writer.add_text(tag, text)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Write scalars."""
        if self._writer is not None:
            for tag, value in figures.items():
                self._writer.add_scalar(tag, value, step)

    def finish(self, figures: Mapping[str, float], files: Sequence[Path]) -> None:  # noqa: ARG002 - it keeps none
        """Write the figures on test, as of step 0, and close."""
        self.log(0, figures)
        self.abandon()

    def abandon(self) -> None:
        """Close what was written."""
        if self._writer is not None:
            self._writer.close()
