"""What a configuration says of a base: how it reads, how far, and whether it reads text at all."""

from pathlib import Path
from typing import Literal

from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_MAPPING,
    AutoConfig,
    PretrainedConfig,
)

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases.quiet import quiet

__all__ = ["Family", "Pooling", "family_of", "longest_input", "pooling_of", "read_config"]

Family = Literal["encoder", "decoder", "encoder-decoder"]
Pooling = Literal["mean", "cls", "last"]
UNSTATED_LENGTH = 512
POSITIONS_AFTER_PADDING = frozenset(
    {
        *("camembert", "data2vec-text", "ibert", "longformer", "luke", "mpnet", "roberta"),
        *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
    }
)
"""RoBERTa and its kin count positions from the padding id plus one."""


def read_config(folder: Path) -> PretrainedConfig:
    """The configuration of a base. Raises BaseModelError: of no known architecture, or of one that reads no text."""
    where = str(folder / "config.json")
    try:
        with quiet():
            config: PretrainedConfig = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # what a configuration holds is checked by its own class, with errors of several kinds
        raise BaseModelError(
            "the base model's configuration can't be used",
            where=where,
            received=str(error).splitlines()[0][:120],
            cure="choose a text model that transformers knows",
        ) from error
    if not _reads_text_alone(config):
        raise BaseModelError(
            "the base does not read text alone",
            where=where,
            received=config.model_type,
            cure="choose a text encoder such as BERT, a decoder such as GPT-2, or an encoder-decoder such as T5",
        )
    return config


def _reads_text_alone(config: PretrainedConfig) -> bool:
    found = MODEL_MAPPING.get(type(config), None)
    model = found[0] if isinstance(found, tuple) else found  # of several variants, the plain one
    if model is None or model.main_input_name != "input_ids":
        return False
    reads = [model.input_modalities] if isinstance(model.input_modalities, str) else list(model.input_modalities)
    return reads == ["text"] and hasattr(config, "vocab_size") and hasattr(config, "hidden_size")


def family_of(config: PretrainedConfig) -> Family:
    """How a base reads: both ways ("encoder"), from left to right ("decoder"), or by an encoder before a decoder.

    Of the third, the encoder alone is used: it reads the whole text both ways, and classes are no text to generate
    (Ni et al. 2022, "Sentence-T5", found its mean the better text vector than the decoder's first state).
    """
    if config.is_encoder_decoder:
        return "encoder-decoder"
    if getattr(config, "is_decoder", False):
        return "decoder"
    kind = type(config)
    return "decoder" if kind in MODEL_FOR_CAUSAL_LM_MAPPING and kind not in MODEL_FOR_MASKED_LM_MAPPING else "encoder"


def pooling_of(family: Family) -> Pooling:
    """How token states become one vector where nothing else is said.

    The last token of a decoder alone has read the whole text; elsewhere the mean of all tokens is steadier.
    """
    return "last" if family == "decoder" else "mean"


def longest_input(config: PretrainedConfig) -> int:
    """The most tokens that a base can read, or was trained on where its positions are relative."""
    stated = [getattr(config, name, None) or 0 for name in ("max_position_embeddings", "n_positions")]
    limit = next((length for length in stated if length > 0), UNSTATED_LENGTH)
    if config.model_type in POSITIONS_AFTER_PADDING:
        limit -= (config.pad_token_id or 0) + 1
    return limit
