"""While training, only the rows of the word-embedding table that occur in the data.

A table holds half of the weights of a small encoder and up to nine tenths of a multilingual one, and AdamW, clipping,
averaging and checkpoints all pay for every row. Rows that never occur get no gradient; leaving them out changes
nothing but the time (the table bears no weight decay, see `optimiser`).
"""

import torch
from torch import Tensor, nn

from fengkong.training.encoding import Int64s
from fengkong.training.networks.classifier import TextClassifier

__all__ = ["CompactEmbedding", "compact_embedding", "expand_embedding"]


class CompactEmbedding(nn.Module):
    """Stands in for an embedding table, with the rows named by `used` alone; it still takes the full table's ids."""

    place: Tensor

    def __init__(self, table: nn.Embedding, used: Tensor) -> None:
        super().__init__()
        self.table = [table]  # in a list, so that its weights are not registered as this module's own
        self.used = used
        self.weight = nn.Parameter(table.weight.detach()[used].clone())
        place = torch.full((table.num_embeddings,), -1, dtype=torch.int64, device=table.weight.device)
        place[used] = torch.arange(len(used), device=table.weight.device)
        self.register_buffer("place", place, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """int64 [batch, tokens] to float [batch, tokens, hidden]; an id that is not among `used` is an IndexError."""
        return nn.functional.embedding(self.place[input_ids], self.weight)


def compact_embedding(network: TextClassifier, *tokens: Int64s, padding: int) -> None:
    """Put a compact table into the network's encoder, for the token ids that occur in `tokens` and for padding.

    Where the table is of a kind of its own (Gemma and BART scale what they look up), it stays as it is.
    """
    expand_embedding(network)  # where an earlier run on this network was dropped halfway
    table = network.encoder.get_input_embeddings()
    if type(table) is not nn.Embedding:
        return
    ids = torch.cat([torch.tensor([padding]), *(torch.from_numpy(run) for run in tokens)])
    network.encoder.set_input_embeddings(CompactEmbedding(table, torch.unique(ids).to(table.weight.device)))


def expand_embedding(network: TextClassifier) -> None:
    """Put the full table back, with the trained rows in their places; nothing to do where it is not compact."""
    compact = network.encoder.get_input_embeddings()
    if isinstance(compact, CompactEmbedding):
        (table,) = compact.table
        with torch.no_grad():
            table.weight[compact.used] = compact.weight
        network.encoder.set_input_embeddings(table)
