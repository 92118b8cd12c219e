"""Several questions on one encoder, learnt together: each example answers one of them, and one pass answers all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.domain.findings import Finding
from fengkong.scoring.windows import Windows
from fengkong.training.encoding import Float32s, Int64s
from fengkong.training.entities.targets import NO_TAG
from fengkong.training.tasks.entities import Entities
from fengkong.training.tasks.kind import LOWER_IS_BETTER, Kind
from fengkong.training.tasks.targets import Targets

__all__ = ["Together", "tagging_of"]

Logits = TypeVar("Logits", Tensor, Float32s)


@dataclass(frozen=True)
class Together:
    """The questions by name. The logits of all stand side by side; where one finds entities, in a row for each token.

    A row of targets begins with the number of the question that its example answers; that question's own follow.
    Its figure on dev is the mean over the questions of each one's own, so that none is given up for another.
    """

    kinds: Mapping[str, Kind]
    task: Literal["together"] = "together"
    metric: str = "mean"
    metric_why: str = "the mean over the questions of each one's own figure, so that none is given up for another"

    @classmethod
    def of(cls, kinds: Mapping[str, Kind]) -> "Together":
        """Raises SettingsError for fewer than two questions, and for one that learns more than its logits."""
        if len(kinds) < 2:
            raise SettingsError(
                "learning together needs two questions or more",
                received=", ".join(kinds) or "none",
                cure="name another, or train the one by itself",
            )
        for name, kind in kinds.items():
            if isinstance(kind, Entities) and kind.tag_loss == "crf":
                raise SettingsError(
                    "a conditional random field is learnt by itself",
                    where=name,
                    received="loss 'crf'",
                    cure="choose cross_entropy, or train it in a bundle of its own",
                )
        return cls(kinds)

    def with_base(self, tokenizer: Tokenizer, max_tokens: int, windows: Windows | None = None) -> "Together":
        """The same for texts cut in these tokens."""
        based = {
            name: kind.with_base(tokenizer, max_tokens, windows) if isinstance(kind, Entities) else kind
            for name, kind in self.kinds.items()
        }
        return replace(self, kinds=based)

    def findings(self, examples: Sequence[Example]) -> Iterator[Finding]:
        """What the questions that find entities find in their own examples."""
        for name, kind in self.kinds.items():
            if isinstance(kind, Entities):
                yield from kind.findings([ex for ex in examples if ex.question == name])

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label with the name of its question before it, in the order of the logits."""
        return tuple(f"{name}.{label}" for name, kind in self.kinds.items() for label in kind.labels)

    def targets(self, examples: Sequence[Example]) -> Float32s:
        """The number of each example's question and what is true of it, float32 (texts, 1 + the widest)."""
        rows = {name: [at for at, ex in enumerate(examples) if ex.question == name] for name in self.kinds}
        own = {
            name: kind.targets([examples[at] for at in rows[name]]).reshape(len(rows[name]), -1)
            for name, kind in self.kinds.items()
            if rows[name]
        }
        widest = max((part.shape[1] for part in own.values()), default=1)
        table = np.full((len(examples), 1 + widest), NO_TAG, dtype=np.float32)
        for number, name in enumerate(self.kinds):
            if name in own:
                table[rows[name], 0] = number
                table[np.ix_(rows[name], range(1, 1 + own[name].shape[1]))] = own[name]
        return table

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over the texts of each one's own loss. Logits of whole texts alone teach nothing about words."""
        total = logits.sum() * 0.0
        for number, (kind, columns) in enumerate(self._columns()):
            rows = targets[:, 0] == number
            if not bool(rows.any()) or (isinstance(kind, Entities) and logits.ndim == 2):
                continue
            truth = _torch_targets(kind, targets[rows, 1:])
            total = total + rows.float().mean() * kind.loss(_of_kind(kind, logits[rows][..., columns]), truth)
        return total

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """The figures of each question as `name.figure`, their mean as "mean", and the mean loss."""
        figures: dict[str, float] = {}
        chief, losses = [], []
        for name, kind in self.kinds.items():
            rows, of_question, truth = self.only(name, logits, targets)
            if not rows.size:
                continue
            found = kind.dev_figures(of_question, truth)
            figures |= {f"{name}.{figure}": value for figure, value in found.items()}
            # An error has no top, so a number counts by its ranks.
            chief.append(found["spearman" if kind.metric in LOWER_IS_BETTER else kind.metric])
            losses.append((found["loss"], rows.size))
        loss = sum(value * count for value, count in losses) / sum(count for _, count in losses)
        return {**figures, "mean": float(np.mean(chief)), "loss": loss}

    def only(self, name: str, logits: Float32s, targets: Targets) -> tuple[Int64s, Float32s, Targets]:
        """The texts that answer a question, and of them its logits and its targets, as its own kind has them."""
        number = list(self.kinds).index(name)
        kind, columns = list(self._columns())[number]
        rows = np.flatnonzero(targets[:, 0] == number)
        return rows, _of_kind(kind, logits[rows][..., columns]), _array_targets(kind, targets[rows, 1:])

    def _columns(self) -> Iterator[tuple[Kind, slice]]:
        """Each kind with its columns among the logits."""
        start = 0
        for kind in self.kinds.values():
            width = len(tagging_of(kind))
            yield kind, slice(start, start + width)
            start += width


def tagging_of(kind: Kind) -> tuple[bool, ...]:
    """Of each column of a kind's logits, whether it is of a token rather than of the text."""
    if isinstance(kind, Together):
        return tuple(chain.from_iterable(map(tagging_of, kind.kinds.values())))
    return (True,) * kind.tags if isinstance(kind, Entities) else (False,) * len(kind.labels)


def _of_kind(kind: Kind, logits: Logits) -> Logits:
    """Its own logits as it has them: where others tag, those of a text stand in each of its tokens' rows."""
    return logits if isinstance(kind, Entities) or logits.ndim == 2 else logits[:, 0]


def _torch_targets(kind: Kind, targets: Tensor) -> Tensor:
    match kind.task:
        case "classification" | "ordinal":
            return targets[:, 0].long()
        case "multilabel":
            return targets[:, : len(kind.labels)]
        case "entities":
            return targets.to(torch.int16)
    return targets[:, 0]


def _array_targets(kind: Kind, targets: Targets) -> Targets:
    match kind.task:
        case "classification" | "ordinal":
            return targets[:, 0].astype(np.int64)
        case "multilabel":
            return targets[:, : len(kind.labels)]
        case "entities":
            return targets.astype(np.int16)
    return targets[:, 0]
