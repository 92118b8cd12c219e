"""The network that tags: the same base, and its linear head on each token's state, beside answers for whole texts."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from fengkong.scoring.windows import Pooling
from fengkong.training.networks.classifier import TextClassifier

__all__ = ["TokenTagger"]


class TokenTagger(TextClassifier):
    """Token classification as in BERT (Devlin et al. 2019): a classifier that answers for each token.

    tagging: of each column of the logits, whether it is of a token (in the order of `scoring.chains.tag_names`) or of
    the text, whose answer is then the same in each of its tokens' rows.
    transitions: whether scores of one tag after another are learnt too, as a conditional random field has them; they
    are in no logit, since a scorer needs them once for all texts.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        tagging: Sequence[bool],
        *,
        hidden: int,
        pooling: Literal["mean", "cls", "last"] = "mean",
        dropout: float = 0.1,
        field_width: int = 0,
        windows: Pooling | None = None,
        transitions: bool = False,
    ) -> None:
        super().__init__(
            encoder,
            len(tagging),
            hidden=hidden,
            pooling=pooling,
            dropout=dropout,
            field_width=field_width,
            windows=windows,
        )
        self.tagging = tuple(tagging)
        self.transitions = nn.Parameter(torch.zeros(1 + len(tagging), len(tagging))) if transitions else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor | None = None) -> Tensor:
        """Logits, float32 [batch, tokens, columns]; a gate behind them where windows are pooled by attention.

        input_ids, attention_mask: int64 [batch, tokens]. fields: float32 [batch, field_width], heard in the columns of
        the text alone.
        """
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        of_tokens: Tensor = self.head(self.dropout(states)).float()
        if all(self.tagging):
            return of_tokens
        of_text = self.answer(self.pooled(states, attention_mask), fields)
        gate = of_text.shape[1] - len(self.tagging)
        return self._side_by_side(nn.functional.pad(of_tokens, (0, gate)), of_text)

    def read_windows(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        owners: Tensor,
        fields: Tensor | None = None,
        kept: Tensor | None = None,
    ) -> Tensor:
        """Logits, float32 [texts, tokens, columns], of texts in windows: their kept tokens end to end."""
        if kept is None:
            raise ValueError("a tagger needs to know which tokens of a window speak for their text")
        logits = self(input_ids, attention_mask, None if fields is None else fields[owners])
        counts = torch.bincount(owners, weights=kept.sum(dim=1).double()).long()
        places = torch.arange(int(counts.max()), device=counts.device)
        stitched = logits.new_zeros(len(counts), len(places), len(self.tagging))
        stitched[places < counts[:, None]] = logits[kept][:, : len(self.tagging)]
        return stitched if all(self.tagging) else self._side_by_side(stitched, self.pool(logits[:, 0], owners))

    def _side_by_side(self, of_tokens: Tensor, of_text: Tensor) -> Tensor:
        """Each column from where it is answered: [texts, tokens, columns] or, for each of the tokens, [texts, columns];
        what stands behind the columns is the text's.
        """
        tagging = torch.tensor([*self.tagging, *[False] * (of_text.shape[1] - len(self.tagging))])
        return torch.where(tagging.to(of_tokens.device), of_tokens, of_text[:, None])
