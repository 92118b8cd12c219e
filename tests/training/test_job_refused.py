"""What can't be trained, sealed or measured is refused before anything is written."""

import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import InputError, SettingsError
from fengkong.training.job import run_job
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task


def refused(tmp_path, *args, **options) -> None:
    """Runs a job that must fail before it is anywhere near training, and leave nothing behind."""
    told = []
    try:
        run_job(*args, tmp_path / "run", tell=told.append, **options)
    finally:
        assert [event.name for event in told] == ["preparing"]
        assert not (tmp_path / "run").exists(), "the next try would find a run here"


def test_a_label_that_is_none_is_refused_before_training(tiny_base, tiny_splits, tmp_path):
    with pytest.raises(InputError, match=r"positive label.*'baad'.*did you mean 'bad'"):
        refused(tmp_path, Task("risk", "baad"), Recipe.from_values({"base": str(tiny_base)}), tiny_splits)


def test_a_name_that_rules_cannot_say_is_refused_before_training(tiny_base, tiny_splits, tmp_path):
    with pytest.raises(SettingsError, match=r"can't be sealed.*identifier"):
        refused(tmp_path, Task("my risk"), Recipe.from_values({"base": str(tiny_base)}), tiny_splits)


def test_splits_that_leave_nothing_to_measure_are_refused_before_training(tiny_base, tiny_splits, tmp_path):
    train, dev, test = (part for _, part in tiny_splits)
    with pytest.raises(InputError, match="test split is empty"):
        refused(tmp_path, Task("risk"), Recipe.from_values({"base": str(tiny_base)}), Splits(train, dev, []))
    with pytest.raises(InputError, match=r"dev split holds one label only.*'good'"):
        refused(tmp_path, Task("risk"), Recipe.from_values({"base": str(tiny_base)}), Splits(train, dev[::2], test))
    strange = [*test, Example("a loan", "goood", place=Place("loans.csv", 9))]
    with pytest.raises(InputError, match=r"loans\.csv:9.*goood.*did you mean 'good'"):
        refused(tmp_path, Task("risk"), Recipe.from_values({"base": str(tiny_base)}), Splits(train, dev, strange))
