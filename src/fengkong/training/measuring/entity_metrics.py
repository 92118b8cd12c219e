"""What found entities are worth: exact matches of span and type, as conlleval and seqeval count them.

An entity counts as found only where its first character, its last and its type are right; half an entity is a miss and
a false alarm (Tjong Kim Sang & De Meulder 2003). Both sides are spans, hence valid BIO, where conlleval, strict and
lenient ways of seqeval agree. Intervals are drawn over documents, since entities of one text are not independent.
"""

from collections.abc import Sequence

import numpy as np

from fengkong.domain.errors import InputError, likely_slip
from fengkong.domain.spans import Span
from fengkong.training.measuring.bootstrap import RESAMPLES, FloatArray, IntArray, estimate
from fengkong.training.measuring.figures import Figures, LabelFigures

__all__ = ["Spans", "count_entities", "entity_figures"]

Spans = Sequence[Sequence[Span]]
OVERALL = ("entity_f1", "precision", "recall", "macro_f1")
BY_TYPE = ("precision", "recall", "f1")


def entity_figures(
    truth: Spans, found: Spans, labels: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Figures:
    """Figures of the entities found in each text against those marked there; their texts and weights play no part.

    entity_f1, precision, recall: over all entities (micro). macro_f1: the mean over the types that are marked or found.
    Of each type precision (None where it was never found), recall (None where it is never marked) and F1; its support
    counts entities.
    Raises InputError where truth and answers differ in number, or a type is not among `labels`.
    """
    if len(truth) != len(found) or not truth:
        received = f"{len(truth)} texts marked, {len(found)} answers"
        raise InputError("there must be one list of entities found for each text", received=received)
    right, said, borne = count_entities(truth, found, labels)

    def statistic(weights: FloatArray) -> dict[str, FloatArray]:
        hits, given, marked = weights @ right, weights @ said, weights @ borne
        with np.errstate(invalid="ignore"):
            whole = [counts.sum(axis=1) for counts in (hits, given, marked)]
            f1 = 2 * hits / (given + marked)
            occurs = given + marked > 0
            figures = {
                "entity_f1": 2 * whole[0] / (whole[1] + whole[2]),
                "precision": whole[0] / whole[1],
                "recall": whole[0] / whole[2],
                "macro_f1": np.where(occurs, f1, 0.0).sum(axis=1) / occurs.sum(axis=1),
            }
            by_type = {"precision": hits / given, "recall": hits / marked, "f1": f1}
        return figures | {f"{name}/{i}": values[:, i] for name, values in by_type.items() for i in range(len(labels))}

    drawn = estimate(statistic, len(truth), resamples=resamples, seed=seed)
    return Figures(
        len(truth),
        {name: drawn[name] for name in OVERALL},
        tuple(
            LabelFigures(label, {name: drawn[f"{name}/{i}"] for name in BY_TYPE}, int(borne[:, i].sum()))
            for i, label in enumerate(labels)
        ),
        counted="entities",
    )


def count_entities(truth: Spans, found: Spans, labels: Sequence[str]) -> tuple[IntArray, IntArray, IntArray]:
    """Entities found rightly, found, and marked, each (texts, types). Raises InputError for a type not in `labels`."""
    places = {label: place for place, label in enumerate(labels)}
    right, said, borne = np.zeros((3, len(truth), len(labels)), dtype=np.int64)
    for row, (marked, answers) in enumerate(zip(truth, found, strict=True)):
        ours, theirs = _keys(marked, places, row), _keys(answers, places, row)
        for counts, keys in ((right, ours & theirs), (said, theirs), (borne, ours)):
            for *_, place in keys:
                counts[row, place] += 1
    return right, said, borne


def _keys(spans: Sequence[Span], places: dict[str, int], row: int) -> set[tuple[int, int, int]]:
    """Start, end and number of the type of each; blanks at the ends of a span are no part of it."""
    keys = set()
    for span in spans:
        if span.label not in places:
            cure = likely_slip(span.label, places)
            raise InputError("an entity type is not known", where=f"text {row + 1}", received=span.label, cure=cure)
        lead, tail = (len(span.text) - len(span.text.lstrip()), len(span.text) - len(span.text.rstrip()))
        keys.add((span.start + lead, span.end - tail, places[span.label]))
    return keys
