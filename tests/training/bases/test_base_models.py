"""Bases: found, checked, loaded; refused where they would run code or can't be read."""

import json
import shutil

import httpx
import pytest
import torch
from huggingface_hub import ModelInfo
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError
from tokenizers import Tokenizer
from transformers import BartConfig, BartForConditionalGeneration, GitConfig, ViTConfig, WhisperConfig

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases import finding
from fengkong.training.bases.finding import Download
from fengkong.training.bases.from_scratch import make_base
from fengkong.training.bases.loading import find_base, load_base, token_counter
from fengkong.training.bases.quiet import quiet
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


def test_a_folder_without_a_tokenizer_is_refused_though_transformers_would_make_an_empty_one(base):
    (base / "tokenizer.json").unlink()
    with pytest.raises(BaseModelError, match=r"no tokenizer.*tokenizer\.json"):
        load_base(str(base))


def test_a_tokenizer_with_more_tokens_than_the_embedding_has_rows_is_refused(base):
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.add_tokens([f"word{number}" for number in range(100)])
    tokenizer.save(str(base / "tokenizer.json"))
    with pytest.raises(BaseModelError, match=r"do not belong together.*tokens for .* rows"):
        load_base(str(base))


@pytest.mark.parametrize(
    "config",
    [
        ViTConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=16),
        GitConfig(),
        WhisperConfig(),
    ],
    ids=["image", "image and text", "speech"],
)
def test_a_model_that_does_not_read_text_alone_is_refused(base, config):
    config.save_pretrained(base)
    with pytest.raises(BaseModelError, match=rf"does not read text alone \(received {config.model_type}\)"):
        load_base(str(base))


def test_of_any_encoder_decoder_the_encoder_is_taken(base):
    small = {f"{part}_{size}": 2 for part in ("encoder", "decoder") for size in ("layers", "attention_heads")}
    inner = {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    config = BartConfig(vocab_size=60, d_model=32, max_position_embeddings=40, **small, **inner)
    with quiet():
        BartForConditionalGeneration(config).save_pretrained(base)
    loaded = load_base(str(base))
    assert (loaded.family, loaded.hidden, loaded.max_tokens) == ("encoder-decoder", 32, 40)
    assert not any("decoder" in name for name, _ in loaded.encoder.named_parameters())
    ids = torch.tensor([[2, 5, 3]])
    states = loaded.encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    assert states.shape == (1, 3, 32)


def test_a_decoder_without_a_token_to_begin_with_is_refused(tmp_path):
    folder = make_base("gpt2", ["steady income"], tmp_path / "base")
    edit(folder / "config.json", bos_token_id=None, eos_token_id=None)
    with pytest.raises(BaseModelError, match=r"no token to begin a text with.*bos_token_id"):
        load_base(str(folder))
    edit(folder / "config.json", eos_token_id=[999, 0])
    assert load_base(str(folder)).tokenizer.encode("steady").tokens[0] == "<|endoftext|>"


def test_a_padding_id_that_the_embedding_lacks_is_not_taken(base):
    edit(base / "config.json", pad_token_id=None)
    assert load_base(str(base)).padding == 0


def test_unknown_names_get_the_likely_slip():
    with pytest.raises(BaseModelError, match="did you mean 'minilm'"):
        find_base("minilmm")
    with pytest.raises(BaseModelError, match="owner/name"):
        find_base("./no/such/folder")


class FakeHub:
    """The hub's client: files that it would give, the folder where they land, and what was asked for."""

    def __init__(self, folder, files, *, cached=None, licence="mit"):
        self.folder, self.files, self.cached, self.licence = folder, files, cached, licence
        self.fetched = None

    def model_info(self, name, *, files_metadata):
        assert files_metadata
        siblings = [{"rfilename": file, "size": size} for file, size in self.files.items()]
        return ModelInfo(id=name, sha="abc", siblings=siblings, cardData={"license": self.licence})

    def snapshot_download(self, _name, *, local_files_only=False, revision=None, allow_patterns=None):
        if local_files_only:
            if self.cached is None:
                raise LocalEntryNotFoundError("not here")
            return str(self.cached)
        assert revision == "abc"
        self.fetched = set(allow_patterns)
        return str(self.folder)


@pytest.fixture
def hub(monkeypatch):
    def install(*args, **options):
        made = FakeHub(*args, **options)
        monkeypatch.setattr(finding, "model_info", made.model_info)
        monkeypatch.setattr(finding, "snapshot_download", made.snapshot_download)
        return made

    return install


FILES = {
    "config.json": 1000,
    "model.safetensors": 90_000_000,
    "tokenizer.json": 700_000,
    "README.md": 3000,
    "modeling_bert.py": 9000,
    "pytorch_model.bin": 90_000_000,
    "consolidated.safetensors": 90_000_000,
    "onnx/model.safetensors": 90_000_000,
}


def test_data_alone_is_fetched_and_the_licence_is_told_before(base, hub):
    fake, told = hub(base, FILES), []
    loaded = load_base("someone/bert", tell=lambda download: told.append((download, fake.fetched)))
    assert loaded.hidden == 32
    assert told == [(Download("someone/bert", "mit", pytest.approx(90.704)), None)]
    assert fake.fetched == {"config.json", "model.safetensors", "tokenizer.json", "README.md"}


def test_a_hub_base_with_a_pickle_only_is_refused_before_it_is_fetched(base, hub):
    fake, told = hub(base, {"config.json": 1, "pytorch_model.bin": 9}), []
    with pytest.raises(
        BaseModelError, match=r"no safetensors weights \(received pytorch_model\.bin\).*save_pretrained"
    ):
        load_base("someone/bert", tell=told.append)
    assert (told, fake.fetched) == ([], None)


def test_a_hub_base_in_the_cache_is_taken_without_a_network(base, hub):
    fake = hub(base, {}, cached=base)
    assert load_base("someone/bert").hidden == 32
    assert fake.fetched is None


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json", "model-2.safetensors"])
def test_a_cache_that_holds_parts_alone_is_filled_up(base, hub, tmp_path, missing):
    parts = shutil.copytree(base, tmp_path / "parts")
    (parts / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}})
    )
    if missing != "model-2.safetensors":
        (parts / "model-2.safetensors").touch()
        (parts / missing).unlink()
    fake = hub(base, FILES, cached=parts)
    assert load_base("someone/bert").hidden == 32
    assert "model.safetensors" in fake.fetched


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError("no network"), r"someone/bert.*hf download someone/bert --local-dir.*set base"),
        (
            GatedRepoError("terms", response=httpx.Response(403, request=httpx.Request("GET", "https://hub"))),
            r"someone/bert.*agreed to its terms.*hf auth login",
        ),
    ],
)
def test_what_the_hub_refuses_names_the_cure(hub, base, monkeypatch, error, sentence):
    hub(base, FILES)

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(finding, "model_info", refuse)
    with pytest.raises(BaseModelError, match=sentence):
        find_base("someone/bert")


def test_tokens_are_counted_as_the_base_reads_them_without_its_weights(tiny_base, tiny_splits):
    count, longest = token_counter(str(tiny_base))
    base = load_base(str(tiny_base))
    texts = [ex.text for ex in tiny_splits.dev]
    encoded = encode(tiny_splits.dev, base.tokenizer, ("bad", "good"), max_tokens=longest)
    assert count(texts) == encoded.lengths.tolist()
    assert longest == base.max_tokens
    assert count(["[SEP]"]) > count(["a"]), "the name of a special token is plain characters"
