"""The network, its field head, its compact embedding, and the rates of its parts."""

import numpy as np
import pytest
import torch

from fengkong.training.bases.from_scratch import make_base
from fengkong.training.bases.loading import load_base
from fengkong.training.defaults import Choice, choose_defaults
from fengkong.training.encoding import encode
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding, expand_embedding
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.optimiser import make_optimiser, rate_share
from fengkong.training.tuning.predict import embed_texts, predict_logits
from fengkong.training.ways.way import Trained

METRIC = Choice("metric", "auc", "with two labels the ranking counts")
TRAINED = Trained("full", "", 10_000, 10_000)


@pytest.fixture
def base(tiny_base):
    return load_base(str(tiny_base))


def build(base, **options):
    torch.manual_seed(0)
    return TextClassifier(base.encoder, 2, hidden=base.hidden, **options).eval()


def encoded(base, tiny_splits):
    return encode(tiny_splits.dev, base.tokenizer, np.zeros(40, dtype=np.int64), max_tokens=32)


def plan(base, tiny_splits, **values):
    texts = encoded(base, tiny_splits)
    return choose_defaults(
        Recipe.from_values(values), texts, texts, labels=2, hidden=base.hidden, metric=METRIC, trained=TRAINED
    )


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_padding_does_not_change_the_logits(base, pooling):
    network = build(base, pooling=pooling)
    ids = torch.tensor([[2, 5, 6, 3]])
    padded = torch.tensor([[2, 5, 6, 3, 0, 0]])
    alone = network(ids, torch.ones_like(ids))
    beside = network(padded, (padded != 0).long())
    torch.testing.assert_close(alone, beside, rtol=0, atol=1e-5)
    assert alone.dtype == torch.float32
    assert alone.shape == (1, 2)


def test_mean_and_cls_read_different_vectors(base):
    ids = torch.tensor([[2, 5, 6, 3]])
    mask = torch.ones_like(ids)
    states = base.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(build(base, pooling="cls").embed(ids, mask), states[:, 0])
    torch.testing.assert_close(build(base, pooling="mean").embed(ids, mask), states.mean(1))


def test_fields_learn_by_themselves(base):
    network = build(base, field_width=1)
    ids = torch.tensor([[2, 5, 3]] * 8)
    fields = torch.tensor([[0.0], [1.0]] * 4)
    labels = torch.tensor([0, 1] * 4)
    optimiser = torch.optim.AdamW(network.field_head.parameters(), lr=0.05)
    for _ in range(60):
        torch.nn.functional.cross_entropy(network(ids, torch.ones_like(ids), fields), labels).backward()
        optimiser.step()
        optimiser.zero_grad()
    assert network(ids, torch.ones_like(ids), fields).argmax(1).equal(labels)


def test_a_network_with_fields_wants_them(base):
    with pytest.raises(ValueError, match="fields"):
        build(base, field_width=3)(torch.tensor([[2, 3]]), torch.tensor([[1, 1]]))


def test_predictions_come_in_the_order_of_the_texts(base, tiny_splits):
    network = build(base)
    network.train()
    texts = encoded(base, tiny_splits)
    together = predict_logits(network, texts, padding=0, batch_tokens=200)
    assert network.training
    network.eval()
    with torch.inference_mode():
        alone = [torch.from_numpy(texts.tokens[texts.starts[i] : texts.starts[i + 1]])[None] for i in range(len(texts))]
        one_by_one = np.concatenate([network(ids, torch.ones_like(ids)).numpy() for ids in alone])
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)
    assert together.dtype == np.float32


def test_text_vectors_are_what_the_head_receives(base, tiny_splits):
    network = build(base)
    texts = encoded(base, tiny_splits)
    vectors = embed_texts(network, texts, padding=0, batch_tokens=200)
    assert vectors.shape == (len(texts), base.hidden)
    with torch.inference_mode():
        logits = network.head(torch.from_numpy(vectors)).numpy()
    np.testing.assert_allclose(logits, predict_logits(network, texts, padding=0), atol=1e-5)


def test_a_compact_embedding_answers_alike_and_gives_back_what_it_learned(base, tiny_splits):
    network = build(base)
    texts = encoded(base, tiny_splits)
    table = network.encoder.get_input_embeddings().weight
    before, rows = table.detach().clone(), len(table)
    expected = predict_logits(network, texts, padding=0)
    compact_embedding(network, texts.tokens, padding=0)
    small = network.encoder.get_input_embeddings().weight
    assert len(small) == len(np.union1d(texts.tokens, [0])) < rows
    np.testing.assert_array_equal(predict_logits(network, texts, padding=0), expected)
    with torch.no_grad():
        small += 1
    expand_embedding(network)
    used = np.union1d(texts.tokens, [0])
    after = network.encoder.get_input_embeddings().weight
    torch.testing.assert_close(after[used], before[used] + 1)
    unused = np.setdiff1d(np.arange(rows), used)
    assert after[unused].equal(before[unused])
    assert network.state_dict().keys() == build(base).state_dict().keys()


def test_lower_layers_learn_slower_and_fields_at_their_own_rate(base, tiny_splits):
    network = build(base, field_width=2)
    settled = plan(base, tiny_splits, learning_rate=1e-3, layer_decay=0.5)
    rates = {
        id(weights): group["lr"]
        for group in make_optimiser(network, settled).param_groups
        for weights in group["params"]
    }
    found = {name: rates[id(weights)] for name, weights in network.named_parameters()}
    assert found["head.weight"] == 1e-3
    assert found["encoder.encoder.layer.1.output.dense.weight"] == 0.5e-3
    assert found["encoder.encoder.layer.0.output.dense.weight"] == 0.25e-3
    assert found["encoder.embeddings.word_embeddings.weight"] == 0.125e-3
    assert found["field_head.wide.weight"] == settled.field_learning_rate


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_tables_of_every_kind_learn_slowest_and_do_not_decay(kind, tiny_base, tiny_splits, tmp_path):
    base = load_base(str(make_base(kind, [ex.text for ex in tiny_splits.dev], tmp_path)))
    network = build(base)
    compact_embedding(network, encoded(base, tiny_splits).tokens, padding=base.padding)
    table = network.encoder.get_input_embeddings().weight
    values = {"weight_decay": 0.1, "layer_decay": 0.5, "learning_rate": 1e-3}
    (group,) = (
        group
        for group in make_optimiser(network, plan(base, tiny_splits, **values)).param_groups
        if any(weights is table for weights in group["params"])
    )
    assert (group["weight_decay"], group["lr"]) == (0.0, 0.125e-3)


def test_only_matrices_decay(base, tiny_splits):
    network = build(base)
    groups = make_optimiser(network, plan(base, tiny_splits, weight_decay=0.1)).param_groups
    decays = {id(weights): group["weight_decay"] for group in groups for weights in group["params"]}
    for name, weights in network.named_parameters():
        matrix = weights.ndim == 2 and "embedding" not in name
        assert decays[id(weights)] == (0.1 if matrix else 0.0), name


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_rises_then_falls_towards_zero(base, tiny_splits, schedule):
    settled = plan(base, tiny_splits, schedule=schedule, warmup=0.2, epochs=20)
    shares = [rate_share(step, settled) for step in range(settled.steps)]
    top = int(np.argmax(shares))
    assert top == settled.warmup_steps
    assert shares[top] == 1
    assert shares[: top + 1] == sorted(shares[: top + 1])
    assert shares[top:] == sorted(shares[top:], reverse=True)
    assert 0 < shares[-1] < 0.05
    assert shares[0] > 0
