"""What is particular to single ways: starts, places, refusals, and the words about them."""

import numpy as np
import pytest
import torch

from fengkong.domain.errors import SettingsError
from fengkong.training.bases.loading import load_base
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import dev_figures, fine_tune
from fengkong.training.tuning.predict import embed_texts
from fengkong.training.ways.registry import apply_way
from fengkong.training.ways.way import Trained, count_trained

IDS = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
MASK = (torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])).long()


def build(tiny_base, way, **values):
    torch.manual_seed(0)
    base = load_base(str(tiny_base))
    network = TextClassifier(base.encoder, 2, hidden=base.hidden).eval()
    recipe = Recipe.from_values({"way": way, **values})
    return network, apply_way(base.encoder, recipe), recipe


@pytest.mark.parametrize("way", ["lora", "adalora", "ia3", "adapter"])
def test_what_is_added_changes_nothing_at_first(tiny_base, way):
    plain, _, _ = build(tiny_base, "full")
    network, _, _ = build(tiny_base, way)
    torch.testing.assert_close(network(IDS, MASK), plain(IDS, MASK))


@pytest.mark.parametrize("way", ["prefix", "prompt"])
def test_virtual_tokens_are_read_by_every_word_but_never_pooled(tiny_base, way):
    plain, _, _ = build(tiny_base, "full")
    network, _, _ = build(tiny_base, way, virtual_tokens=5)
    states = network.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    assert states.shape == (2, 4, 32)
    assert not torch.allclose(network.embed(IDS, MASK), plain.embed(IDS, MASK))
    alone = network.embed(IDS[1:, :3], MASK[1:, :3])
    torch.testing.assert_close(network.embed(IDS, MASK)[1:], alone, atol=1e-5, rtol=0)


def test_a_prompt_takes_its_places_from_what_the_base_can_read(tiny_base, tiny_splits):
    def most(way):
        recipe = Recipe.from_values({"base": str(tiny_base), "way": way, "virtual_tokens": 10, "max_tokens": 4096})
        return prepare(recipe, tiny_splits).max_tokens

    assert most("prompt") == 54
    assert most("prefix") == most("full") == 64


def test_a_prompt_that_leaves_no_place_for_the_text_is_refused(tiny_base, tiny_splits):
    recipe = Recipe.from_values({"base": str(tiny_base), "way": "prompt", "virtual_tokens": 60})
    with pytest.raises(SettingsError, match=r"virtual_tokens.*60.*fewer"):
        prepare(recipe, tiny_splits)


def test_top_layers_leaves_the_lower_ones_alone_and_asks_for_no_more_than_there_are(tiny_base):
    network, _, _ = build(tiny_base, "top", top_layers=1)
    learns = {name for name, weights in network.encoder.named_parameters() if weights.requires_grad}
    assert learns
    assert all(name.startswith("encoder.layer.1.") for name in learns)
    with pytest.raises(SettingsError, match=r"top_layers: .*fewer layers.*3, and the base has 2"):
        build(tiny_base, "top", top_layers=3)


def test_a_frozen_encoder_answers_alike_before_in_and_after_training(tiny_base, tiny_splits):
    values = {"base": str(tiny_base), "way": "frozen", "epochs": 1, "precision": "fp32", "dropout": 0.5}
    prepared = prepare(Recipe.from_values(values), tiny_splits)
    before = embed_texts(prepared.network, prepared.dev, padding=0)
    for _ in fine_tune(prepared.start(), prepared.train, prepared.dev):
        assert not prepared.network.encoder.training
        np.testing.assert_array_equal(embed_texts(prepared.network, prepared.dev, padding=0), before)


def test_a_frozen_encoder_reads_each_text_once_and_the_figures_are_those_of_reading_it(tiny_base, tiny_splits):
    values = {"base": str(tiny_base), "way": "frozen", "epochs": 10, "batch_tokens": 64, "precision": "fp32"}
    prepared = prepare(Recipe.from_values(values), tiny_splits)
    read = []
    prepared.network.encoder.register_forward_pre_hook(
        lambda _encoder, _args, given: read.append(len(given["input_ids"])), with_kwargs=True
    )
    state = prepared.start()
    list(fine_tune(state, prepared.train, prepared.dev))
    assert sum(read) == len(prepared.train) + len(prepared.dev)
    assert dev_figures(state, prepared.dev) == pytest.approx(state.best_figures, rel=1e-5)


def test_the_count_is_told_in_words(tiny_base):
    assert (
        Trained("lora", "rank 8", 147_456, 22_700_000).sentence == "rank 8: 147,456 of 22.7M parameters trained (0.6%)"
    )
    assert Trained("frozen", "", 770, 22_700_000).sentence == "770 of 22.7M parameters trained (0.003%)"
    network, way, recipe = build(tiny_base, "lora", rank=2)
    assert count_trained(network, way, recipe).sentence.startswith("rank 2: ")


def test_the_rate_that_is_chosen_follows_the_way_and_says_so(tiny_base, tiny_splits):
    def chosen(way):
        plan = prepare(Recipe.from_values({"base": str(tiny_base), "way": way}), tiny_splits).plan
        return plan, next(choice for choice in plan.choices if choice.name == "learning_rate")

    full, lora = chosen("full"), chosen("lora")
    assert lora[0].learning_rate > full[0].learning_rate
    assert "lora" in lora[1].why
    assert (full[0].layer_decay, lora[0].layer_decay) == (0.9, 1.0)
