"""Run by test_search: a search that SIGKILL ends in the middle of its fifth trial.

python killed_search.py BASE FOLDER
"""

import os
import signal
import sys
from pathlib import Path

import torch
from test_search import RATES, TRIALS, make_recipe, text_alone

from conftest import make_splits
from fengkong.training.searching.search import Limits, search
from fengkong.training.searching.space import Space
from fengkong.training.searching.trial import SearchEvent, TrialEvaluated

KILLED_IN = 4


def die_in_a_trial(event: SearchEvent) -> None:
    if isinstance(event, TrialEvaluated) and event.number == KILLED_IN:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    base, folder = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    recipe = make_recipe(base)
    space = Space.parse(RATES, recipe)
    search(recipe, text_alone(make_splits()), folder, space=space, limits=Limits(trials=TRIALS), tell=die_in_a_trial)
