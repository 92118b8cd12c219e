"""The network that tags: the same base and linear head on each token's state, and trained transitions beside it."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from fengkong.training.networks.classifier import TextClassifier

__all__ = ["TokenTagger"]


class TokenTagger(TextClassifier):
    """Token classification as in BERT (Devlin et al. 2019): a classifier that answers for each token.

    tags: in the order of `scoring.chains.tag_names`. transitions: whether scores of one tag after another are learnt
    too, as a conditional random field has them; they are in no logit, since a scorer needs them once for all texts.
    """

    def __init__(
        self, encoder: PreTrainedModel, tags: int, *, hidden: int, dropout: float = 0.1, transitions: bool = False
    ) -> None:
        super().__init__(encoder, tags, hidden=hidden, dropout=dropout)
        self.transitions = nn.Parameter(torch.zeros(1 + tags, tags)) if transitions else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Logits, float32 [batch, tokens, tags], of ids and mask int64 [batch, tokens]; fields tell nothing here."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits: Tensor = self.head(self.dropout(states)).float()
        return logits
