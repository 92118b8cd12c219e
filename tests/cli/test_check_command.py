"""`check` looks at every part, whatever it finds in the others, and at whether they fit."""

import json
from pathlib import Path

import pytest


def spoil(file: str, old: str, new: str) -> None:
    text = Path(file).read_text(encoding="utf-8")
    assert old in text
    Path(file).write_text(text.replace(old, new), encoding="utf-8")


def found(result) -> list[str]:
    assert result.code == 1, result.err
    return [finding["message"] + "; " + finding["cure"] for finding in json.loads(result.out)["findings"]]


def test_a_fault_in_one_part_hides_none_in_another(fengkong, new_workspace):
    spoil("rules.yaml", "then: decline", "then: decliine")
    Path("recipe.toml").write_text("base =", encoding="utf-8")
    with Path("data.jsonl").open("a", encoding="utf-8") as data:
        data.write("not JSON\n")
    messages = "\n".join(found(fengkong("check", "--json")))
    for part in ("decliine", "the recipe is not valid", "not JSON"):
        assert part in messages


def test_every_file_named_is_looked_at(fengkong, new_workspace):
    Path("recipe.toml").write_text("base =", encoding="utf-8")
    spoil("fengkong.toml", "ledger =", "leger =")
    messages = "\n".join(found(fengkong("check", "recipe.toml", "fengkong.toml", "rules.yaml", "--json")))
    assert "the recipe is not valid" in messages
    assert "did you mean 'ledger'?" in messages


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "risk"', 'name = "rsk"', "a signal that no model gives"),
        ('positive = "bad"', 'positive = "bda"', "did you mean 'bad'?"),
        ('positive = "bad"', "", "the model names no positive label"),
    ],
)
def test_rules_that_do_not_fit_the_model_are_found_before_training(fengkong, new_workspace, old, new, says):
    spoil("fengkong.toml", old, new)
    assert any(says in message for message in found(fengkong("check", "--json")))


@pytest.mark.parametrize("files", [(), ("rules.yaml",)])
def test_a_literal_that_no_text_holds_is_found(fengkong, new_workspace, files):
    spoil("rules.yaml", "手续费", "手續費")
    assert any("手續費" in message for message in found(fengkong("check", *files, "--json")))


@pytest.mark.parametrize("files", [(), ("recipe.toml",)])
def test_a_key_of_the_recipe_that_plays_no_part_is_told(fengkong, new_workspace, files):
    spoil("recipe.toml", "epochs = 1", "epochs = 1\nrank = 16")
    result = fengkong("check", *files, "--json")
    assert result.code == 0, result.err
    told = [finding["message"] for finding in json.loads(result.out)["findings"]]
    assert "rank has no effect with way = 'full'" in told


RULES = """\
format: 1
name: one
version: 1
inputs: {INPUTS}
reasons: {WHY: {en: Because., zh: 因为。}}
rules: [{id: r, when: CONDITION, then: review, reason: WHY}]
"""


@pytest.mark.parametrize(
    ("inputs", "condition", "last"),
    [
        ("a: integer", "a > 1", "nothing found: all is well"),
        ("a: integer, b: integer", "a > 1", "1 finding, 0 errors"),
        ("a: integer", "b > 1", "1 finding, 1 error"),
        ("a: integer", "b > c", "2 findings, 2 errors"),
    ],
)
def test_what_was_found_is_counted(fengkong, tmp_path, inputs, condition, last):
    text = RULES.replace("INPUTS", inputs).replace("CONDITION", condition)
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    assert fengkong("check", tmp_path / "rules.yaml").out.splitlines()[-1] == last
