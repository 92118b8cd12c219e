"""What pre-training starts from: a base as it is, its layers with a new vocabulary, or a BERT from nothing."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import torch
from transformers import PreTrainedTokenizerFast

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases.finding import Download, find_base
from fengkong.training.bases.from_scratch import KINDS, make_base
from fengkong.training.bases.loading import BaseModel, load_base
from fengkong.training.bases.quiet import quiet
from fengkong.training.pretraining.model import check_maskable
from fengkong.training.pretraining.plan import SIZES, Pretraining
from fengkong.training.pretraining.work_folder import writing

__all__ = ["load_start"]

SAMPLE_CHARACTERS = 10_000_000
"""A vocabulary changes little with more text, and its training takes a while."""


def load_start(
    asked: Pretraining, texts: Sequence[str], folder: Path, *, tell: Callable[[Download], None] = lambda _: None
) -> BaseModel:
    """The base to begin with, without dropout. What has to be made for it lies in `folder`, and is made once.

    Raises BaseModelError as `load_base`, and where the base is no encoder that fills in words.
    """
    if asked.new_vocabulary is None and asked.base is not None:
        base = load_base(asked.base, dropout=0.0, tell=tell)
        check_maskable(base)
        return base
    if not folder.exists():
        fresh = folder.with_name(folder.name + ".new")
        with writing(folder.parent):
            shutil.rmtree(fresh, ignore_errors=True)
            _make(asked, _sample(texts), fresh, tell)
            fresh.replace(folder)
    return load_base(str(folder), dropout=0.0)


def _make(asked: Pretraining, texts: Sequence[str], folder: Path, tell: Callable[[Download], None]) -> None:
    vocabulary = asked.new_vocabulary or 0
    if asked.base is not None:
        _change_vocabulary(load_base(asked.base, dropout=0.0, tell=tell), texts, vocabulary, folder, seed=asked.seed)
    else:
        shape = SIZES[asked.size]
        make_base(
            "bert",
            texts,
            folder,
            hidden=shape["hidden"],
            layers=shape["layers"],
            heads=shape["heads"],
            vocabulary=vocabulary,
            max_tokens=asked.max_tokens,
            seed=asked.seed,
        )


def _sample(texts: Sequence[str]) -> list[str]:
    """Every n-th document, so that there are about as many characters as a vocabulary needs."""
    every = max(1, sum(map(len, texts)) // SAMPLE_CHARACTERS)
    return list(texts[::every])


def _change_vocabulary(base: BaseModel, texts: Sequence[str], tokens: int, folder: Path, *, seed: int) -> None:
    """Write the base's layers with a tokenizer learnt from the texts, of the kind that the base has.

    Rows of tokens that both vocabularies hold are kept; the others are drawn with the mean and spread of the old table,
    so that the layers meet vectors of the size that they know. Layers of another language learn a new one faster than
    layers of noise (Artetxe et al. 2020, "On the cross-lingual transferability of monolingual representations").
    """
    check_maskable(base)
    config = base.encoder.config
    if config.model_type not in KINDS:
        raise BaseModelError(
            "no vocabulary can be learnt for this kind of base",
            where=base.name,
            received=config.model_type,
            cure=f"choose one of {', '.join(kind for kind, made in KINDS.items() if made.family == 'encoder')}",
        )
    tokenizer = KINDS[config.model_type].tokenizer(texts, tokens)
    old = cast("torch.Tensor", base.encoder.get_input_embeddings().weight).detach()
    table = _new_table(old, base.tokenizer.get_vocab(), tokenizer, seed=seed)
    with quiet():
        base.encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        with torch.no_grad():
            cast("torch.Tensor", base.encoder.get_input_embeddings().weight).copy_(table)
        for role in ("pad", "bos", "eos", "cls", "sep"):
            setattr(config, f"{role}_token_id", getattr(tokenizer, f"{role}_token_id"))
        base.encoder.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    page = find_base(base.name) / "README.md"
    if page.exists():
        shutil.copyfile(page, folder / page.name)  # its licence goes with its layers


def _new_table(
    old: torch.Tensor, known: dict[str, int], tokenizer: PreTrainedTokenizerFast, *, seed: int
) -> torch.Tensor:
    drawn = torch.randn(len(tokenizer), old.shape[1], generator=torch.Generator().manual_seed(seed))
    table = old.mean(0) + drawn * old.std(0)
    for token, place in tokenizer.get_vocab().items():
        if token in known:
            table[place] = old[known[token]]
    return table
