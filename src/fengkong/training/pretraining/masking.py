"""Which tokens are hidden, and by what: BERT's masking, drawn anew at every step, by whole words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from fengkong.domain.errors import BaseModelError
from fengkong.training.encoding import Int64s
from fengkong.training.pretraining.packing import Packed

__all__ = ["Masked", "Masker"]

SHARE = 0.15
AS_MASK, AS_RANDOM = 0.8, 0.1
MASKS = ("[MASK]", "<mask>")


@dataclass(frozen=True)
class Masked:
    """Rows with tokens hidden.

    input_ids: int64 [rows, length]. hidden: bool [rows, length]. targets: int64 [hidden tokens], what stood there, row
    by row.
    """

    input_ids: Int64s
    hidden: npt.NDArray[np.bool_]
    targets: Int64s

    def cut(self, pieces: int) -> list["Masked"]:
        """The same in so many pieces, by rows; a piece in which nothing is hidden is left out."""
        parts = np.array_split(np.arange(len(self.hidden)), min(pieces, len(self.hidden)))
        bounds = np.concatenate([[0], np.cumsum(self.hidden.sum(axis=1))])
        return [
            Masked(self.input_ids[rows], self.hidden[rows], self.targets[bounds[rows[0]] : bounds[rows[-1] + 1]])
            for rows in parts
            if self.hidden[rows].any()
        ]


class Masker:
    """Hides 15% of the words: 80% of their tokens behind the mask, 10% behind any other token, 10% left to see.

    Shares as in BERT (Devlin et al. 2019), drawn anew each time a row is read (Liu et al. 2019, RoBERTa), all tokens of
    a word or of a Han character together (Cui et al. 2021, whole-word masking).
    """

    def __init__(self, tokenizer: Tokenizer, *, name: str) -> None:
        """Raises BaseModelError where the tokenizer has no mask; `name` is what the base is called."""
        found = [token for mask in MASKS if (token := tokenizer.token_to_id(mask)) is not None]
        if not found:
            raise BaseModelError(
                "the base's tokenizer has no token to hide a word behind",
                where=name,
                received=f"neither {' nor '.join(MASKS)}",
                cure="choose a base that was pre-trained by masking, or learn a new vocabulary for it by --vocabulary",
            )
        self._mask = found[0]
        special = {token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special}
        self._ordinary = np.array(sorted(set(tokenizer.get_vocab().values()) - special - {self._mask}))

    def mask(self, packed: Packed, rows: Int64s, *, seed: Sequence[int]) -> Masked:
        """The chosen rows, masked as the seed draws; at least one token is hidden."""
        rng = np.random.default_rng(seed)
        tokens, units = packed.tokens[rows].astype(np.int64), packed.units[rows].astype(np.int64)
        drawn = rng.random((len(rows), int(units.max()) + 1))
        drawn[:, 0] = 2.0  # special tokens
        chance = np.take_along_axis(drawn, units, axis=1)
        hidden = chance < max(SHARE, float(chance.min()) + 1e-12)
        targets = tokens[hidden]
        fate = rng.random(len(targets))
        others = rng.choice(self._ordinary, len(targets))
        shown = np.where(fate < AS_MASK, self._mask, np.where(fate < AS_MASK + AS_RANDOM, others, targets))
        tokens[hidden] = shown
        return Masked(tokens, hidden, targets)
