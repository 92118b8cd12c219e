"""The recipe's `model`: one member trained as it says, or several of them in a race, and the best one kept.

The simple members (n-grams; a linear head on the untouched base) are always in the race. The costly ones enter where
there are few enough, or many enough, examples a label, and where the minutes allow.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.scoring.manifest import GRAPH, NGRAMS, Part
from fengkong.scoring.ngrams import NgramModel, ngram_text
from fengkong.text.cleaning import clean
from fengkong.training.candidates import Candidate, Evidence, choose, with_ngrams
from fengkong.training.contrastive import tune_contrastively
from fengkong.training.defaults import Choice, Plan
from fengkong.training.encoding import Encoded
from fengkong.training.linear.installing import install_probe
from fengkong.training.linear.ngrams import train_ngrams
from fengkong.training.linear.probe import fit_probe
from fengkong.training.measuring.tried import Tried
from fengkong.training.preparation import Prepared
from fengkong.training.progress import Event
from fengkong.training.tuning.predict import embed_texts, predict_logits

__all__ = ["MOST_UNKNOWN", "Trained", "affordable_passes", "check_model", "cleaned_texts", "train_model"]

CONTRASTED_BELOW = 150  # examples a label: with more, pairs teach little that labels don't
TUNED_FROM = 30  # examples a label: with fewer, full tuning learns them by heart
MOST_UNKNOWN = 0.5  # of the tokens: a base that knows no more reads noise
PASS_COST = 4.0  # of tuning, in readings of the same texts: forward, backward, optimiser, evaluations

Tune = Callable[[Prepared], Sequence[Event]]
Remember = Callable[[str, Callable[[], int]], int]


@dataclass(frozen=True)
class Trained:
    """What is to be sealed: the prepared network as it stands, n-grams, or both, by `blend`.

    dev: logits [texts, labels] of dev before they are calibrated. choices: what was chosen on the way, and why.
    members: what it is made of ("tuned", "ngrams", ...). tried: all that were in the race, or left out of it.
    """

    blend: Mapping[Part, float]
    dev: NDArray[np.floating]
    ngrams: NgramModel | None = None
    choices: tuple[Choice, ...] = ()
    events: tuple[Event, ...] = ()
    members: tuple[str, ...] = ("tuned",)
    tried: tuple[Tried, ...] = ()


def train_model(
    prepared: Prepared,
    splits: Splits,
    tune: Tune,
    *,
    tell: Callable[[str], None] = lambda _: None,
    remember: Remember = lambda _, find: find(),
    clock: Callable[[], float] = monotonic,
) -> Trained:
    """Train what the recipe's `model` names; with "auto", several, and keep the best on the texts that choose.

    tune: tunes the prepared network by its plan, and answers the events. tell: hears what is begun.
    remember: gives what an interrupted run found under a name, else what is found now.
    Raises SettingsError for a model that this kind of task or way of tuning can't have.
    """
    check_model(prepared)
    if prepared.recipe.model == "tuned" or not _has_members(prepared):
        events = tuple(tune(prepared))
        network = prepared.network
        return Trained(
            {GRAPH: 1.0}, predict_logits(network, prepared.dev, padding=prepared.base.padding), events=events
        )
    return _Race(prepared, splits, tune, tell, remember, clock).run()


def check_model(prepared: Prepared) -> None:
    """Raises SettingsError for a model that this kind of task or way of tuning can't have."""
    model, way, task = prepared.recipe.model, prepared.recipe.way, prepared.kind.task
    if model not in ("auto", "tuned") and not _has_members(prepared):
        raise SettingsError(
            f"model {model!r} is for labels of a text",
            where="model",
            received=f"task {task!r}",
            cure="set model to 'tuned' or 'auto'",
        )
    if model in ("frozen", "contrastive") and not _plain(prepared):
        raise SettingsError(
            f"model {model!r} tunes in its own way, and reads a text at once",
            where="model",
            received=f"way = {way!r}, windows = {prepared.recipe.windows}",
            cure="leave way at 'full' and windows at 1",
        )


def _has_members(prepared: Prepared) -> bool:
    return prepared.kind.task in ("classification", "ordinal", "multilabel")


def _plain(prepared: Prepared) -> bool:
    return prepared.recipe.way == "full" and prepared.recipe.windows == 1


def affordable_passes(plan: Plan, reading_seconds: float, seconds: float) -> int:
    """How many of the plan's passes over the training texts fit in so many seconds; 0 where not even one does.

    reading_seconds: one reading pass over the same texts.
    """
    return min(plan.epochs, max(0, math.floor(seconds / max(PASS_COST * reading_seconds, 1e-9))))


@dataclass
class _Race:
    """Members trained one after the other, each network from the same start."""

    prepared: Prepared
    splits: Splits
    tune: Tune
    tell: Callable[[str], None]
    remember: Remember
    clock: Callable[[], float]
    ngrams: NgramModel | None = None
    events: tuple[Event, ...] = ()
    choices: list[Choice] = field(default_factory=list)
    left_out: list[Tried] = field(default_factory=list)
    states: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    vectors: NDArray[np.float32] | None = None
    reading_seconds: float = 0.0

    def run(self) -> Trained:
        """Train the members, blend them, choose, and leave the network as chosen."""
        self._until = self.clock() + 60 * self.prepared.recipe.minutes
        self._keep("start")
        members = [found for name in self._names() if (found := self._member(name)) is not None]
        train, dev = self.prepared.train.targets, self.prepared.dev.targets
        evidence = Evidence(train, dev, all(member.held_out is not None for member in members))
        candidates = self._candidates(members, evidence)
        plan = self.prepared.plan
        kept, why, tried = choose(candidates, evidence, self.prepared.kind, plan.metric, seed=plan.seed)
        self._restore(kept.network or "start")
        ngrams = self.ngrams if NGRAMS in kept.blend else None
        told = (*tried, *self.left_out)
        return Trained(kept.blend, kept.dev, ngrams, (why, *self.choices), self.events, kept.members, told)

    def _names(self) -> list[str]:
        recipe, train = self.prepared.recipe, self.prepared.train
        if recipe.model == "blend":
            return ["ngrams", "tuned"]
        if recipe.model != "auto":
            return [recipe.model]
        if train.unknown > MOST_UNKNOWN:
            self._leave_out("networks", f"the base does not know {train.unknown:.0%} of the tokens in these texts")
            return ["ngrams"]
        a_label = len(train) / len(self.prepared.labels)
        plain = _plain(self.prepared)
        simple = ["ngrams", "frozen"] if plain else ["ngrams"]
        few = ["contrastive"] if plain and a_label < CONTRASTED_BELOW else []
        many = ["tuned"] if not plain or a_label >= TUNED_FROM else []
        if not many:
            self._leave_out("tuned", f"{a_label:.0f} examples a label would be learnt by heart")
        return [*simple, *few, *many]

    def _leave_out(self, name: str, why: str) -> None:
        self.left_out.append(Tried(name, f"not tried: {why}"))

    def _candidates(self, members: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
        linear = [member for member in members if not member.network]
        blends = [with_ngrams(member, linear[0], evidence) for member in members if member.network and linear]
        if self.prepared.recipe.model == "blend":
            return blends
        return [*members, *(blend for blend in blends if len(blend.blend) > 1)]

    def _member(self, name: str) -> Candidate | None:
        self.tell(name)
        self._restore("start")
        began = self.clock()
        found = {
            "ngrams": self._ngrams,
            "frozen": self._frozen,
            "contrastive": self._contrastive,
            "tuned": self._tuned,
        }[name]()
        if found is None:
            return None
        if name != "ngrams":
            self._keep(name)
        dev, held_out = found
        return Candidate.alone(name, dev, held_out, self.clock() - began)

    def _ngrams(self) -> "_Answers":
        train, dev = self.prepared.train, self.prepared.dev
        trained = train_ngrams(
            cleaned_texts(self.splits.train),
            train.targets,
            len(self.prepared.labels),
            fields=train.fields,
            seed=self.prepared.plan.seed,
        )
        self.ngrams = trained.model
        return trained.model.logits(cleaned_texts(self.splits.dev), dev.fields), trained.held_out

    def _frozen(self) -> "_Answers":
        train, plan = self.prepared.train, self.prepared.plan
        blocks = [self._read_train(), *_fields(train)]
        fitted = fit_probe(blocks, train.targets, len(self.prepared.labels), seed=plan.seed)
        install_probe(self.prepared.network, fitted.probe)
        return self._dev(), fitted.held_out

    def _contrastive(self) -> "_Answers":
        prepared = self.prepared
        shared = prepared.recipe.model == "auto" and len(prepared.train) >= TUNED_FROM * len(prepared.labels)
        seconds = (self._until - self.clock()) / (2 if shared else 1)
        found = tune_contrastively(
            prepared.network, prepared.train, prepared.plan, padding=prepared.base.padding, seconds=seconds
        )
        losses = ", ".join(f"{steps}: {loss:.3f}" for steps, loss in found.losses.items())
        self.choices.append(Choice("pair steps", str(found.steps), f"log loss on held-out folds by steps: {losses}"))
        return self._dev(), found.held_out

    def _tuned(self) -> "_Answers | None":
        prepared = self._in_time() if self.prepared.recipe.model == "auto" else self.prepared
        if prepared is None:
            minutes = self.prepared.recipe.minutes
            self._leave_out("tuned", f"not one pass over the training texts fits in {minutes:g} minutes")
            return None
        self.events = tuple(self.tune(prepared))
        return self._dev(), None

    def _in_time(self) -> Prepared | None:
        """The same with a plan that fits in what is left of the minutes; None where not even one pass does."""
        prepared, plan = self.prepared, self.prepared.plan

        def find() -> int:
            self._read_train()
            return affordable_passes(plan, self.reading_seconds, self._until - self.clock())

        passes = self.remember("passes", find)
        if passes == 0:
            return None
        share = passes / plan.epochs
        if share < 1:
            why = f"as many of {plan.epochs} as fit in {prepared.recipe.minutes:g} minutes"
            self.choices.append(Choice("passes", str(passes), why))
        shorter = replace(
            plan,
            epochs=passes,
            steps=plan.steps // plan.epochs * passes,
            warmup_steps=round(plan.warmup_steps * share),
            evaluate_every=max(1, math.ceil(plan.evaluate_every * share)),
        )
        return replace(prepared, plan=shorter)

    def _read_train(self) -> NDArray[np.float32]:
        """What the untouched base says of the training texts; how long that takes tells what tuning would."""
        if self.vectors is None:
            began, prepared = self.clock(), self.prepared
            self.vectors = embed_texts(
                prepared.network, prepared.train, padding=prepared.base.padding, bf16=prepared.plan.bf16
            )
            self.reading_seconds = self.clock() - began
        return self.vectors

    def _dev(self) -> NDArray[np.float32]:
        return predict_logits(self.prepared.network, self.prepared.dev, padding=self.prepared.base.padding)

    def _keep(self, name: str) -> None:
        """Remember the network's weights, but for those that are still as at the start."""
        start = self.states.get("start", {})
        self.states[name] = {
            key: value.clone()
            for key, value in self.prepared.network.state_dict().items()
            if key not in start or not torch.equal(value, start[key])
        }

    def _restore(self, name: str) -> None:
        self.prepared.network.load_state_dict({**self.states["start"], **self.states[name]})


_Answers = tuple[NDArray[np.floating], NDArray[np.float64] | None]
"""Logits of dev, and of train by models that did not see the text."""


def cleaned_texts(examples: Sequence[Example]) -> list[str]:
    """What n-grams are taken from: each text cleaned, with its second one."""
    return [ngram_text(clean(ex.text).text, clean(ex.pair).text if ex.pair else "") for ex in examples]


def _fields(encoded: Encoded) -> list[NDArray[np.float32]]:
    return [] if encoded.fields is None else [encoded.fields]
