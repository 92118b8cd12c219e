"""What can't be sealed is refused before training, in one sentence."""

import pytest
import torch
from transformers import AutoConfig, AutoModel

from fengkong.domain.errors import BaseModelError
from fengkong.training.exporting import exportable
from fengkong.training.exporting.exportable import check_exportable
from fengkong.training.networks.classifier import TextClassifier

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def network_of(kind, *, field_width=0, **values):
    torch.manual_seed(0)
    encoder = AutoModel.from_config(AutoConfig.for_model(kind, **SMALL, **values))
    encoder.config.use_cache = False
    return TextClassifier(encoder, 3, hidden=32, field_width=field_width).eval()


@pytest.mark.parametrize("kind", ["albert", "mistral"])
@pytest.mark.parametrize("field_width", [0, 2])
def test_a_kind_that_the_tests_do_not_know_is_tried_out(kind, field_width):
    check_exportable(network_of(kind, field_width=field_width))


def test_a_kind_without_a_graph_is_refused_without_a_word_printed(capfd):
    network = network_of("mixtral", num_local_experts=4)
    with pytest.raises(BaseModelError, match=r"can't be exported to ONNX \(received mixtral: .*bert, roberta"):
        check_exportable(network)
    assert capfd.readouterr() == ("", "")


def test_a_kind_whose_answers_depend_on_padding_is_refused():
    with pytest.raises(BaseModelError, match=r"lets padding into its answers.*convbert"):
        check_exportable(network_of("convbert", embedding_size=32))


def test_a_graph_that_says_something_else_is_refused(monkeypatch):
    network = network_of("albert")
    monkeypatch.setattr(exportable, "to_onnx", lambda final, real=exportable.to_onnx: real(turned(final)))
    with pytest.raises(BaseModelError, match=r"albert: another answer than the network's"):
        check_exportable(network)


def turned(final):
    with torch.no_grad():
        final.head.weight.copy_(final.head.weight.flip(0))
    return final


def test_a_base_beyond_the_size_of_one_graph_is_refused(monkeypatch):
    network = network_of("bert")
    monkeypatch.setattr(exportable, "LARGEST", 4 * sum(weights.numel() for weights in network.parameters()) - 1)
    with pytest.raises(BaseModelError, match=r"too large.*million parameters"):
        check_exportable(network)
