"""The bar of a training run tells what one waits for, on a narrow terminal too."""

import io

import pytest
from rich.console import Console

from fengkong.cli import training_progress
from fengkong.cli.training_progress import TrainingProgress
from fengkong.training import Evaluated, Finished, Stage, Step

FIGURES = {"accuracy": 0.51, "macro_f1": 0.52, "loss": 0.63, "auc": 0.74}


@pytest.mark.parametrize("width", [80, 160])
def test_loss_dev_figure_speed_and_time_left_are_shown(monkeypatch, width):
    shown = io.StringIO()
    console = Console(file=shown, width=width, markup=False, soft_wrap=True)
    monkeypatch.setattr(training_progress, "progress_out", console)
    with TrainingProgress() as progress:
        progress.show(Stage("tuning", "epochs [2]"))
        progress.show(Evaluated(20, FIGURES, best=True))
        progress.show(Step(21, 1500, 1, loss=0.5, learning_rate=1e-3, texts_per_second=46.4, seconds_left=75.0))
        progress.show(Finished(early=True, step=21, best_step=20, best_figures=FIGURES, seconds=1.0))
    said = shown.getvalue()
    assert "tuning  epochs [2]\n" in said
    for part in ("21/1500", "1:15 left", "46 texts/s", "loss 0.500"):
        assert part in said
    assert "stopped early; the best state was at step 20" in said
    assert "all steps done" not in said
