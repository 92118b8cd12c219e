"""A search space says what is wrong with it before anything is trained."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe
from fengkong.training.searching.space import Choices, Range, Space, default_space
from fengkong.training.ways.registry import WAYS

GOOD = """
[space]
learning_rate = {low = 1e-5, high = 1e-3, log = true}
dropout = {low = 0.0, high = 0.3, step = 0.1}
weight_decay = {low = 0, high = 1}
min_steps = {low = 100, high = 900}
pooling = ["mean", "cls"]
"""


def parse(text: str) -> Space:
    return Space.parse(text, Recipe(), source="space.toml")


def test_a_space_is_read_and_written_back():
    space = parse(GOOD)
    assert space.axes["pooling"] == Choices(("mean", "cls"))
    assert space.axes["learning_rate"] == Range(1e-5, 1e-3, log=True)
    assert parse(space.to_toml()) == space


def test_whether_a_range_is_of_whole_numbers_follows_from_the_key_not_from_its_ends():
    axes = parse(GOOD).axes
    assert axes["min_steps"].whole
    assert not axes["weight_decay"].whole, "0 to 1, but the key takes any number"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("learning_rte = [1e-4, 1e-3]", r"space.toml: learning_rte: .*no such key.*did you mean 'learning_rate'"),
        ("learning_rate = {low = 1e-5, hgih = 1e-3}", r"no such part.*hgih.*did you mean 'high'"),
        ("learning_rate = {low = 1e-5}", r"has no 'high'"),
        ("learning_rate = {low = 1e-3, high = 1e-5}", r"'low' should be below 'high'.*swap them"),
        ("learning_rate = {low = 1e-5, high = 3.0}", r"learning_rate.*impossible value.*3\.0"),
        ("weight_decay = {low = 0.0, high = 1.0, log = true}", r"starts above zero"),
        ("weight_decay = {low = 0.1, high = 1.0, log = true, step = 0.1}", r"logarithmic or has steps"),
        ("dropout = {low = 0.0, high = 0.3, step = 0.2}", r"lead from 'low' to 'high'"),
        ("dropout = {low = 0.0, high = 0.3, step = 0}", r"lead from 'low' to 'high'"),
        ("dropout = {low = 'a', high = 0.3}", r"'low' should be a number.*'a'"),
        ("dropout = {low = 0.0, high = inf}", r"'high' should be a number.*inf"),
        ("dropout = {low = 0.0, high = 0.3, log = 'yes'}", r"'log' is true or false"),
        ("epochs = {low = 1, high = 4, step = 1.5}", r"takes whole numbers"),
        ("epochs = {low = 0.5, high = 4}", r"epochs.*impossible value.*0\.5"),
        ("pooling = ['mean', 'max']", r"pooling.*impossible value.*max"),
        ("pooling = ['mean']", r"two or more different.*set a single value in the recipe"),
        ("pooling = ['mean', 'mean']", r"two or more different"),
        ("pooling = 'mean'", r"a list of choices or a range"),
        ("seed = {low = 1, high = 9}", r"can't be searched.*luckiest seed"),
        ("metric = ['auc', 'loss']", r"can't be searched.*can't be compared"),
        ("", r"search space is empty"),
    ],
)
def test_a_slip_is_told_in_one_sentence(line, told):
    with pytest.raises(SettingsError, match=told):
        parse(f"[space]\n{line}\n")


def test_keys_outside_the_table_are_told_where_they_belong():
    with pytest.raises(SettingsError, match=r"one table.*dropout.*write the keys under \[space\]"):
        parse("dropout = [0.1, 0.2]")
    with pytest.raises(SettingsError, match=r"one table.*spcae.*did you mean 'space'"):
        parse("[spcae]\ndropout = [0.1, 0.2]")
    with pytest.raises(SettingsError, match=r"space.toml: .*not valid TOML"):
        parse("[space\n")


def test_a_space_of_choices_can_be_counted_out():
    space = parse("[space]\npooling = ['mean', 'cls']\nepochs = {low = 1, high = 3}\n")
    assert space.size == 6
    assert len({tuple(each.items()) for each in space.combinations()}) == 6
    assert parse(GOOD).size is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimiser", ["adamw", "sgd", "adafactor"])
def test_the_default_space_of_every_way_fits_the_recipe(way, optimiser):
    recipe = Recipe(way=way, optimiser=optimiser)
    space = default_space(recipe)
    assert Space.parse(space.to_toml(), recipe) == space


@settings(deadline=None, max_examples=60)
@given(
    low=st.floats(1e-6, 0.9), width=st.floats(1e-6, 0.9), steps=st.integers(1, 20), log=st.booleans(), cut=st.booleans()
)
def test_every_range_that_is_taken_stays_within_its_ends(low, width, steps, log, cut):
    high = min(low + width, 0.95)
    if not low < high:
        return
    step = f", step = {(high - low) / steps!r}" if cut and not log else ""
    axis = parse(f"[space]\ndropout = {{low = {low!r}, high = {high!r}, log = {str(log).lower()}{step}}}\n").axes[
        "dropout"
    ]
    values = axis.all() or axis.ends
    assert math.isclose(min(values), low)
    assert math.isclose(max(values), high)
