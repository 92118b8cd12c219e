"""A linear chain over tags: the best valid BIO sequence, and what probability its parts have.

A tag is O (0), B-t (1 + 2t) or I-t (2 + 2t) for type t. I-t follows B-t and I-t only, so every answer is valid BIO. The
potentials are those of a linear-chain conditional random field (Lafferty et al. 2001); without trained transitions all
valid sequences follow from the tags' own scores. Pure functions on arrays, a batch at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chain", "Found", "allowed", "entities_of", "tag_names"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = -1e9
"""The score of a transition that BIO forbids: finite, so that no difference of two is undefined."""

TINY = 1e-100
"""The least potential of a tag: a model that is sure of an impossible tag leaves the possible ones some weight."""


class Found(NamedTuple):
    """Entities of a batch, one an item of each array. row: the text. first, last: its words. type, p: what it is."""

    row: Ints
    first: Ints
    last: Ints
    type: Ints
    p: Floats


def tag_names(types: Sequence[str]) -> tuple[str, ...]:
    """The tags in the order of a model's logits."""
    return ("O", *(f"{prefix}-{name}" for name in types for prefix in "BI"))


def allowed(types: int) -> Bools:
    """Whether a tag may follow another, [1 + tags, tags]; the first row is the start of a text."""
    tags = 1 + 2 * types
    valid = np.ones((1 + tags, tags), dtype=np.bool_)
    for inside in range(2, tags, 2):
        valid[:, inside] = False
        valid[[inside, inside + 1], inside] = True  # rows stand one lower: B-t, and I-t itself
    return valid


class Chain:
    """Decodes a batch of texts. Safe to share between threads."""

    def __init__(self, types: int, transitions: Floats | None = None, temperature: float = 1.0) -> None:
        """transitions: [1 + tags, tags], the first row for the start; None where none were trained.

        temperature: divides all scores before they become probabilities.
        """
        self.types, self.tags = types, 1 + 2 * types
        self._temperature = temperature
        trained = np.zeros((1 + self.tags, self.tags)) if transitions is None else np.asarray(transitions, np.float64)
        self._scores = np.where(allowed(types), trained, NEVER)
        self._powers: Floats = np.where(allowed(types), np.exp(trained / temperature), 0.0)

    def decode(self, logits: NDArray[np.floating], lengths: Ints) -> tuple[Found, Floats]:
        """The entities of the best sequences, and for each text and type the probability that it holds such an entity.

        logits: [texts, words, tags], words padded at the end; lengths: [texts], words a text.
        The probability of an entity is that of exactly these words bearing exactly this type, summed over all valid
        taggings of the rest (constrained forward-backward, Culotta & McCallum 2004). A text of which a logit is not
        finite has no entity, and NaN for its probabilities.
        """
        scores = np.asarray(logits, dtype=np.float64)
        beyond = np.arange(scores.shape[1]) >= lengths[:, None]
        sound: Bools = np.all(np.isfinite(scores).all(axis=2) | beyond, axis=1)
        scores = np.where(sound[:, None, None], scores, 0.0)
        if not scores.size:
            return _none(), np.zeros((len(scores), self.types))
        row, first, last, kind = entities_of(self.best(scores, lengths))
        powers = np.exp((scores - scores.max(axis=2, keepdims=True)) / self._temperature)
        potentials = np.maximum(powers, TINY)
        forward, norms = self._forward(potentials, lengths)
        p = self._spans(potentials, forward, norms, lengths, (row, first, last, kind))
        holds = self._holds(potentials, norms, lengths)
        holds[~sound] = np.nan
        kept = sound[row]
        return Found(row[kept], first[kept], last[kept], kind[kept], p[kept]), holds

    def best(self, scores: Floats, lengths: Ints) -> Ints:
        """The most probable valid tags, [texts, words] (Viterbi 1967); behind a text's end, O."""
        texts, words, _ = scores.shape
        between = self._scores[1:]
        reached = scores[:, 0] + self._scores[0]
        came = np.zeros((words, texts, self.tags), dtype=np.int64)
        for at in range(1, words):
            ways = reached[:, :, None] + between
            came[at] = ways.argmax(axis=1)
            onward = np.take_along_axis(ways, came[at][:, None], axis=1)[:, 0] + scores[:, at]
            reached = np.where((at < lengths)[:, None], onward, reached)
        tags = np.zeros((texts, words), dtype=np.int64)
        tag, rows = reached.argmax(axis=1), np.arange(texts)
        for at in range(words - 1, -1, -1):
            within = at < lengths
            tags[within, at] = tag[within]
            if at:
                tag = np.where(within, came[at, rows, tag], tag)
        return tags

    def _forward(self, potentials: Floats, lengths: Ints) -> tuple[Floats, Floats]:
        """Forward probabilities [texts, words, tags], scaled to sum to one a word, and the scales [texts, words]."""
        forward, norms = np.empty_like(potentials), np.ones(potentials.shape[:2])
        reached = potentials[:, 0] * self._powers[0]
        for at in range(potentials.shape[1]):
            if at:
                reached = (forward[:, at - 1] @ self._powers[1:]) * potentials[:, at]
            norms[:, at] = np.where(at < lengths, reached.sum(axis=1), 1.0)
            forward[:, at] = reached / norms[:, at, None]
        return forward, norms

    def _backward(self, potentials: Floats, norms: Floats, lengths: Ints) -> Floats:
        """Backward probabilities [texts, words, tags] on the same scales (Rabiner 1989)."""
        backward = np.ones_like(potentials)
        for at in range(potentials.shape[1] - 2, -1, -1):
            onward = (potentials[:, at + 1] * backward[:, at + 1] / norms[:, at + 1, None]) @ self._powers[1:].T
            backward[:, at] = np.where((at + 1 < lengths)[:, None], onward, 1.0)
        return backward

    def _spans(
        self,
        potentials: Floats,
        forward: Floats,
        norms: Floats,
        lengths: Ints,
        found: tuple[Ints, Ints, Ints, Ints],
    ) -> Floats:
        """The probability of each entity."""
        row, first, last, kind = found
        backward = self._backward(potentials, norms, lengths)
        begin, inside = 1 + 2 * kind, 2 + 2 * kind
        goes_on = self._powers[1:]
        steps = np.log(potentials[:, :, 2::2]) - np.log(norms)[:, :, None]  # of going on with each type
        run = np.concatenate([np.zeros_like(steps[:, :1]), np.cumsum(steps, axis=1)], axis=1)
        with np.errstate(divide="ignore"):
            turns = np.log(goes_on)
        logs = run[row, last + 1, kind] - run[row, first + 1, kind]
        longer = last > first
        logs += np.where(longer, turns[begin, inside] + (last - first - 1) * turns[inside, inside], 0.0)
        tail = np.where(longer, inside, begin)
        after = np.minimum(last + 1, potentials.shape[1] - 1)
        leaving = goes_on[tail] * potentials[row, after] * backward[row, after]
        leaving[np.arange(len(row)), inside] = 0.0  # one more word would make it another entity
        ended = np.where(last + 1 < lengths[row], leaving.sum(axis=1) / norms[row, after], 1.0)
        p: Floats = np.clip(forward[row, first, begin] * np.exp(logs) * ended, 0.0, 1.0)
        return p

    def _holds(self, potentials: Floats, norms: Floats, lengths: Ints) -> Floats:
        """One less the weight of all sequences without a type, [texts, types]: one forward pass for each type."""
        without = np.ones((self.types, 1, self.tags))
        without[np.arange(self.types), 0, 1 + 2 * np.arange(self.types)] = 0.0
        reached = potentials[:, 0] * self._powers[0] * without / norms[:, 0, None]
        for at in range(1, potentials.shape[1]):
            onward = (reached @ self._powers[1:]) * potentials[:, at] * without / norms[:, at, None]
            reached = np.where((at < lengths)[:, None], onward, reached)
        empty = lengths == 0
        holds: Floats = np.clip(np.where(empty[:, None], 0.0, 1.0 - reached.sum(axis=2).T), 0.0, 1.0)
        return holds


def entities_of(tags: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Row, first word, last word and type of each entity in valid tags."""
    begins = tags % 2 == 1  # behind a text's end all tags are O
    going_on = (tags % 2 == 0) & (tags > 0)
    followed = np.zeros_like(going_on)
    followed[:, :-1] = going_on[:, 1:]
    row, first = np.nonzero(begins)
    _, last = np.nonzero((begins | going_on) & ~followed)  # as many, in the same order
    return row, first, last, (tags[row, first] - 1) // 2


def _none() -> Found:
    nothing = np.zeros(0, dtype=np.int64)
    return Found(nothing, nothing, nothing, nothing, np.zeros(0))
