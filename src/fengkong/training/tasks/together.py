"""Several questions on one encoder, learnt together: each example answers one of them, and one pass answers all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.training.encoding import Float32s, Int64s
from fengkong.training.tasks.kind import LOWER_IS_BETTER, Kind
from fengkong.training.tasks.targets import Targets

__all__ = ["Together", "mixed"]


@dataclass(frozen=True)
class Together:
    """The questions by name. The logits of all stand side by side; a target is NaN where an example answers another.

    Its figure on dev is the mean over the questions of each one's own, so that none is given up for another.
    """

    kinds: Mapping[str, Kind]
    task: Literal["together"] = "together"
    metric: str = "mean"
    metric_why: str = "the mean over the questions of each one's own figure, so that none is given up for another"

    @classmethod
    def of(cls, kinds: Mapping[str, Kind]) -> "Together":
        """Raises SettingsError for fewer than two questions, and for one that tags or foretells by its error alone."""
        if len(kinds) < 2:
            raise SettingsError(
                "learning together needs two questions or more",
                received=", ".join(kinds) or "none",
                cure="name another, or train the one by itself",
            )
        for name, kind in kinds.items():
            if kind.task == "entities":
                raise SettingsError(
                    "entities are learnt by themselves", where=name, cure="train them in a bundle of their own"
                )
        return cls(kinds)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label with the name of its question before it, in the order of the logits."""
        return tuple(f"{name}.{label}" for name, kind in self.kinds.items() for label in kind.labels)

    def targets(self, examples: Sequence[Example]) -> Float32s:
        """The targets of all questions side by side, float32 (texts, width); NaN where an example answers another."""
        columns = []
        for name, kind in self.kinds.items():
            mine = [place for place, ex in enumerate(examples) if ex.question == name]
            width = len(kind.labels) if kind.task == "multilabel" else 1
            table = np.full((len(examples), width), np.nan, dtype=np.float32)
            if mine:
                table[mine] = kind.targets([examples[place] for place in mine]).reshape(len(mine), width)
            columns.append(table)
        return np.concatenate(columns, axis=1)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over the texts of each one's own loss."""
        total = logits.sum() * 0.0
        for kind, of_logits, of_targets in self._columns():
            rows = ~torch.isnan(targets[:, of_targets.start])
            if bool(rows.any()):
                mine = targets[rows, of_targets]
                total = total + rows.float().mean() * kind.loss(logits[rows, of_logits], _as_its_kind(kind, mine))
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
        kind, of_logits, of_targets = dict(zip(self.kinds, self._columns(), strict=True))[name]
        rows = np.flatnonzero(~np.isnan(targets[:, of_targets.start]))
        return rows, logits[rows, of_logits], _as_array(kind, targets[rows, of_targets])

    def _columns(self) -> Iterator[tuple[Kind, slice, slice]]:
        """Each kind with its columns among the logits and among the targets."""
        logit = target = 0
        for kind in self.kinds.values():
            width = len(kind.labels) if kind.task == "multilabel" else 1
            yield kind, slice(logit, logit + len(kind.labels)), slice(target, target + width)
            logit, target = logit + len(kind.labels), target + width


def mixed(by_question: Mapping[str, Splits]) -> Splits:
    """The examples of all questions in one set of splits, each marked with the question that it answers."""
    train, dev, test = (
        [replace(ex, question=name) for name, splits in by_question.items() for ex in getattr(splits, part)]
        for part in ("train", "dev", "test")
    )
    return Splits(train, dev, test)


def _as_its_kind(kind: Kind, targets: Tensor) -> Tensor:
    if kind.task == "classification":
        return targets[:, 0].long()
    return targets if kind.task == "multilabel" else targets[:, 0]


def _as_array(kind: Kind, targets: Targets) -> Targets:
    if kind.task == "classification":
        return targets[:, 0].astype(np.int64)
    return targets if kind.task == "multilabel" else targets[:, 0]
