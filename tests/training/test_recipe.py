"""The recipe and its commented file."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import SettingsError
from fengkong.training.recipe import Recipe


def test_commented_file_names_every_key_with_its_default():
    text = Recipe.commented_default()
    values = tomllib.loads(text)
    assert values.keys() == Recipe.model_fields.keys()
    assert Recipe.from_values(values) == Recipe()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), f"{line} has no comment above it"


def test_unknown_key_is_refused_with_the_likely_slip(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("learning_rat = 1e-4\n")
    with pytest.raises(SettingsError, match=r"recipe\.toml: .*unknown key.*learning_rat.*did you mean 'learning_rate'"):
        Recipe.load(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('epochs = "many"', "epochs"),
        ("epochs = 0", "greater than or equal to 1"),
        ("epochs = 2.5", "epochs"),
        ("learning_rate = -1", "greater than 0"),
        ("dropout = 1.0", "less than 1"),
        ('pooling = "max"', "'mean', 'cls' or 'last'"),
        ("warmup = nan", "finite"),
        ("seed = true", "seed"),
        ('base = ""', "base"),
    ],
)
def test_impossible_value_names_key_value_and_cure(line, said):
    with pytest.raises(SettingsError) as caught:
        Recipe.parse(line, source="mine.toml")
    key = line.split()[0]
    assert "mine.toml" in caught.value.sentence
    assert f"{key!r}" in caught.value.what
    assert said in caught.value.sentence


def test_broken_toml_missing_and_unreadable_files_are_settings_errors(tmp_path):
    with pytest.raises(SettingsError, match="not valid TOML"):
        Recipe.parse("seed 42")
    with pytest.raises(SettingsError, match="no such recipe file"):
        Recipe.load(tmp_path / "absent.toml")
    (tmp_path / "gb.toml").write_bytes('base = "中文"'.encode("gb18030"))
    with pytest.raises(SettingsError, match="UTF-8"):
        Recipe.load(tmp_path / "gb.toml")


def test_changed_checks_like_the_file():
    recipe = Recipe().changed({"epochs": 3})
    assert recipe.epochs == 3
    assert recipe.base == "minilm"
    with pytest.raises(SettingsError, match="did you mean 'epochs'"):
        recipe.changed({"epoch": 3})


def test_hash_follows_the_values_alone():
    assert Recipe.parse("# a remark\nseed = 42").sha256 == Recipe().sha256
    assert Recipe.parse("seed = 43").sha256 != Recipe().sha256


@given(
    base=st.text(min_size=1).filter(lambda text: text.isprintable()),
    rate=st.one_of(st.just("auto"), st.floats(1e-9, 0.5)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_written_recipes_read_back_equal(base, rate, seed):
    recipe = Recipe.from_values({"base": base, "learning_rate": rate, "seed": seed})
    assert Recipe.parse(recipe.to_toml()) == recipe
