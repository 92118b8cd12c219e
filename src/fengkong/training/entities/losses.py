"""What a tagger is trained by: cross-entropy of each tag, soft IoU over them, or the likelihood of whole sequences.

All take logits float [texts, tokens, tags] and targets int [texts, tokens], below zero where a token bears no tag.
"""

import torch
from torch import Tensor, nn

from fengkong.scoring.chains import allowed

__all__ = ["chain_loss", "soft_iou_loss", "tag_cross_entropy", "words_only"]

FORBIDDEN = -1e4
"""The score of a transition that BIO forbids; its power is zero in single precision too."""


def tag_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean negative log probability of a word's own tag, in nats; zero where there is no word."""
    borne = targets >= 0
    losses = nn.functional.cross_entropy(logits[borne].float(), targets[borne].long(), reduction="sum")
    return losses / borne.sum().clamp(min=1)


def soft_iou_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """One less the intersection over union of probabilities and truth, a tag, averaged over the tags that occur.

    The Jaccard index with probabilities in place of sets (Rahman & Wang 2016), over all words of the batch: a rare tag
    has the same say as O.
    """
    borne = targets >= 0
    p = logits[borne].float().softmax(dim=-1)
    truth = nn.functional.one_hot(targets[borne].long(), logits.shape[-1]).to(p.dtype)
    both = (p * truth).sum(dim=0)
    occurs = truth.sum(dim=0) > 0
    iou = both / (p.sum(dim=0) + truth.sum(dim=0) - both).clamp(min=1e-6)
    return 1 - iou[occurs].mean() if bool(occurs.any()) else iou.sum() * 0


def chain_loss(logits: Tensor, targets: Tensor, transitions: Tensor | None = None) -> Tensor:
    """The negative log likelihood of the tags as one linear chain of valid BIO, in nats a word.

    transitions: float [1 + tags, tags], the first row for the start; None for none. A conditional random field
    (Lafferty et al. 2001), its partition by the forward algorithm over all texts of the batch at once.
    """
    words, tags = words_only(logits.float(), targets)
    valid = torch.from_numpy(allowed(logits.shape[-1] // 2)).to(logits.device)
    trained = torch.zeros_like(valid, dtype=words.dtype) if transitions is None else transitions.to(words)
    scores = trained.masked_fill(~valid, FORBIDDEN)
    borne = tags >= 0
    if not bool(borne.any()):
        return words.sum() * 0
    own = _score(words, tags.clamp(min=0), borne, scores)
    return (_partition(words, borne, scores) - own).sum() / borne.sum()


def words_only(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The tokens that bear a tag, moved to the front: logits [texts, words, tags] and their tags [texts, words]."""
    borne = targets >= 0
    order = torch.argsort((~borne).to(torch.int8), dim=1, stable=True)[:, : int(borne.sum(dim=1).max())]
    words = logits.gather(1, order.unsqueeze(-1).expand(-1, -1, logits.shape[-1]))
    return words, targets.gather(1, order).long()


def _score(words: Tensor, tags: Tensor, borne: Tensor, scores: Tensor) -> Tensor:
    """The score of each text's own tags."""
    before = nn.functional.pad(tags[:, :-1] + 1, (1, 0))  # the first row of `scores` is the start
    a_word = words.gather(2, tags.unsqueeze(-1)).squeeze(-1) + scores[before, tags]
    return (a_word * borne).sum(dim=1)


def _partition(words: Tensor, borne: Tensor, scores: Tensor) -> Tensor:
    """The log of all sequences' powers, a text."""
    between = scores[1:]
    reached = words[:, 0] + scores[0]
    for at in range(1, words.shape[1]):
        onward = torch.logsumexp(reached.unsqueeze(2) + between, dim=1) + words[:, at]
        reached = torch.where(borne[:, at, None], onward, reached)
    return torch.logsumexp(reached, dim=1) * borne[:, 0]
