"""The network that tags: a pretrained base and a linear head on each token's state; trained transitions beside it."""

from typing import Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

__all__ = ["TokenTagger"]


class TokenTagger(nn.Module):
    """Token classification as in BERT (Devlin et al. 2019): base, dropout, one linear head for all tokens.

    encoder: any transformers model that answers `last_hidden_state`. tags: in the order of `scoring.chains.tag_names`.
    transitions: whether scores of one tag after another are learnt too, as a conditional random field has them; they
    are in no logit, since a scorer needs them once for all texts.
    """

    def __init__(
        self, encoder: PreTrainedModel, tags: int, *, hidden: int, dropout: float = 0.1, transitions: bool = False
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, tags)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.transitions = nn.Parameter(torch.zeros(1 + tags, tags)) if transitions else None
        self.field_head = None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Logits, float32 [batch, tokens, tags], of ids and mask int64 [batch, tokens]; fields tell nothing here."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits: Tensor = self.head(self.dropout(states)).float()
        return logits

    def train(self, mode: bool = True) -> Self:
        """As in any module, but for an encoder with nothing to learn: it stays in evaluation mode, without dropout."""
        super().train(mode)
        if not any(weights.requires_grad for weights in self.encoder.parameters()):
            self.encoder.eval()  # type: ignore[no-untyped-call]  # transformers leaves it unannotated
        return self
