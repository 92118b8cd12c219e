"""Writes the texts of a declared world: who comes, what happened, what is said of it, and which labels follow."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from fengkong.corpus.simulation.composing import DISTRACTOR, Composed, Sentence, compose
from fengkong.corpus.simulation.drawing import draw, slope, written
from fengkong.corpus.simulation.language import Sense
from fengkong.corpus.simulation.wording import Wording
from fengkong.corpus.simulation.world import DAYS, Effects, Scene, World
from fengkong.domain.documents import FieldValue
from fengkong.domain.errors import SettingsError

__all__ = ["Author", "Group", "Written"]

FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
SECONDS = DAYS * 86_400
AGREEMENT = 0.85
"""How often the second reason of a text has the sense of the first."""
DISTRACTED = 0.4
"""How many texts hold a loaded phrase without effect."""
CLOSED = 0.5
TRIES = 200


@dataclass(frozen=True)
class Group:
    """One sender, customer or company, with the facts that stay.

    ring: shared by those of one ring, "" outside. since: the second from which the ring is at work.
    """

    id: str
    facts: Mapping[str, FieldValue]
    ring: str = ""
    since: int = 0


@dataclass(frozen=True)
class Written:
    """One text before it is numbered. contributions: log-odds by question, cause and label."""

    time: datetime
    group: Group
    facts: Mapping[str, FieldValue]
    scene: str
    senses: Mapping[str, Sense]
    composed: Composed
    contributions: Mapping[str, Mapping[str, Mapping[str, float]]]
    probabilities: Mapping[str, Mapping[str, float]]
    labels: Mapping[str, str]
    burst: bool


@dataclass
class Author:
    """Remembers who has written, and every text, so that no two are alike."""

    world: World
    wording: Wording
    seed: int
    groups: list[Group] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)  # noqa: S311 - simulated data, not a secret

    def visit(self) -> Iterator[Written]:
        """One text of somebody, several within minutes, or one of each of a ring that has come to work."""
        for group in self._visitors():
            bursts = self.world.bursts
            working = self.world.rings.days * 86_400 if self.world.rings and group.ring else SECONDS
            time = FIRST_DAY + timedelta(seconds=group.since + self.rng.randrange(working))
            scene = self._scene(group)
            if bursts is None or self.rng.random() >= bursts.share:
                yield self._write(group, time, scene, burst=False)
                continue
            count = self.rng.randint(*bursts.texts)
            for _ in range(count):
                yield self._write(group, time, scene, burst=True)
                time += timedelta(seconds=self.rng.randint(10, 60 * bursts.minutes // count))

    def _visitors(self) -> list[Group]:
        """Somebody who was there before, somebody new, or a new ring."""
        if self.groups and self.rng.random() < self.world.group.again:
            return [self.rng.choice(self.groups)]
        rings = self.world.rings
        if rings is None or self.rng.random() >= rings.share:
            return [self._new_group()]
        ring = f"R{len(self.groups) + 1:06d}"
        since = self.rng.randrange(SECONDS - rings.days * 86_400)
        first = self._new_group(ring, since)
        shared = {name: first.facts[name] for name in rings.shared}
        others = [self._new_group(ring, since, shared) for _ in range(self.rng.randint(*rings.groups) - 1)]
        return [first, *others]

    def _new_group(self, ring: str = "", since: int = 0, shared: Mapping[str, FieldValue] | None = None) -> Group:
        lasting = {name: model for name, model in self.world.fields.items() if model.of_group}
        facts = {name: draw(self.rng, model, name, self.wording) for name, model in lasting.items()}
        id_ = f"{self.world.group.prefix}{len(self.groups) + 1:06d}"
        group = Group(id_, {self.world.group.field: id_, **facts, **(shared or {})}, ring, since)
        self.groups.append(group)
        return group

    def _scene(self, group: Group) -> str:
        rings, scenes = self.world.rings, self.world.scenes
        names = rings.scenes if rings and group.ring else tuple(scenes)
        return self.rng.choices(names, [scenes[name].weight for name in names])[0]

    def _write(self, group: Group, time: datetime, scene: str, *, burst: bool) -> Written:
        for _ in range(TRIES):
            text = self._try(group, time, scene, burst=burst)
            if text.composed.text not in self.seen:
                self.seen.add(text.composed.text)
                return text
        raise SettingsError(
            "the world has too few words for so many different texts",
            where=f"scene {scene}",
            received=f"{len(self.seen):,} texts",
            cure="write fewer texts, or give it more phrases",
        )

    def _try(self, group: Group, time: datetime, scene: str, *, burst: bool) -> Written:
        model = self.world.scenes[scene]
        senses = self._senses(model, group)
        said = {name: getattr(self.world.causes[name], sense) for name, sense in senses.items()}
        facts = {**group.facts, **self._facts(model)}
        for sense in said.values():
            facts |= sense.fields
        contributions = self._contributions(model, {name: sense.effects for name, sense in said.items()}, facts)
        probabilities = {question: _softmax(causes) for question, causes in contributions.items()}
        return Written(
            time=time,
            group=group,
            facts={name: None if self._left_empty(name) else value for name, value in facts.items()},
            scene=scene,
            senses=senses,
            composed=self._compose(group, scene, senses, facts),
            contributions=contributions,
            probabilities=probabilities,
            labels={name: self.rng.choices(tuple(p), tuple(p.values()))[0] for name, p in probabilities.items()},
            burst=burst,
        )

    def _senses(self, model: Scene, group: Group) -> dict[str, Sense]:
        """Different causes, each in a sense: the first is drawn, the others mostly lean the same way."""
        drawn = self.rng.sample(model.causes, min(self.rng.randint(*model.reasons), len(model.causes)))
        causes = [*model.always, *drawn]
        share = self.world.rings.risky if self.world.rings and group.ring else model.risky
        risky = self.rng.random() < share
        senses = [risky, *(risky == (self.rng.random() < AGREEMENT) for _ in causes[1:])]
        return {cause: "risky" if sense else "benign" for cause, sense in zip(causes, senses, strict=False)}

    def _facts(self, model: Scene) -> dict[str, FieldValue]:
        fields = {name: model.fields.get(name, field) for name, field in self.world.fields.items()}
        return {name: draw(self.rng, field, name, self.wording) for name, field in fields.items() if not field.of_group}

    def _left_empty(self, name: str) -> bool:
        model = self.world.fields.get(name)
        return model is not None and model.missing > 0 and self.rng.random() < model.missing

    def _contributions(
        self, model: Scene, said: Mapping[str, Effects], facts: Mapping[str, FieldValue]
    ) -> dict[str, dict[str, dict[str, float]]]:
        found: dict[str, dict[str, dict[str, float]]] = {}
        for question, base in self.world.questions.items():
            causes = {"scene": model.effects, **said}
            found[question] = {"base": dict(base)} | {
                cause: dict(effects[question]) for cause, effects in causes.items() if question in effects
            }
        for name, declared in self.world.fields.items():
            if declared.effect:
                worth = slope(facts[name], declared, self.wording.money_scale)
                found[declared.effect.question][name] = {declared.effect.label: worth}
        return found

    def _compose(
        self, group: Group, scene: str, senses: Mapping[str, Sense], facts: Mapping[str, FieldValue]
    ) -> Composed:
        """The opening, then reasons and distractors in any order, and at times a closing. A ring has one script."""
        wording, rng = self.wording, self.rng
        values = {name: written(facts[name], model, name, wording) for name, model in self.world.fields.items()}
        values |= {"who": wording.fill(rng, wording.who, values), "other": wording.fill(rng, wording.other, values)}
        values |= {name: wording.fill(rng, rng.choice(wording.slots[name]), values) for name in wording.shared}
        script = Random(f"{self.seed}{group.ring}{scene}") if group.ring else rng  # noqa: S311 - as above
        opening = Sentence(wording.fill(rng, script.choice(wording.scenes[scene]), values))
        body = []
        for cause, sense in senses.items():
            phrase = wording.fill(rng, script.choice(wording.causes[cause][sense]), values)
            effects = getattr(self.world.causes[cause], sense).effects
            worths = [worth for labels in effects.values() for worth in labels.values()]
            opener = wording.fill(rng, script.choice(wording.openers), values)
            body.append(Sentence(phrase, opener, cause, max(worths, key=abs, default=0.0)))
        body += self._distractors(scene, values)
        rng.shuffle(body)
        closing = [Sentence(wording.fill(rng, script.choice(wording.closers), values))] if self._closes() else []
        return compose(wording, [opening, *body, *closing])

    def _closes(self) -> bool:
        return bool(self.wording.closers) and self.rng.random() < CLOSED

    def _distractors(self, scene: str, values: Mapping[str, str]) -> list[Sentence]:
        """None or one loaded phrase without effect: small talk, or what is said of somebody else."""
        wording, rng = self.wording, self.rng
        if rng.random() >= DISTRACTED:
            return []
        causes = (*self.world.scenes[scene].always, *self.world.scenes[scene].causes)
        if not (causes and wording.others) or (wording.distractors and rng.random() < 0.5):
            frames, said = wording.distractors, ""
        else:
            frames = wording.others
            said = rng.choice(wording.causes[rng.choice(causes)][rng.choice(("risky", "benign"))])
        if not frames:
            return []
        about = {**values, "who": values["other"]}
        return [Sentence(wording.fill(rng, rng.choice(frames).replace("{any}", said), about), label=DISTRACTOR)]


def _softmax(causes: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The probabilities of the labels of the base from the summed log-odds."""
    sums = {label: sum(effects.get(label, 0.0) for effects in causes.values()) for label in causes["base"]}
    highest = max(sums.values())
    weights = {label: math.exp(value - highest) for label, value in sums.items()}
    return {label: weight / sum(weights.values()) for label, weight in weights.items()}
