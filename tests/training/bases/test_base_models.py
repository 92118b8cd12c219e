"""Bases: found, checked, loaded; refused where they would run code or can't be read."""

import json
import shutil

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases import finding
from fengkong.training.bases.loading import find_base, load_base, token_counter
from fengkong.training.encoding import encode


@pytest.fixture
def base(tiny_base, tmp_path):
    """A copy of the tiny base to damage."""
    return shutil.copytree(tiny_base, tmp_path / "base")


def edit(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_local_folder_gives_encoder_tokenizer_and_limits(base, capsys):
    loaded = load_base(str(base), dropout=0.2)
    assert (loaded.hidden, loaded.max_tokens, loaded.padding) == (32, 64, 0)
    assert loaded.tokenizer.encode("loan").tokens == ["[CLS]", "loan", "[SEP]"]
    assert loaded.encoder.config.hidden_dropout_prob == 0.2
    assert {weights.dtype for weights in loaded.encoder.parameters()} == {torch.float32}
    assert capsys.readouterr() == ("", "")


def test_two_loads_have_the_same_hash_and_changed_weights_another(base):
    first = load_base(str(base)).sha256
    assert load_base(str(base)).sha256 == first
    damaged = bytearray((base / "model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (base / "model.safetensors").write_bytes(damaged)
    assert load_base(str(base)).sha256 != first


def test_bundled_weights_other_than_the_published_ones_are_refused(base, monkeypatch):
    monkeypatch.setattr(finding, "bundled_folder", lambda: base)
    with pytest.raises(BaseModelError, match=r"not the published ones.*reinstall"):
        load_base("minilm")


def test_bundled_base_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setattr(finding, "MINILM_PACKAGE", "no_such_package_here")
    with pytest.raises(BaseModelError, match=r"fengkong\[embed\]"):
        load_base("minilm")


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"auto_map": {"AutoModel": "modeling.Model"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoModel": "modeling.Model"}}}),
        ("config.json", {"_attn_implementation": "someone/kernel"}),
        ("config.json", {"attn_implementation": "someone/kernel"}),
        ("config.json", {"_attn_implementation_internal": "someone/kernel"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["tokenization.Tokenizer", None]}}),
    ],
)
def test_a_configuration_that_wants_to_run_code_is_refused(base, file, values):
    canary = base / "canary"
    for name in ("modeling.py", "tokenization.py"):
        (base / name).write_text(f"open({str(canary)!r}, 'w').close()")
    edit(base / file, **values)
    with pytest.raises(BaseModelError, match="wants to run code"):
        load_base(str(base))
    assert not canary.exists()


def test_a_built_in_attention_is_no_code(base):
    edit(base / "config.json", _attn_implementation="sdpa", _attn_implementation_autoset=True)
    assert load_base(str(base)).encoder.config._attn_implementation == "eager"


def test_pickled_weights_alone_are_refused_with_the_cure(base):
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(BaseModelError, match=r"no safetensors.*pytorch_model\.bin.*save_pretrained"):
        load_base(str(base))


def test_missing_weights_configuration_and_tokenizer_are_named(base):
    (base / "tokenizer.json").write_text("{}")
    with pytest.raises(BaseModelError, match=r"tokenizer\.json"):
        load_base(str(base))
    (base / "model.safetensors").unlink()
    with pytest.raises(BaseModelError, match=r"no weights.*download"):
        load_base(str(base))
    (base / "config.json").unlink()
    with pytest.raises(BaseModelError, match=r"no config\.json"):
        load_base(str(base))


def test_damaged_weights_and_unknown_architectures_are_base_model_errors(base):
    whole = (base / "model.safetensors").read_bytes()
    (base / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BaseModelError, match="can't be loaded"):
        load_base(str(base))
    edit(base / "config.json", model_type="not-a-model")
    with pytest.raises(BaseModelError, match=r"configuration can't be used.*not-a-model"):
        load_base(str(base))
    (base / "config.json").write_text("{")
    with pytest.raises(BaseModelError, match="not JSON"):
        load_base(str(base))


def test_weights_that_belong_to_another_configuration_are_refused(base):
    edit(base / "config.json", num_hidden_layers=3)
    with pytest.raises(BaseModelError, match="weights"):
        load_base(str(base))


def test_unknown_names_get_the_likely_slip():
    with pytest.raises(BaseModelError, match="did you mean 'minilm'"):
        find_base("minilmm")
    with pytest.raises(BaseModelError, match="owner/name"):
        find_base("./no/such/folder")


def test_a_hub_id_without_a_network_names_the_cure(monkeypatch):
    def offline(*_, **__):
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(finding, "snapshot_download", offline)
    with pytest.raises(BaseModelError, match=r"someone/bert.*hf download someone/bert --local-dir.*set base"):
        find_base("someone/bert")


def test_a_hub_id_in_the_cache_is_taken_without_a_network(base, monkeypatch):
    def cached(name, *, local_files_only=False):
        assert local_files_only
        return str(base)

    monkeypatch.setattr(finding, "snapshot_download", cached)
    assert load_base("someone/bert").hidden == 32


def test_tokens_are_counted_as_the_base_reads_them_without_its_weights(tiny_base, tiny_splits):
    count, longest = token_counter(str(tiny_base))
    base = load_base(str(tiny_base))
    texts = [ex.text for ex in tiny_splits.dev]
    encoded = encode(tiny_splits.dev, base.tokenizer, ("bad", "good"), max_tokens=longest)
    assert count(texts) == encoded.lengths.tolist()
    assert longest == base.max_tokens
    assert count(["[SEP]"]) > count(["a"]), "the name of a special token is plain characters"
