"""Bases made on the spot: a tokenizer trained on texts, and a model of any kind with seeded random weights.

They are whole transformers folders, taken by `load_base` as any other, for pre-training from nothing and for tests that
need no hub.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedTokenizerFast

from fengkong.domain.errors import InputError, SettingsError, likely_slip
from fengkong.training.bases.architecture import Family
from fengkong.training.bases.quiet import quiet
from fengkong.training.bases.tokenizer_training import (
    begun_bytes,
    deberta_pieces,
    modernbert_bytes,
    plain_bytes,
    roberta_bytes,
    t5_pieces,
    wordpiece,
    xlm_pieces,
)

__all__ = ["KINDS", "Kind", "make_base"]

Shape = Mapping[str, int]


@dataclass(frozen=True)
class Kind:
    """One kind of base: how it reads, how its tokenizer is trained, and what its configuration calls things.

    sizes: from hidden, layers, heads and max_tokens to the keys of its configuration.
    """

    family: Family
    tokenizer: Callable[[Sequence[str], int], PreTrainedTokenizerFast]
    sizes: Callable[[Shape], dict[str, object]]


def make_base(
    kind: str,
    texts: Sequence[str],
    folder: str | Path,
    *,
    hidden: int = 32,
    layers: int = 2,
    heads: int = 2,
    vocabulary: int = 400,
    max_tokens: int = 64,
    seed: int = 0,
) -> Path:
    """Write a base into `folder`: config.json, model.safetensors, tokenizer.json. Returns the folder.

    kind: a key of `KINDS`. texts: what its tokenizer learns from; the same texts and seed give the same folder, but for
    the last digits of the scores of unigrams (deberta-v2, t5, xlm-roberta).
    vocabulary: tokens at most; a byte-level tokenizer holds 256 bytes at least.
    Raises SettingsError (no such kind, a width that the heads can't share) and InputError (no text).
    """
    if kind not in KINDS:
        raise SettingsError("there is no such kind of base", received=kind, cure=likely_slip(kind, KINDS))
    if hidden % (2 * heads):  # rotary positions turn pairs of channels
        raise SettingsError(
            "the heads can't share the width evenly",
            where="hidden",
            received=f"{hidden} for {heads} heads",
            cure=f"give a multiple of {2 * heads}",
        )
    if not any(text.strip() for text in texts):
        raise InputError("there is no text to train a tokenizer on", cure="give some in the language of your texts")
    folder = Path(folder)
    tokenizer = KINDS[kind].tokenizer(texts, vocabulary)
    with quiet(), torch.random.fork_rng():  # the caller's stream is left alone
        torch.manual_seed(seed)
        config = _config(kind, tokenizer, hidden, layers, heads, max_tokens)
        model = AutoModel.from_config(config)  # type: ignore[no-untyped-call]  # transformers leaves it unannotated
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def _config(
    kind: str, tokenizer: PreTrainedTokenizerFast, hidden: int, layers: int, heads: int, max_tokens: int
) -> PretrainedConfig:
    shape = {"hidden": hidden, "layers": layers, "heads": heads, "inner": 4 * hidden, "tokens": max_tokens}
    roles = ("pad", "bos", "eos", "cls", "sep")
    config: PretrainedConfig = AutoConfig.for_model(
        kind,
        vocab_size=len(tokenizer),
        **{f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in roles},
        **KINDS[kind].sizes(shape),
    )
    return config


def _usual_sizes(shape: Shape) -> dict[str, object]:
    return {
        "hidden_size": shape["hidden"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "intermediate_size": shape["inner"],
        "max_position_embeddings": shape["tokens"],
    }


def _roberta_sizes(shape: Shape) -> dict[str, object]:
    # Positions are counted from the padding id (1) plus one.
    return {**_usual_sizes(shape), "max_position_embeddings": shape["tokens"] + 2, "type_vocab_size": 1}


def _electra_sizes(shape: Shape) -> dict[str, object]:
    return {**_usual_sizes(shape), "embedding_size": shape["hidden"]}


def _deberta_sizes(shape: Shape) -> dict[str, object]:
    """As the published version 3: attention by content and by bucketed distance, no absolute positions."""
    return {
        **_usual_sizes(shape),
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": shape["tokens"] // 2,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
    }


def _modernbert_sizes(shape: Shape) -> dict[str, object]:
    return {**_usual_sizes(shape), "local_attention": max(2, shape["tokens"] // 4)}


def _distilbert_sizes(shape: Shape) -> dict[str, object]:
    return {
        "dim": shape["hidden"],
        "n_layers": shape["layers"],
        "n_heads": shape["heads"],
        "hidden_dim": shape["inner"],
        "max_position_embeddings": shape["tokens"],
    }


def _gpt2_sizes(shape: Shape) -> dict[str, object]:
    return {
        "n_embd": shape["hidden"],
        "n_layer": shape["layers"],
        "n_head": shape["heads"],
        "n_inner": shape["inner"],
        "n_positions": shape["tokens"],
    }


def _grouped_sizes(shape: Shape) -> dict[str, object]:
    """Two heads share one key and value where they can, as in the published models (grouped-query attention)."""
    groups = shape["heads"] // 2 if shape["heads"] % 2 == 0 else shape["heads"]
    return {
        **_usual_sizes(shape),
        "num_key_value_heads": groups,
        "head_dim": shape["hidden"] // shape["heads"],
    }


def _t5_sizes(shape: Shape) -> dict[str, object]:
    return {
        "d_model": shape["hidden"],
        "d_kv": shape["hidden"] // shape["heads"],
        "d_ff": shape["inner"],
        "num_layers": shape["layers"],
        "num_heads": shape["heads"],
        "n_positions": shape["tokens"],
        "decoder_start_token_id": 0,
    }


KINDS: Mapping[str, Kind] = {
    "bert": Kind("encoder", wordpiece, _usual_sizes),
    "roberta": Kind("encoder", roberta_bytes, _roberta_sizes),
    "xlm-roberta": Kind("encoder", xlm_pieces, _roberta_sizes),
    "electra": Kind("encoder", wordpiece, _electra_sizes),
    "deberta-v2": Kind("encoder", deberta_pieces, _deberta_sizes),
    "modernbert": Kind("encoder", modernbert_bytes, _modernbert_sizes),
    "distilbert": Kind("encoder", wordpiece, _distilbert_sizes),
    "gpt2": Kind("decoder", plain_bytes, _gpt2_sizes),
    "qwen2": Kind("decoder", plain_bytes, _grouped_sizes),
    "qwen3": Kind("decoder", plain_bytes, _grouped_sizes),
    "llama": Kind("decoder", begun_bytes, _grouped_sizes),
    "t5": Kind("encoder-decoder", t5_pieces, _t5_sizes),
}
"""Every kind that can be made, by the `model_type` of its configuration."""
