"""Pretrained bases of every kind, loaded: the bundled one, a local folder, or a hub id. No code of theirs ever runs."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import torch
from tokenizers import Tokenizer, processors
from transformers import (
    MODEL_FOR_TEXT_ENCODING_MAPPING,
    AutoModel,
    AutoModelForTextEncoding,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
)

from fengkong.domain.errors import BaseModelError, SettingsError
from fengkong.text.cleaning import clean
from fengkong.training.bases.architecture import Family, Pooling, family_of, longest_input, pooling_of, read_config
from fengkong.training.bases.finding import MINILM_PACKAGE, Download, find_base, licence_of
from fengkong.training.bases.quiet import quiet

__all__ = ["BaseModel", "find_base", "load_base", "token_counter"]

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")
HIDDEN_DROPOUT = (
    *("dropout", "dropout_rate", "embd_pdrop", "hidden_dropout", "hidden_dropout_prob", "mlp_dropout", "resid_pdrop"),
)


@dataclass(frozen=True)
class BaseModel:
    """A base ready to be tuned.

    encoder: answers `last_hidden_state`, a vector a token, to input_ids and attention_mask; of an encoder-decoder it is
    the encoder alone. Texts are padded at the right, with any id: what the mask leaves out changes nothing.
    hidden: width of a token vector. max_tokens: the longest text it can read. padding: token id that fills batches.
    sha256: hash (hex) of its weights, as a record of what was tuned.
    family: how it reads, see `family_of`. licence: as its README.md states it, "" where it states none.
    """

    name: str
    encoder: PreTrainedModel
    tokenizer: Tokenizer
    hidden: int
    max_tokens: int
    padding: int
    sha256: str
    family: Family = "encoder"
    licence: str = ""

    def pooling(self, wanted: Pooling | Literal["auto"] = "auto") -> Pooling:
        """How token states become one vector: as wanted, or as suits this kind of base.

        Raises SettingsError for "cls" with a decoder, whose first token has read nothing of the text.
        """
        if wanted == "cls" and self.family == "decoder":
            raise SettingsError(
                "a decoder's first token has read nothing of the text",
                where="pooling",
                received=f"'cls' with {self.name}",
                cure="take 'last', 'mean' or 'auto'",
            )
        return pooling_of(self.family) if wanted == "auto" else wanted


def load_base(name: str, *, dropout: float = 0.1, tell: Callable[[Download], None] = lambda _: None) -> BaseModel:
    """Load a base by name with its weights in fp32; see `find_base` for names and for `tell`.

    Attention runs in its plain form ("eager") without dropout on its weights: on a CPU that is faster than the fused
    kernels at the length of a sentence, and it exports to ONNX as it is.
    Raises BaseModelError: not found, not readable, not safetensors, wants to run code, reads no text.
    """
    folder = find_base(name, tell=tell)
    config = read_config(folder)
    for attribute in ATTENTION_DROPOUT + HIDDEN_DROPOUT:
        if isinstance(getattr(config, attribute, None), float):
            setattr(config, attribute, 0.0 if attribute in ATTENTION_DROPOUT else dropout)
    config.use_cache = False  # texts are read at once, none is generated
    digest = _weights_sha256(folder)
    if name == "minilm" and digest != MINILM_SHA256:
        raise BaseModelError(
            "the bundled weights are not the published ones",
            where=str(folder),
            received=f"sha256 {digest[:12]}…",
            cure=f"reinstall {MINILM_PACKAGE.replace('_', '-')}",
        )
    tokenizer = _read_tokenizer(folder, name, config)
    encoder = _read_encoder(folder, name, config)
    rows = len(cast("torch.Tensor", encoder.get_input_embeddings().weight))
    _check_vocabulary(folder, tokenizer, rows)
    named = config.pad_token_id
    return BaseModel(
        name=name,
        encoder=encoder,
        tokenizer=tokenizer,
        hidden=config.hidden_size,
        max_tokens=longest_input(config),
        padding=named if named is not None and 0 <= named < rows else 0,
        sha256=digest,
        family=family_of(config),
        licence=licence_of(folder),
    )


def token_counter(
    name: str, *, tell: Callable[[Download], None] = lambda _: None
) -> tuple[Callable[[Sequence[str]], list[int]], int]:
    """What counts the tokens of raw texts as a base reads them, special ones included, and the most that it can read.

    Loads no weights. Raises BaseModelError as `load_base` does.
    """
    folder = find_base(name, tell=tell)
    config = read_config(folder)
    tokenizer = _read_tokenizer(folder, name, config)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True

    def count(texts: Sequence[str]) -> list[int]:
        return [len(encoding) for encoding in tokenizer.encode_batch_fast([clean(text).text for text in texts])]

    return count, longest_input(config)


def _read_encoder(folder: Path, name: str, config: PretrainedConfig) -> PreTrainedModel:
    # Of an encoder-decoder, the encoder's weights alone are read where its class lets them be.
    whole = AutoModelForTextEncoding if type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING else AutoModel
    encoder: PreTrainedModel
    try:
        with quiet():
            encoder, loaded = whole.from_pretrained(
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
    if config.is_encoder_decoder:
        encoder = encoder.get_encoder()
    if isinstance(getattr(encoder, "pooler", None), torch.nn.Module):
        # We pool ourselves; weights that get no gradient have no place in a checkpoint.
        encoder.register_module("pooler", torch.nn.Identity())
    return encoder


def _read_tokenizer(folder: Path, name: str, config: PretrainedConfig) -> Tokenizer:
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            tokenizer = Tokenizer.from_file(str(path))
        else:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            ).backend_tokenizer
    except Exception as error:  # tokenizers raises bare Exception
        raise BaseModelError(
            "the base model's tokenizer can't be loaded",
            where=str(path),
            received=type(error).__name__,
            cure=f"download {name} again, tokenizer.json with it",
        ) from error
    if not tokenizer.num_special_tokens_to_add(False):
        _begin_texts(tokenizer, config, path)
    return tokenizer


def _begin_texts(tokenizer: Tokenizer, config: PretrainedConfig, path: Path) -> None:
    """Put the token that parts documents in pre-training before each text, and before the second of a pair.

    GPT-2 and Qwen read a text as if it went on from nothing; with it an empty text has a token too, and the attention
    that a decoder lays on the first token, whatever it is (Xiao et al. 2024), is not laid on a word.
    """
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    for token in (config.bos_token_id, *ends):
        if token is not None and (text := tokenizer.id_to_token(token)) is not None:
            begin = processors.TemplateProcessing(
                single=[text, "$A"], pair=[text, "$A", f"{text}:1", "$B:1"], special_tokens=[(text, token)]
            )
            before = tokenizer.post_processor
            tokenizer.post_processor = processors.Sequence([before, begin]) if before is not None else begin
            return
    raise BaseModelError(
        "the base model has no token to begin a text with",
        where=str(path),
        cure="name one as bos_token_id in its config.json",
    )


def _check_vocabulary(folder: Path, tokenizer: Tokenizer, rows: int) -> None:
    tokens = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1
    if not 0 < tokens <= rows:
        raise BaseModelError(
            "the base model's tokenizer and weights do not belong together",
            where=str(folder),
            received=f"{tokens:,} tokens for {rows:,} rows of the embedding",
            cure="put the tokenizer.json that belongs to the weights there",
        )


def _weights_sha256(folder: Path) -> str:
    """One file: its own hash, as the hub shows it. Several: the hash over their hashes in order of name."""
    digests = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
