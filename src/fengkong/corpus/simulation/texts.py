"""Simulated texts of a declared world, numbered in order of time, with their truth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from fengkong.corpus.duplicates import near_copies
from fengkong.corpus.simulation.author import Author, Written
from fengkong.corpus.simulation.language import Language, Sense
from fengkong.corpus.simulation.simulated import Simulation
from fengkong.corpus.simulation.wording import load_wording
from fengkong.corpus.simulation.world import World, load_world
from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import SettingsError
from fengkong.domain.spans import Span

__all__ = ["TextTruth", "simulate_texts"]

ROUNDS = 20
"""How often texts are written anew in the place of near-copies."""


@dataclass(frozen=True, slots=True)
class TextTruth:
    """What is known of one text because it was made so.

    senses: of each planted cause. probabilities: causal, by question and label; the softmax of the sums of
        `contributions`, which are log-odds by question, cause and label.
    planted: phrases in characters of the text; `label` is the cause, `weight` its largest effect.
    distractors: loaded phrases without effect. entities: where the values of the world's entity fields stand.
    ring: the same for those of one ring, "" outside. burst: one of several texts within minutes.
    """

    id: str
    scene: str
    senses: Mapping[str, Sense]
    labels: Mapping[str, str]
    probabilities: Mapping[str, Mapping[str, float]]
    contributions: Mapping[str, Mapping[str, Mapping[str, float]]]
    planted: tuple[Span, ...]
    distractors: tuple[Span, ...]
    entities: tuple[Span, ...]
    ring: str
    burst: bool


def simulate_texts(
    folder: Traversable | Path, n: int, *, language: Language = "en", seed: int = 42
) -> Simulation[TextTruth]:
    """`n` texts of the world that lies in a folder, in order of time, none of which nearly repeats another.

    The same arguments give the same bytes. The texts of a ring, and those of a group, bear one `Example.group`.
    Raises SettingsError for a count below one, a world that can't be read, or one with too few words for `n` texts.
    """
    if n < 1:
        raise SettingsError("the number of texts must be at least 1", received=str(n))
    world = load_world(folder)
    texts = sorted(_distinct(Author(world, load_wording(folder, language, world), seed), n), key=lambda text: text.time)
    names = [f"{language}-{number:06d}" for number in range(1, n + 1)]
    return Simulation(
        tuple(_example(world, text, name) for text, name in zip(texts, names, strict=True)),
        tuple(_truth(world, text, name) for text, name in zip(texts, names, strict=True)),
        tuple(text.labels for text in texts) if len(world.questions) > 1 else (),
    )


def _distinct(author: Author, n: int) -> list[Written]:
    """`n` texts of which none nearly repeats another, since what stands on both sides of a split flatters a model."""
    texts: list[Written] = []
    for _ in range(ROUNDS):
        wanted = n + n // 20
        while len(texts) < wanted:
            texts += author.visit()
        texts = [texts[cluster[0]] for cluster in near_copies([text.composed.text for text in texts]).members()]
        if len(texts) >= n:
            return texts[:n]
    raise SettingsError(
        "the world has too few words for so many different texts",
        received=f"{n:,} asked for, {len(texts):,} written",
        cure="ask for fewer texts, or give the world more phrases",
    )


def _example(world: World, text: Written, name: str) -> Example:
    return Example(
        text.composed.text,
        text.labels[next(iter(world.questions))],
        time=text.time,
        group=text.group.ring or text.group.id,
        fields=text.facts,
        place=Place(name=name),
        pair=str(text.facts[world.pair]) if world.pair else "",
    )


def _truth(world: World, text: Written, name: str) -> TextTruth:
    return TextTruth(
        id=name,
        scene=text.scene,
        senses=text.senses,
        labels=text.labels,
        probabilities=text.probabilities,
        contributions=text.contributions,
        planted=text.composed.planted,
        distractors=text.composed.distractors,
        entities=tuple(sorted(_entities(world, text), key=lambda span: span.start)),
        ring=text.group.ring,
        burst=text.burst,
    )


def _entities(world: World, text: Written) -> Iterator[Span]:
    for field, label in world.entities.items():
        written, name = text.composed.text, str(text.facts[field])
        start = written.find(name)
        while start >= 0:
            yield Span(start, start + len(name), name, label)
            start = written.find(name, start + len(name))
