"""The network: a pretrained encoder, a pooled text vector, and a linear head; application fields join beside it."""

from typing import Literal, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from fengkong.scoring.windows import Pooling

__all__ = ["FieldHead", "TextClassifier"]

FIELD_UNITS = 64


class FieldHead(nn.Module):
    """Logits from encoded fields alone: a linear path and a small network, added up.

    Wide and deep (Cheng et al. 2016): the linear path is a logistic regression, the other finds interactions.
    `field_start` sets the linear path to its optimum before tuning; the other path has a rate of its own, since it
    starts from nothing.
    """

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.wide = nn.Linear(width, labels)
        self.deep = nn.Sequential(nn.Linear(width, FIELD_UNITS), nn.GELU(), nn.Dropout(dropout))
        self.deep_head = nn.Linear(FIELD_UNITS, labels)
        for path in (self.wide, self.deep_head):
            nn.init.zeros_(path.weight)
            nn.init.zeros_(path.bias)

    def forward(self, fields: Tensor) -> Tensor:
        """float32 [batch, width] to float32 [batch, labels]."""
        logits: Tensor = self.wide(fields) + self.deep_head(self.deep(fields))
        return logits


class TextClassifier(nn.Module):
    """Sequence classification as in BERT (Devlin et al. 2019): encoder, pooling, dropout, linear head.

    encoder: any transformers model that answers `last_hidden_state`, an encoder or a decoder.
    pooling: "mean" of the token vectors that are not padding; "cls", the first one; or "last", the last one that is not
        padding, which alone has read the whole text where a decoder reads from left to right. Padding is at the right.
    windows: how the logits of a long text's windows become one answer; None where each row is a text.
    field_width: numbers that describe a document's fields; 0 for text alone. The logits of text and fields are
        added, which is a linear head on both vectors side by side.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        labels: int,
        *,
        hidden: int,
        pooling: Literal["mean", "cls", "last"] = "mean",
        dropout: float = 0.1,
        field_width: int = 0,
        windows: Pooling | None = None,
    ) -> None:
        super().__init__()
        self.windows = windows
        self.gate = nn.Linear(hidden, 1) if windows == "attention" else None
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.field_head = FieldHead(field_width, labels, dropout) if field_width else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor | None = None) -> Tensor:
        """Logits, float32 [batch, labels]; a gate behind them where windows are pooled by attention.

        input_ids, attention_mask: int64 [batch, tokens]. fields: float32 [batch, field_width] where the network
        was built with fields.
        """
        return self.answer(self.embed(input_ids, attention_mask), fields)

    def answer(self, vectors: Tensor, fields: Tensor | None) -> Tensor:
        """What `decide` says of texts, and the gate behind it where there is one."""
        logits = self.decide(vectors, fields)
        return logits if self.gate is None else torch.cat([logits, self.gate(vectors).float()], dim=1)

    def read_windows(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        owners: Tensor,
        fields: Tensor | None = None,
        kept: Tensor | None = None,  # noqa: ARG002 - whoever tags has a use for it
    ) -> Tensor:
        """Logits, float32 [texts, labels], of texts in windows: as `scoring.windows.pool_windows` pools them.

        input_ids, attention_mask: int64 [windows, tokens]. owners: int64 [windows], the text of each, ascending.
        fields: float32 [texts, field_width]. kept: bool [windows, tokens], those that speak for their text.
        """
        return self.pool(self(input_ids, attention_mask, None if fields is None else fields[owners]), owners)

    def pool(self, logits: Tensor, owners: Tensor) -> Tensor:
        """One row of logits a text, [texts, labels], of those of its windows, [windows, labels and gate]."""
        texts = int(owners[-1]) + 1
        if self.windows == "max":
            empty = logits.new_full((texts, logits.shape[1]), -torch.inf)
            highest: Tensor = empty.scatter_reduce(0, owners[:, None].expand_as(logits), logits, "amax")
            return highest
        weights = torch.ones_like(logits[:, :1])
        if self.gate is not None:
            logits, gates = logits[:, :-1], logits[:, -1]
            top = gates.new_full((texts,), -torch.inf).scatter_reduce(0, owners, gates, "amax")
            weights = (gates - top[owners].detach()).exp()[:, None]
        sums = logits.new_zeros(texts, logits.shape[1]).index_add(0, owners, weights * logits)
        pooled: Tensor = sums / weights.new_zeros(texts, 1).index_add(0, owners, weights)
        return pooled

    def decide(self, vectors: Tensor, fields: Tensor | None = None) -> Tensor:
        """Logits, float32 [batch, labels], of what `embed` says of the texts."""
        logits: Tensor = self.head(self.dropout(vectors)).float()
        if self.field_head is not None:
            if fields is None:
                raise ValueError("this network was built with fields; give them")
            logits = logits + self.field_head(fields).float()
        return logits

    def train(self, mode: bool = True) -> Self:
        """As in any module, but for an encoder with nothing to learn: it stays in evaluation mode, without dropout."""
        super().train(mode)
        if not any(weights.requires_grad for weights in self.encoder.parameters()):
            self.encoder.eval()  # type: ignore[no-untyped-call]  # transformers leaves it unannotated
        return self

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The pooled text vector, float [batch, hidden], as the head receives it before dropout."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.pooled(states, attention_mask)

    def pooled(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector a text, [batch, hidden], of its tokens' states [batch, tokens, hidden]."""
        if self.pooling == "cls":
            return states[:, 0]
        if self.pooling == "last":
            last = (attention_mask.sum(dim=1) - 1).clamp(min=0)
            return states.gather(1, last[:, None, None].expand(-1, 1, states.shape[-1])).squeeze(1)
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
