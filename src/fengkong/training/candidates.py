"""Which of several trained models to keep: the cheapest to serve of those that the best one doesn't clearly beat.

The rule of one standard error (Breiman et al. 1984), on paired resamples of the texts that choose: a costlier model
must earn its cost. No more than a point is given up for it, since on few texts the error is large and proves nothing.
Whatever is kept is not below the best of the simple models there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fengkong.scoring.manifest import GRAPH, NGRAMS, Part
from fengkong.training.blending import fit_blend
from fengkong.training.defaults import Choice
from fengkong.training.measuring.tried import Tried
from fengkong.training.tasks.kind import LOWER_IS_BETTER, Kind
from fengkong.training.tasks.targets import Targets

__all__ = ["Candidate", "Evidence", "choose", "with_ngrams"]

Floats = NDArray[np.float64]

TRAINED = ("ngrams", "frozen", "contrastive", "tuned")
"""From the least to the most that is learnt."""
SIMPLE = ("ngrams", "frozen")
MOST_GIVEN_UP = 0.01
RESAMPLES = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that could be kept, alone or in a blend.

    network: the member that is a network ("frozen", "contrastive", "tuned"), "" for none. blend: weight of each part.
    dev: logits [texts, labels] of dev. held_out: of train, by models that did not see the text; None where there are
    none. seconds: to train it. temperature, figure, loss: fitted and measured by `choose`.
    """

    name: str
    network: str
    blend: Mapping[Part, float]
    dev: Floats
    held_out: Floats | None
    seconds: float
    temperature: float = 1.0
    figure: float = math.nan
    loss: float = math.nan

    @classmethod
    def alone(cls, name: str, dev: ArrayLike, held_out: Floats | None, seconds: float) -> "Candidate":
        """A member by itself."""
        part: Part = NGRAMS if name == "ngrams" else GRAPH
        network = "" if name == "ngrams" else name
        return cls(name, network, {part: 1.0}, np.asarray(dev, np.float64), held_out, seconds)

    @property
    def cost(self) -> int:
        """Of serving it: n-grams alone, a network, a network and n-grams."""
        return bool(self.network) + (len(self.blend) > 1)

    @property
    def members(self) -> tuple[str, ...]:
        """What it is made of: the network's name, "ngrams", or both."""
        return (*((self.network,) if GRAPH in self.blend else ()), *(("ngrams",) if NGRAMS in self.blend else ()))

    def tried(self, why: str, spread: float, *, kept: bool) -> Tried:
        """As a line of the report."""
        parts = " and ".join(f"{weight:.0%} {PARTS[part]}" for part, weight in self.blend.items())
        made = f"{parts}: " if len(self.blend) > 1 else ""
        return Tried(self.name, made + why, self.figure, spread, self.loss, self.seconds / 60, kept)


PARTS: Mapping[Part, str] = {GRAPH: "network", NGRAMS: "n-grams"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the texts that choose say: those of dev, and of train where every candidate has answers held out there."""

    train: Targets
    dev: Targets
    with_train: bool

    @property
    def targets(self) -> Targets:
        """What is true of them."""
        return np.concatenate([self.train, self.dev]) if self.with_train else self.dev

    def logits(self, candidate: Candidate) -> Floats:
        """What a candidate says of them."""
        if self.with_train and candidate.held_out is not None:
            return np.concatenate([candidate.held_out, candidate.dev])
        return candidate.dev


def with_ngrams(network: Candidate, ngrams: Candidate, evidence: Evidence) -> Candidate:
    """The two as one, weighed by the log loss on the evidence; one of the two weights may come out as zero."""
    found = fit_blend([evidence.logits(network), evidence.logits(ngrams)], evidence.targets)
    weights: dict[Part, float] = dict(zip((GRAPH, NGRAMS), found.weights, strict=True))
    both = network.held_out, ngrams.held_out
    return Candidate(
        f"{network.name} + ngrams",
        network.name,
        {part: weight for part, weight in weights.items() if weight},
        found.mix([network.dev, ngrams.dev]),
        None if both[0] is None or both[1] is None else found.mix([both[0], both[1]]),
        network.seconds + ngrams.seconds,
    )


def choose(
    candidates: Sequence[Candidate], evidence: Evidence, kind: Kind, metric: str, *, seed: int = 0
) -> tuple[Candidate, Choice, tuple[Tried, ...]]:
    """The candidate to keep, what was kept and why, and each candidate's figures with why it was kept or not.

    metric: one of the kind's dev figures.
    """
    measured = [_measured(candidate, evidence, kind, metric) for candidate in candidates]
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    merits = np.array([sign * candidate.figure for candidate in measured])
    best = max(range(len(measured)), key=lambda at: (merits[at], -measured[at].loss))
    spreads, errors = _spreads(measured, best, evidence, kind, metric, seed)
    simple = [merit for merit, candidate in zip(merits, measured, strict=True) if candidate.name in SIMPLE]
    near = merits >= merits[best] - np.minimum(errors, MOST_GIVEN_UP)
    near &= merits >= max(simple, default=-np.inf)
    near[best] = True
    at = min(
        np.flatnonzero(near),
        key=lambda place: (measured[place].cost, -TRAINED.index(measured[place].network or "ngrams")),
    )
    kept = measured[at]
    why = f"the best {metric} of all that were tried, {kept.figure:.3f}"
    if at != best:
        winner = measured[best]
        why = (
            f"{metric} {kept.figure:.3f}; {winner.name} with {winner.figure:.3f} is not clearly better "
            f"(standard error {errors[at]:.3f})" + (" and costs more to serve" if winner.cost > kept.cost else "")
        )
    where = "on dev and held-out folds of train" if evidence.with_train else "on dev"
    told = tuple(
        each.tried(
            why if place == at else _dropped(each, kept, near=bool(near[place]), behind=merits[best] - merits[place]),
            float(spreads[place]),
            kept=place == int(at),
        )
        for place, each in enumerate(measured)
    )
    return kept, Choice("model", kept.name, f"{why}; {where}"), told


def _dropped(candidate: Candidate, kept: Candidate, *, near: bool, behind: float) -> str:
    """Why a candidate wasn't kept. behind: by how much the best one beats it."""
    if not near:
        return f"{behind:.3f} behind the best, too much to be chance" if behind > 0 else "below a simple model"
    if candidate.cost > kept.cost:
        return "not clearly better, and costs more to serve"
    return "as good as what was kept, which learnt more" if behind > 0 else "as good as what was kept"


def _measured(candidate: Candidate, evidence: Evidence, kind: Kind, metric: str) -> Candidate:
    logits = evidence.logits(candidate)
    fitted = fit_blend([logits], evidence.targets)
    figures = kind.dev_figures((logits / fitted.temperature).astype(np.float32), evidence.targets)
    return replace(candidate, temperature=fitted.temperature, figure=figures.get(metric, math.nan), loss=fitted.loss)


def _spreads(
    candidates: Sequence[Candidate], best: int, evidence: Evidence, kind: Kind, metric: str, seed: int
) -> tuple[Floats, Floats]:
    """Standard errors of each candidate's figure, and of its difference to the best one's, by paired bootstrap over the
    texts (Efron 1979).
    """
    rng, targets = np.random.default_rng(seed), evidence.targets
    logits = [(evidence.logits(one) / one.temperature).astype(np.float32) for one in candidates]
    drawn = [rng.integers(0, len(targets), len(targets)) for _ in range(RESAMPLES)]
    figures = np.array(
        [[kind.dev_figures(z[rows], targets[rows]).get(metric, math.nan) for rows in drawn] for z in logits]
    )
    differences = figures - figures[best]
    known = ~np.isnan(differences).any(axis=0)
    if not known.any():
        return np.zeros(len(candidates)), np.zeros(len(candidates))
    return figures[:, known].std(axis=1), differences[:, known].std(axis=1)
