"""Named entities: a tag a word, by one of three losses, and the answer always valid BIO."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]  # scipy ships no types
from tokenizers import Tokenizer
from torch import Tensor, nn

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.chains import Chain, entities_of
from fengkong.scoring.manifest import TaskKind
from fengkong.scoring.windows import Windows
from fengkong.training.encoding import Float32s
from fengkong.training.entities.losses import chain_loss, soft_iou_loss, tag_cross_entropy, words_only
from fengkong.training.entities.targets import Tagged, tag_tokens
from fengkong.training.tasks.targets import Targets, marked_entities

__all__ = ["Entities", "TagLoss", "fit_chain_temperature"]

TagLoss = Literal["cross_entropy", "soft_iou", "crf"]
TEXTS_AT_ONCE = 128
LOG_TEMPERATURES = (-2.0, 2.0)


@dataclass(frozen=True)
class Entities:
    """Entities of these types. Once a base is chosen, `with_base` says how its tokens stand for words.

    transitions: scores of one tag after another, the network's own parameter; None but with the loss "crf".
    """

    labels: tuple[str, ...]
    tag_loss: TagLoss = "cross_entropy"
    tokenizer: Tokenizer | None = None
    max_tokens: int = 0
    windows: Windows | None = None
    transitions: nn.Parameter | None = None
    task: TaskKind = "entities"
    metric: str = "entity_f1"
    metric_why: str = "an entity counts where its type and both its ends are right"

    @classmethod
    def from_splits(cls, tag_loss: TagLoss, splits: Splits) -> "Entities":
        """For the types that train marks. Raises InputError where it marks none."""
        labels = tuple(sorted({entity.label for ex in splits.train for entity in ex.entities or ()}))
        if not labels:
            raise InputError(
                "the training split marks no entity",
                cure="give tokens with tags, or text with entities, and check the names of these columns",
            )
        return cls(labels, tag_loss)

    @property
    def tags(self) -> int:
        """Logits a token."""
        return 1 + 2 * len(self.labels)

    def with_base(
        self,
        tokenizer: Tokenizer,
        max_tokens: int,
        windows: Windows | None = None,
        transitions: nn.Parameter | None = None,
    ) -> "Entities":
        """The same for texts cut in these tokens."""
        return replace(self, tokenizer=tokenizer, max_tokens=max_tokens, windows=windows, transitions=transitions)

    def targets(self, examples: Sequence[Example]) -> Targets:
        """The tag of each token, int16 (texts, tokens), as `tag_tokens` has them.

        Raises InputError for an example without marks, or with a type that train lacks.
        """
        for ex in examples:
            marked_entities(ex, self.labels)
        return self._tagged(examples).tags

    def findings(self, examples: Sequence[Example]) -> Iterator[Finding]:
        """T005: entities that the words of the base can't part from what stands beside them."""
        widened = self._tagged(examples).widened
        if widened:
            yield Finding(
                "T005",
                Severity.WARNING,
                f"entities that begin or end within a word: {widened:,}; the whole word is learnt and found",
                cure="check the offsets, or take a base that reads smaller pieces",
            )

    def _tagged(self, examples: Sequence[Example]) -> Tagged:
        if self.tokenizer is None:
            raise ValueError("tags need a base; see with_base")
        return tag_tokens(examples, self.tokenizer, self.labels, self.max_tokens, self.windows)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Of logits [texts, tokens, tags]. "soft_iou" is added to cross-entropy: alone, a tag that is nearly never
        given has no gradient.
        """
        width = min(logits.shape[1], targets.shape[1])  # a batch, or its other texts, may be longer than any tagged one
        logits, targets = logits[:, :width], targets[:, :width]
        if self.tag_loss == "crf":
            return chain_loss(logits, targets, self.transitions)
        loss = tag_cross_entropy(logits, targets)
        return loss + soft_iou_loss(logits, targets) if self.tag_loss == "soft_iou" else loss

    @torch.no_grad()
    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """entity_f1, precision, recall of whole entities, and loss, of logits (texts, tokens, tags) on dev."""
        chain = Chain(len(self.labels), self.trained_transitions())
        right = said = borne = words = 0
        total = 0.0
        for scores, tags in _batches(logits, targets):
            total += float(self.loss(scores, tags)) * int((tags >= 0).sum())
            words += int((tags >= 0).sum())
            of_words, truth = (part.numpy() for part in words_only(scores, tags))
            best = chain.best(of_words.astype(np.float64), (truth >= 0).sum(axis=1))
            found, marked = _keys(best), _keys(np.maximum(truth, 0))
            right, said, borne = right + len(found & marked), said + len(found), borne + len(marked)
        return {
            "entity_f1": 2 * right / max(1, said + borne),
            "precision": right / max(1, said),
            "recall": right / max(1, borne),
            "loss": total / max(1, words),
        }

    def trained_transitions(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
        """Scores of one tag after another as they stand, float64 [1 + tags, tags]."""
        return None if self.transitions is None else self.transitions.detach().double().cpu().numpy()


def fit_chain_temperature(kind: Entities, logits: Float32s, targets: Targets) -> float:
    """What all scores are divided by so that the valid sequences' likelihood on dev is greatest (Guo et al. 2017)."""
    transitions = None if kind.transitions is None else kind.transitions.detach().cpu()
    batches = [(scores, tags, int((tags >= 0).sum())) for scores, tags in _batches(logits, targets)]

    def loss(log_temperature: float) -> float:
        by = float(np.exp(log_temperature))
        divided = None if transitions is None else transitions / by
        return sum(n * float(chain_loss(scores / by, tags, divided)) for scores, tags, n in batches)

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x))


def _batches(logits: Float32s, targets: Targets) -> Iterator[tuple[Tensor, Tensor]]:
    """Texts of like length, without the places behind the longest."""
    lengths = np.where(targets >= 0, np.arange(1, targets.shape[1] + 1), 0).max(axis=1, initial=0)
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), TEXTS_AT_ONCE):
        rows = order[start : start + TEXTS_AT_ONCE]
        width = max(1, int(lengths[rows].max()))
        yield torch.from_numpy(logits[rows, :width]), torch.from_numpy(targets[rows, :width])


def _keys(tags: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> set[tuple[int, ...]]:
    """Text, first word, last word and type of each entity."""
    return set(zip(*(part.tolist() for part in entities_of(tags)), strict=True))
