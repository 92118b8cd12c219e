"""Few labels: tune the encoder on pairs of texts, then fit a linear head on what it says of them.

SetFit's way (Tunstall et al. 2022): two texts of one label shall have like vectors, two of different labels unlike
ones, so that n examples teach as n x n pairs. Here every pair inside a batch teaches at once, and no list of pairs is
ever made: memory is linear in the number of examples. How long to tune is found on held-out folds; not at all, which
is the frozen base, is among the answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fengkong.training.blending import Blend, fit_blend, log_losses
from fengkong.training.defaults import Plan
from fengkong.training.encoding import Encoded, Int64s, collate
from fengkong.training.linear.installing import install_probe
from fengkong.training.linear.probe import Block, Probe, side_by_side
from fengkong.training.linear.separating import fit_margins, folds_of
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.embedding import compact_embedding, expand_embedding
from fengkong.training.progress import Evaluated
from fengkong.training.tuning.optimiser import make_optimiser, set_rate
from fengkong.training.tuning.predict import autocast, embed_texts, tensors_of

__all__ = ["Contrasted", "pair_batches", "tune_contrastively"]

TEXTS_IN_BATCH = 16
LABELS_IN_BATCH = 8
RATE_SHARE = 0.5  # of the rate that the plan has for head and encoder together
WARMUP_STEPS = 10
FOLDS = (3, 5)  # from FEW texts on, and below
FEW = 200
EVALUATED_AT = (0, 15, 30, 60, 120, 240, 480)
"""Numbers of steps that are tried."""
PATIENCE = 2
STRENGTHS = (0.03, 0.3, 3.0)  # of the head, see `linear.separating`

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contrasted:
    """What came of it; the network holds the tuned encoder and a calibrated head.

    steps: how many were best. losses: log loss on held-out folds, by number of steps. held_out: calibrated logits
    [texts, labels] of each training text by a network that did not see it.
    """

    steps: int
    losses: dict[int, float]
    held_out: Floats


def tune_contrastively(
    network: TextClassifier,
    train: Encoded,
    plan: Plan,
    *,
    padding: int,
    seconds: float = np.inf,
    tell: Callable[[Evaluated], None] = lambda _: None,
    clock: Callable[[], float] = monotonic,
) -> Contrasted:
    """Tune on texts whose targets are label numbers [texts], or 0/1 [texts, labels].

    seconds: about how long it may take; with less time fewer steps are tried. tell: hears each evaluation of a fold.
    The end follows from the plan's seed, unless time was short; the caller's random stream is left alone.
    """
    tuner = _Tuner(network, train, plan, padding)
    many = FOLDS[len(train) < FEW]
    folds = folds_of(tuner.targets, seed=plan.seed, count=many)
    began = clock()
    tried = []
    for fold in range(many):
        until = began + seconds * (fold + 1) / (many + 1)  # the last share is for tuning on all texts
        tried.append(_try(tuner, folds == fold, partial(_late, clock, clock(), until), tell))
    chosen = _choose(tried, folds, tuner.targets)
    for step in tuner.tune(np.arange(len(train))):
        if step == chosen.steps:
            break
    tuner.finish(chosen.strength, chosen.blend.temperature)
    return Contrasted(chosen.steps, chosen.losses, chosen.margins / chosen.blend.temperature)


def pair_batches(targets: Int64s, rows: Int64s, *, seed: int) -> Iterator[Int64s]:
    """Without end: some rows whose pairs are learnt from, of a few labels each time and about as many of each.

    targets: label numbers [texts], or 0/1 [texts, labels]; rows: those that may be drawn.
    """
    table = targets if targets.ndim == 2 else np.eye(targets.max() + 1, dtype=np.int64)[targets]
    bearing = [rows[table[rows, label] > 0] for label in range(table.shape[1])]
    bearing = [some for some in bearing if some.size]
    of_label = TEXTS_IN_BATCH // min(len(bearing), LABELS_IN_BATCH)
    rng = np.random.default_rng(seed)
    while True:
        labels = rng.permutation(len(bearing))[:LABELS_IN_BATCH]
        yield np.unique(np.concatenate([rng.permutation(bearing[label])[:of_label] for label in labels]))


class _Tuner:
    """One network that is tuned again and again from the same start, on these rows or on those."""

    def __init__(self, network: TextClassifier, train: Encoded, plan: Plan, padding: int) -> None:
        self.targets: Int64s = np.asarray(train.targets, dtype=np.int64)
        self._network, self._train, self._padding = network, train, padding
        self._plan = replace(plan, learning_rate=RATE_SHARE * plan.learning_rate)
        self._start = {name: weights.detach().clone() for name, weights in network.encoder.named_parameters()}
        self._device = next(network.parameters()).device

    def tune(self, rows: Int64s) -> Iterator[int]:
        """From the start: 0, then the number of each step when it is done; the network is whole at each."""
        with torch.no_grad():
            for name, weights in self._network.encoder.named_parameters():
                weights.copy_(self._start[name])
        compact_embedding(self._network, self._train.tokens, padding=self._padding)
        try:
            optimiser = make_optimiser(self._network, self._plan)
            batches = pair_batches(self.targets, rows, seed=self._plan.seed)
            for step in count():
                yield step
                set_rate(optimiser, min(1.0, (step + 1) / WARMUP_STEPS))
                self._learn(optimiser, next(batches), step)
        finally:
            self._network.eval()
            expand_embedding(self._network)

    def _learn(self, optimiser: torch.optim.Optimizer, texts: Int64s, step: int) -> None:
        batch = collate(self._train, texts, padding=self._padding)
        alike = torch.from_numpy(_likeness(self.targets[texts])).to(self._device)
        input_ids, attention_mask, _ = tensors_of(batch, self._device)
        self._network.train()
        with torch.random.fork_rng(devices=[] if self._device.type == "cpu" else [self._device]):
            torch.manual_seed((self._plan.seed << 32) + step)
            with autocast(self._device, self._plan.bf16):
                vectors = self._network.embed(input_ids, attention_mask)
        pair_loss(vectors.float(), alike).backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        torch.nn.utils.clip_grad_norm_(self._network.encoder.parameters(), self._plan.clip_norm or torch.inf)
        optimiser.step()
        optimiser.zero_grad()
        self._network.eval()

    def blocks(self) -> list[Floats]:
        """What a head reads of every text: its vector, and its fields where there are any."""
        vectors = embed_texts(self._network, self._train, padding=self._padding, bf16=self._plan.bf16)
        fields = [] if self._train.fields is None else [self._train.fields.astype(np.float64)]
        return [vectors.astype(np.float64), *fields]

    @property
    def labels(self) -> int:
        return self._network.head.out_features

    def finish(self, strength: float, temperature: float) -> None:
        """A calibrated head on all texts."""
        blocks = self.blocks()
        scalers = [Block.fit(block) for block in blocks]
        weights, bias = fit_margins(side_by_side(scalers, blocks), self.targets, self.labels, strength)
        probe = Probe.on_scaled(scalers, weights / temperature, bias / temperature)
        install_probe(self._network, probe)


def pair_loss(vectors: Tensor, alike: Tensor) -> Tensor:
    """Squared error of the cosines of all pairs against their likeness, like and unlike pairs weighing the same.

    vectors: [texts, width]; alike: [texts, texts] in [0, 1].
    """
    cosines = torch.nn.functional.normalize(vectors, dim=1) @ torch.nn.functional.normalize(vectors, dim=1).T
    others = 1 - torch.eye(len(vectors), device=vectors.device)
    errors = (cosines - alike).square() * others
    like, unlike = alike * others, (1 - alike) * others
    return (errors * like).sum() / like.sum().clamp(min=1) + (errors * unlike).sum() / unlike.sum().clamp(min=1)


def _likeness(targets: Int64s) -> NDArray[np.float32]:
    """Of each pair: 1 for the same label, else 0; with several labels the share that both bear (Jaccard)."""
    if targets.ndim == 1:
        same: NDArray[np.float32] = (targets[:, None] == targets).astype(np.float32)
        return same
    both = targets @ targets.T
    either = targets.sum(axis=1)[:, None] + targets.sum(axis=1) - both
    share: NDArray[np.float32] = np.where(either > 0, both / np.maximum(either, 1), 1.0).astype(np.float32)
    return share


def _try(
    tuner: _Tuner, held_out: NDArray[np.bool_], late: Callable[[], bool], tell: Callable[[Evaluated], None]
) -> dict[int, Floats]:
    """Margins [strengths, held-out texts, labels] by number of steps, until more steps no longer help."""
    tried: dict[int, Floats] = {}
    lowest, stale = np.inf, 0
    for step in tuner.tune(np.flatnonzero(~held_out)):
        if step not in EVALUATED_AT:
            continue
        tried[step] = _margins(tuner, held_out)
        loss = min(fit_blend([margins], tuner.targets[held_out]).loss for margins in tried[step])
        better = loss < lowest
        lowest, stale = min(loss, lowest), 0 if better else stale + 1
        tell(Evaluated(step, {"loss": loss}, better))
        if stale == PATIENCE or step == EVALUATED_AT[-1] or late():
            break
    return tried


def _late(clock: Callable[[], float], began: float, until: float) -> bool:
    """Whether the next number of steps, which takes about as long as all so far, would end too late."""
    now = clock()
    return now + (now - began) > until


def _margins(tuner: _Tuner, held_out: NDArray[np.bool_]) -> Floats:
    known = ~held_out
    blocks = tuner.blocks()
    scalers = [Block.fit(block[known]) for block in blocks]
    columns = side_by_side(scalers, blocks)
    heads = (fit_margins(columns[known], tuner.targets[known], tuner.labels, strength) for strength in STRENGTHS)
    return np.stack([columns[held_out] @ weights + bias for weights, bias in heads])


@dataclass(frozen=True, slots=True)
class _Choice:
    steps: int
    strength: float
    blend: Blend
    margins: Floats
    losses: dict[int, float]


def _choose(tried: list[dict[int, Floats]], folds: Int64s, targets: Int64s) -> _Choice:
    """Of the numbers of steps that every fold came to, the most whose loss is within a standard error of the least.

    On few texts the folds are noisy, and pairs nearly always help; each number with the best strength of the head.
    """
    found: list[_Choice] = []
    losses: dict[int, float] = {}
    for steps in sorted(set.intersection(*(set(fold) for fold in tried))):
        heads = []
        for place, strength in enumerate(STRENGTHS):
            margins = np.empty((len(folds), tried[0][steps].shape[2]))
            for fold, of_fold in enumerate(tried):
                margins[folds == fold] = of_fold[steps][place]
            heads.append(_Choice(steps, strength, fit_blend([margins], targets), margins, losses))
        found.append(min(heads, key=lambda choice: choice.blend.loss))
        losses[steps] = found[-1].blend.loss
    least = min(found, key=lambda choice: choice.blend.loss)
    return [choice for choice in found if _as_good(choice, least, targets)][-1]


def _as_good(choice: _Choice, least: _Choice, targets: Int64s) -> bool:
    each = [log_losses(one.margins / one.blend.temperature, targets) for one in (choice, least)]
    more = each[0] - each[1]
    return bool(more.mean() <= more.std() / np.sqrt(len(more)))
