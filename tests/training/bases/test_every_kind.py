"""What must hold for every kind of base: it loads, reads, learns, and answers the same without torch."""

import shutil

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

from fengkong.domain.errors import SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.engine import Engine
from fengkong.scoring.manifest import Manifest
from fengkong.scoring.pairs import encode_pair
from fengkong.scoring.scorer import Scorer
from fengkong.text.cleaning import CLEANING_VERSION, clean
from fengkong.training.bases.from_scratch import KINDS, make_base
from fengkong.training.bases.loading import load_base, token_counter
from fengkong.training.bases.quiet import quiet
from fengkong.training.exporting.onnx_graph import settled, to_onnx
from fengkong.training.exporting.quantising import measure_products, quantise
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding, expand_embedding

TEXTS = [
    "steady income, always paid on time",
    "gambling debts overdue, needs urgent cash",
    "客户收入稳定,按时还款。",
    "该公司信用评级下调,债务违约风险上升,多笔贷款逾期。",
    "stable job",
    "default",
    "收入稳定",
    "逾期",
]
SPECIAL = ("[CLS]", "[SEP]", "<s>", "</s>", "<|endoftext|>", "<|begin_of_text|>")
LABELS = torch.tensor([0, 1, 0, 1, 0, 1, 0, 1])


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory):
    """A base of each kind, once."""
    return make_base(request.param, TEXTS * 3, tmp_path_factory.mktemp("kinds") / request.param)


@pytest.fixture
def base(folder):
    return load_base(str(folder), dropout=0.0)


@pytest.fixture(scope="module")
def exported(folder):
    """A network of each kind and its graph, once."""
    base = load_base(str(folder), dropout=0.0)
    network = build(base)
    return base, network, to_onnx(settled(network))


def build(base, pooling="auto"):
    torch.manual_seed(3)
    network = TextClassifier(base.encoder, 2, hidden=base.hidden, pooling=base.pooling(pooling))
    torch.nn.init.normal_(network.head.weight, std=1.0)
    return network.eval()


def tokens(base, texts=TEXTS):
    base.tokenizer.enable_truncation(base.max_tokens)
    return [encoding.ids for encoding in base.tokenizer.encode_batch(texts)]


def padded(rows, padding):
    """Ids and mask, int64 [texts, longest], padded at the right."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def test_it_loads_with_a_state_for_every_token(base, folder, capfd):
    kind = KINDS[folder.name]
    assert (base.family, base.hidden, base.max_tokens) == (kind.family, 32, 64)
    assert base.pooling() == ("last" if kind.family == "decoder" else "mean")
    ids, mask = padded(tokens(base), base.padding)
    states = base.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    assert states.shape == (len(TEXTS), ids.shape[1], 32)
    assert states.dtype == torch.float32
    assert capfd.readouterr() == ("", "")


def test_a_checkpoint_of_the_language_model_in_half_precision_and_several_files_is_taken(folder, tmp_path):
    heads = {
        "encoder": AutoModelForMaskedLM,
        "decoder": AutoModelForCausalLM,
        "encoder-decoder": AutoModelForSeq2SeqLM,
    }
    with quiet():
        whole = heads[KINDS[folder.name].family].from_config(AutoConfig.from_pretrained(folder)).half()
        whole.save_pretrained(tmp_path, max_shard_size="40KB")
    shutil.copy(folder / "tokenizer.json", tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    encoder = load_base(str(tmp_path)).encoder
    assert encoder.get_input_embeddings().weight.equal(whole.get_input_embeddings().weight.float())


def test_the_longest_input_can_be_read(base):
    (row,) = tokens(base, [" ".join(TEXTS) * 3])
    assert len(row) == base.max_tokens
    ids, mask = padded([row], base.padding)
    assert torch.isfinite(build(base)(ids, mask)).all()


def test_an_empty_text_has_a_token_and_the_counter_knows(base, folder):
    ((row),) = tokens(base, [""])
    assert row
    count, longest = token_counter(str(folder))
    assert count(["", "收入稳定"]) == [len(row), len(tokens(base, ["收入稳定"])[0])]
    assert longest == base.max_tokens


def test_two_texts_are_parted_by_a_token_of_the_base(base):
    base.tokenizer.enable_truncation(base.max_tokens)
    alone = [encoding.ids for encoding in base.tokenizer.encode_batch(["收入稳定", "逾期"], add_special_tokens=False)]
    together, cut = encode_pair(base.tokenizer, "收入稳定", "逾期", base.max_tokens)
    assert cut == 0
    start = next(place for place in range(len(together.ids)) if together.ids[place:][: len(alone[0])] == alone[0])
    between = together.ids[start + len(alone[0]) :]
    second = next(place for place in range(len(between)) if between[place:][: len(alone[1])] == alone[1])
    assert second > 0
    assert set(between[:second]) <= {base.tokenizer.token_to_id(name) for name in SPECIAL}


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_logits_depend_neither_on_company_nor_on_the_padding_id(base, pooling):
    if pooling == "cls" and base.family == "decoder":
        with pytest.raises(SettingsError, match=r"read nothing of the text.*'last'"):
            base.pooling(pooling)
        return
    network, rows = build(base, pooling), tokens(base)
    with torch.inference_mode():
        alone = torch.cat([network(*padded([row], 0)) for row in rows])
        for padding in (base.padding, 0, 7):
            torch.testing.assert_close(network(*padded(rows, padding)), alone, rtol=0, atol=2e-5)
    assert alone.std(dim=0).min() > 1e-4, "the texts are told apart"


def test_a_few_steps_lower_the_loss_and_every_weight_learns(base):
    network = build(base).train()
    ids, mask = padded(tokens(base), base.padding)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        loss = cross_entropy(network(ids, mask), LABELS)
        loss.backward()
        losses.append(loss.item())
        assert all(weights.grad is not None for weights in network.parameters())
        optimiser.step()
        optimiser.zero_grad()
    assert losses[-1] < 0.5 * losses[0]


def test_a_compact_embedding_answers_alike_and_gives_back_what_it_learned(base):
    network, rows = build(base), tokens(base)
    ids, mask = padded(rows, base.padding)
    with torch.inference_mode():
        expected = network(ids, mask)
    before = network.encoder.get_input_embeddings().weight.detach().clone()
    compact_embedding(network, *map(np.array, rows[:4]), padding=base.padding)
    ids, mask = padded(rows[:4], base.padding)
    network.train()
    cross_entropy(network(ids, mask), LABELS[:4]).backward()
    with torch.inference_mode():
        torch.testing.assert_close(network.eval()(ids, mask), expected[:4], rtol=0, atol=2e-5)
    small = network.encoder.get_input_embeddings().weight
    assert small.grad.abs().sum() > 0
    with torch.no_grad():
        small += 1
    expand_embedding(network)
    moved = (network.encoder.get_input_embeddings().weight - before).mean(dim=1)
    used = torch.unique(ids[mask > 0])
    torch.testing.assert_close(moved[used], torch.ones(len(used)))
    assert network.state_dict().keys() == build(base).state_dict().keys()


def test_the_graph_without_torch_is_the_network(exported):
    base, network, graph = exported
    engine = Engine(graph.SerializeToString(), threads=1, labels=2, with_fields=False)
    rows = tokens(base)
    for batch in (rows, rows[:1], rows[4:], tokens(base, [" ".join(TEXTS) * 3]), [[5]]):
        ids, mask = padded(batch, 0)
        with torch.inference_mode():
            trained = network(ids, mask).numpy()
        np.testing.assert_allclose(engine.run(ids.numpy(), mask.numpy()), trained, atol=1e-4)


def test_a_scorer_reads_raw_texts_as_the_network_does(exported, tmp_path):
    base, network, graph = exported
    head = {"name": "risk", "labels": ("bad", "good")}
    manifest = Manifest(
        heads=(head,), language="mul", cleaning=CLEANING_VERSION, max_tokens=base.max_tokens, precision="fp32"
    )
    scorer = Scorer(Bundle(tmp_path, manifest, graph.SerializeToString(), base.tokenizer.to_str().encode()), threads=1)
    texts = [*TEXTS, "", " ".join(TEXTS) * 3, "[SEP] </s> <|endoftext|>"]
    base.tokenizer.encode_special_tokens = True
    rows = tokens(base, [clean(text).text for text in texts])
    with torch.inference_mode():
        trained = network(*padded(rows, base.padding)).softmax(dim=1).numpy()
    np.testing.assert_allclose(scorer.probabilities(texts), trained, atol=1e-4)


def test_products_go_into_int8_and_stay_near(exported):
    base, network, graph = exported
    ids, mask = padded(tokens(base), 0)
    feed = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    products = measure_products(graph, [feed])
    assert len(products) >= 2 * 4, "at least four a layer"
    engine = Engine(quantise(graph, products).SerializeToString(), threads=1, labels=2, with_fields=False)
    with torch.inference_mode():
        trained = network(ids, mask).numpy()
    np.testing.assert_allclose(engine.run(*feed.values()), trained, atol=0.15 * trained.std())


def test_a_table_that_scales_what_it_looks_up_is_left_whole():
    config = AutoConfig.for_model(
        "gemma3_text",
        vocab_size=60,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        intermediate_size=32,
    )
    network = TextClassifier(AutoModel.from_config(config), 2, hidden=32, pooling="last").eval()
    ids, mask = torch.tensor([[2, 5, 9]]), torch.ones(1, 3, dtype=torch.int64)
    with torch.inference_mode():
        expected = network(ids, mask)
        compact_embedding(network, ids.numpy().ravel(), padding=0)
        assert network(ids, mask).equal(expected)
