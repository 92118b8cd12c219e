"""Which stretches of a text, and which fields, moved the score: occlusion, batched through the fast scorer.

A stretch weighs p(original) - p(without it): Zeiler & Fergus 2014 ("Visualizing and understanding convolutional
networks") for images, Li, Monroe & Jurafsky 2016 ("Understanding neural networks through representation erasure") for
text. It asks nothing of the model but its answers, so what is explained is exactly what decides, int8 and all.

Stretches are deleted, not masked: a mask is a word that no fine-tuned classifier has seen, it differs from tokeniser
to tokeniser, and how far p falls when words are missing is something that a person can check by typing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import FacilityError, SettingsError, likely_slip
from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.scoring.protocol import TextScorer
from fengkong.text.cleaning import clean
from fengkong.text.units import units as units_of
from fengkong.trust.segments import Unit, cut, segments, sentences, windows

__all__ = ["MAX_UNITS", "Explanation", "FieldWeight", "explain"]

MAX_UNITS = 256
"""Words or characters occluded one by one; of a longer text, those in the segments that weigh most."""

BACKGROUND = 0.1
"""Units below this share of the heaviest are background: they join no span."""

NOISE = 1e-6
"""Changes of probability too small to be more than rounding."""


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """How far p falls when this field is unknown."""

    name: str
    value: FieldValue
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the model gave `label` this probability.

    name: the signal's. p: of `label`, for the whole document.
    spans: in characters of `text`, the original, heaviest first; `weight` is how far p falls without the span, so
        positive ones speak for the label and negative ones against it.
    fields: the fields that moved p, heaviest first, in the same measure.
    unread: tokens beyond the model's length limit; no span lies in them.
    """

    document: str
    name: str
    label: str
    p: float
    spans: tuple[Span, ...]
    fields: tuple[FieldWeight, ...]
    unread: int
    bundle: str
    text: str

    @property
    def pieces(self) -> tuple[Span, ...]:
        """The whole text in order, spans and what lies between them (weight 0); joined, they are `text`."""
        return tuple(self._pieces())

    def _pieces(self) -> Iterator[Span]:
        done = 0
        for span in sorted(self.spans, key=lambda span: span.start):
            if span.start > done:
                yield Span(done, span.start, self.text[done : span.start])
            # Two clean spans can stem from one original character, such as ㈱.
            start = max(done, span.start)
            if span.end > start:
                yield Span(start, span.end, self.text[start : span.end], span.label, span.weight)
            done = max(done, span.end)
        if done < len(self.text):
            yield Span(done, len(self.text), self.text[done:])


def explain(scorer: TextScorer, doc: Document, *, label: str | None = None, top: int = 8) -> Explanation:
    """The spans of the text, and the fields, that moved the probability of `label` most.

    label: the scorer's positive label where None, or else the most probable one. top: how many spans at most.
    The work is bounded: the document and its variants without one field; of texts above MAX_UNITS units, 128 segments a
    level, each level 64 times finer; then 2 * MAX_UNITS windows and 2 * top spans. A text that the model reads only
    in part costs some twenty texts more, to find where it stops reading.
    Raises SettingsError for an unknown label or a top below 1, FacilityError where the model can't score the document.
    """
    if top < 1:
        raise SettingsError("an explanation needs at least one span", received=f"top={top}")
    if label is not None and label not in scorer.labels:
        raise SettingsError("the model has no such label", received=repr(label), cure=likely_slip(label, scorer.labels))
    signal = scorer.score([doc])[0]
    if signal.failed:
        raise FacilityError("the model can't score the document", where=f"document {doc.id}", received=signal.cause)
    answers = signal.probabilities or {scorer.labels[0]: signal.value or 0.0}  # of a number, the number
    label = label or scorer.positive or max(answers, key=answers.__getitem__)
    cleaned = clean(doc.text)
    read = _read_units(scorer, doc, cleaned.text, signal)
    text = cleaned.text[: read[-1][1]] if signal.unread and read else cleaned.text
    probe = _Probe(scorer, label, text, doc)
    found = _heaviest(probe, read, top)
    return Explanation(
        document=doc.id,
        name=signal.name,
        label=label,
        p=answers[label],
        spans=tuple(_original(doc.text, *cleaned.original_span(*span), weight) for span, weight in found),
        fields=_field_weights(probe),
        unread=signal.unread,
        bundle=signal.bundle,
        text=doc.text,
    )


class _Probe:
    """The document as the model reads it, and how far p falls when something is taken from it."""

    def __init__(self, scorer: TextScorer, label: str, text: str, doc: Document) -> None:
        self.text, self.fields, self._pair = text, doc.fields, doc.pair
        self._scorer, self._column = scorer, scorer.labels.index(label)
        without = [{**doc.fields, name: None} for name in doc.fields]
        self._fields_p = self._p([text] * (1 + len(without)), [doc.fields, *without])

    def field_drops(self) -> dict[str, float]:
        """The fall of p by field, each unknown in turn."""
        whole, *without = self._fields_p
        return {name: whole - p for name, p in zip(self.fields, without, strict=True)}

    def drops(self, cuts: Iterable[Sequence[Unit]]) -> list[float]:
        """The fall of p by cut, each a list of spans that are deleted together."""
        texts = [cut(self.text, spans) for spans in cuts]
        return [self._fields_p[0] - p for p in self._p(texts, [self.fields] * len(texts))]

    def _p(self, texts: list[str], fields: list[Mapping[str, FieldValue]]) -> list[float]:
        if not texts:
            return []
        found = self._scorer.probabilities(texts, fields, [self._pair] * len(texts))
        column: list[float] = found[:, self._column].tolist()
        return column


def _read_units(scorer: TextScorer, doc: Document, text: str, signal: Signal) -> list[Unit]:
    """The units that the model reads. Deleting words would pull what it left unread into its sight."""
    units = units_of(text)
    if not signal.unread:
        return units

    def overflows(index: int) -> bool:
        return scorer.score([replace(doc, text=text[: units[index][1]])])[0].unread > 0

    return units[: bisect_left(range(len(units)), True, key=overflows)]


def _heaviest(probe: _Probe, units: Sequence[Unit], top: int) -> list[tuple[Unit, float]]:
    """The heaviest spans with their own, exact weights: neighbouring units of one sign joined, then deleted whole."""
    groups = sentences(probe.text, units)
    chosen = _narrow(probe, units, groups)
    weights = _unit_weights(probe, units, chosen)
    runs = sorted(_runs(groups, weights), key=lambda run: -sum(abs(weights[index]) for index in run))[: 2 * top]
    spans = [(units[run[0]][0], units[run[-1]][1]) for run in runs]
    weighed = zip(spans, probe.drops([span] for span in spans), strict=True)
    return sorted(
        ((span, weight) for span, weight in weighed if abs(weight) > NOISE), key=lambda pair: (-abs(pair[1]), pair[0])
    )[:top]


def _narrow(probe: _Probe, units: Sequence[Unit], groups: list[list[int]]) -> list[int]:
    """The units to occlude one by one: all of them, or those in the heaviest segments of a long text."""
    while sum(map(len, groups)) > MAX_UNITS:
        pieces = segments(groups)
        drops = probe.drops([(units[piece[0]][0], units[piece[-1]][1])] for piece in pieces)
        order = sorted(range(len(pieces)), key=lambda at: (-abs(drops[at]), at))
        kept, size = {order[0]}, len(pieces[order[0]])
        for at in order[1:]:
            if size + len(pieces[at]) <= MAX_UNITS:
                kept.add(at)
                size += len(pieces[at])
        groups = [pieces[at] for at in sorted(kept)]
    return list(chain.from_iterable(groups))


def _unit_weights(probe: _Probe, units: Sequence[Unit], chosen: Sequence[int]) -> dict[int, float]:
    """A weight a unit: its own, or its half of a pair's where the two weigh more together than apart."""
    found = windows(probe.text, units, chosen)
    drops = probe.drops([(units[window[0]][0], units[window[-1]][1])] for window in found)
    alone = {window[0]: drop for window, drop in zip(found, drops, strict=True) if len(window) == 1}
    weights = dict(alone)
    for window, drop in zip(found, drops, strict=True):
        if len(window) == 2 and abs(drop) > sum(abs(alone[index]) for index in window):
            for index in window:
                weights[index] = max(weights[index], drop / 2, key=abs)
    return weights


def _runs(groups: Iterable[list[int]], weights: Mapping[int, float]) -> Iterator[list[int]]:
    """Neighbouring units of one sentence and one sign, above the background."""
    floor = max(NOISE, BACKGROUND * max(map(abs, weights.values()), default=0.0))
    for group in groups:
        run: list[int] = []
        for index in group:
            weight = weights.get(index, 0.0)
            if run and (abs(weight) < floor or weight * weights[run[-1]] < 0):
                yield run
                run = []
            if abs(weight) >= floor:
                run.append(index)
        if run:
            yield run


def _field_weights(probe: _Probe) -> tuple[FieldWeight, ...]:
    weights = [FieldWeight(name, probe.fields[name], drop) for name, drop in probe.field_drops().items()]
    return tuple(
        sorted((found for found in weights if abs(found.weight) > NOISE), key=lambda f: (-abs(f.weight), f.name))
    )


def _original(text: str, start: int, end: int, weight: float) -> Span:
    return Span(start, end, text[start:end], weight=weight)
