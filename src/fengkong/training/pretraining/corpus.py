"""The corpus as pre-training sees it: clean, each text once, some documents held out, the rest in rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from fengkong.domain.errors import SettingsError
from fengkong.training.bases.loading import BaseModel
from fengkong.training.pretraining.packing import MOST_HELD_OUT_ROWS, Packed, hold_out, pack, tokenise

__all__ = ["RawCorpus", "Rows", "pack_corpus"]

MOST_UNKNOWN = 0.1


@dataclass(frozen=True, slots=True)
class RawCorpus:
    """What was read, told before the first step.

    documents, tokens: to learn from. short: documents left out since they are under eight tokens. twice: left out since
    they are word for word another. held_out: documents to measure on. unknown: share of the tokens, in [0, 1], that the
    vocabulary lacks. vocabulary: tokens of it.
    """

    documents: int
    tokens: int
    short: int
    twice: int
    held_out: int
    unknown: float
    vocabulary: int


@dataclass(frozen=True)
class Rows:
    """What is learnt from, and what is measured on."""

    train: Packed
    held_out: Packed


def pack_corpus(texts: Sequence[str], base: BaseModel, length: int, *, twice: int, seed: int) -> tuple[RawCorpus, Rows]:
    """Tokenise clean texts that differ, hold some out, and pack the rest; `twice` were left out before.

    Raises InputError where no text is long enough or all are one, and SettingsError where the base does not know the
    language: with every tenth word unknown there is too little to learn from, and nothing would say so.
    """
    docs = tokenise(texts, base.tokenizer)
    learnt, held = hold_out(docs, length, seed=seed)
    rows = Rows(pack(learnt, base.tokenizer, length), pack(held, base.tokenizer, length).first(MOST_HELD_OUT_ROWS))
    unknown = _unknown(rows.train, base)
    if unknown > MOST_UNKNOWN:
        raise SettingsError(
            "the base's vocabulary does not know the language of the corpus",
            where=base.name,
            received=f"{unknown:.0%} of the tokens unknown",
            cure="keep its layers and learn a new vocabulary by --vocabulary, or choose another base",
        )
    corpus = RawCorpus(
        documents=len(learnt),
        tokens=sum(len(doc.tokens) for doc in learnt),
        short=len(texts) - len(docs),
        twice=twice,
        held_out=len(held),
        unknown=unknown,
        vocabulary=base.tokenizer.get_vocab_size(),
    )
    return corpus, rows


def _unknown(packed: Packed, base: BaseModel) -> float:
    name = getattr(base.tokenizer.model, "unk_token", None)
    unknown = base.tokenizer.token_to_id(name) if name is not None else None
    return float((packed.tokens == unknown).mean()) if unknown is not None else 0.0
