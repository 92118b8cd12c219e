"""A key that plays no part is told, and only where it was set."""

import pytest

from fengkong.training.idle_keys import LAYERED, OF_PASSES, OF_STEPS, OF_THE_BASE, RULES, idle_findings, idle_keys
from fengkong.training.recipe import Recipe
from fengkong.training.ways.registry import WAYS


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({}, []),
        ({"rank": 8, "way": "full"}, []),  # the usual value, as a file with all keys has it
        ({"rank": 16}, ["rank has no effect with way = 'full'"]),
        ({"rank": 16, "way": "lora"}, []),
        ({"layer_decay": 0.5, "way": "lora"}, ["layer_decay has no effect with way = 'lora'"]),
        ({"virtual_tokens": 4, "way": "prompt"}, []),
        ({"bottleneck": 4, "top_layers": 1}, ["top_layers has no effect with way = 'full'"]),
        ({"focusing": 3.0}, ["focusing has no effect with loss = 'cross_entropy'"]),
        ({"focusing": 3.0, "loss": "focal"}, []),
        ({"overlap": 8, "window_pooling": "max"}, ["overlap has no effect with windows = 1"]),
        ({"overlap": 8, "windows": 3}, []),
        ({"epochs": 3, "min_steps": 9}, ["min_steps has no effect with epochs = 3"]),
        ({"averaging": 0.0, "average": "tail"}, ["average has no effect with averaging = 0.0"]),
        ({"minutes": 5.0}, ["minutes has no effect with model = 'tuned'"]),
        ({"minutes": 5.0, "model": "auto"}, []),
        ({"model": "ngrams", "base": "x", "cost_matrix": {"a": {"b": 1.0}}}, ["cost_matrix has no effect with model"]),
        ({"model": "frozen", "learning_rate": 0.1, "base": "x"}, ["learning_rate has no effect with model = 'frozen'"]),
        ({"model": "contrastive", "epochs": 3}, ["epochs has no effect with model = 'contrastive'"]),
        (
            {"model": "contrastive", "class_weights": "balanced", "schedule": "cosine", "warmup": 0.2, "loss": "focal"},
            [f"{key} has no effect with model" for key in ("class_weights", "schedule", "warmup", "loss")],
        ),
        (
            {"model": "contrastive", "averaging": 0.2, "label_smoothing": 0.1, "cost_matrix": {"a": {"b": 1.0}}},
            [f"{key} has no effect with model" for key in ("averaging", "label_smoothing", "cost_matrix")],
        ),
        ({"model": "contrastive", "optimiser": "sgd", "weight_decay": 0.1, "layer_decay": 0.8, "dropout": 0.2}, []),
    ],
)
def test_what_changes_nothing_is_told(recipe, told):
    found = [f"{idle.key} {idle.why}" for idle in idle_keys(Recipe.from_values(recipe))]
    assert len(found) >= len(told)
    assert bool(found) == bool(told)
    for sentence in told:
        assert any(line.startswith(sentence) for line in found), found


def test_the_kind_that_was_found_counts_too():
    recipe = Recipe.from_values({"pooling": "cls", "windows": 3, "window_pooling": "max"})
    assert not list(idle_keys(recipe))
    assert [idle.key for idle in idle_keys(recipe, "entities")] == ["window_pooling", "pooling"]
    assert not list(idle_keys(recipe, "multilabel"))


def test_a_finding_names_the_file_the_key_and_the_cure():
    (finding,) = idle_findings(Recipe.from_values({"rank": 4}), file="recipe.toml")
    assert str(finding) == (
        "warning T006 recipe.toml [rank]: rank has no effect with way = 'full'; leave it out, or change way"
    )


def test_the_rules_speak_of_keys_and_ways_that_there_are():
    named = {key for rule in RULES for key in (*rule.keys, *({rule.beside} - {"task"}))}
    assert named | {*OF_PASSES, *OF_STEPS, *OF_THE_BASE} <= Recipe.model_fields.keys()
    assert set(LAYERED) == {name for name, way in WAYS.items() if way.tunes_base}
