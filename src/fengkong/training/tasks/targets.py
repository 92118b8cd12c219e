"""What is true of labelled examples, as arrays: the same for training and for measuring a sealed bundle. No torch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, likely_slip
from fengkong.domain.spans import Span
from fengkong.scoring.manifest import Head, Scale
from fengkong.scoring.signals import LABEL_SEPARATOR
from fengkong.training.encoding import Float32s, Int64s

__all__ = [
    "Targets",
    "class_targets",
    "head_targets",
    "label_targets",
    "labels_of",
    "marked_entities",
    "number_of",
    "number_targets",
]

Targets = NDArray[Any]


def head_targets(head: Head, examples: Sequence[Example]) -> Targets:
    """What is true of examples, in the form of a sealed head's kind of task. Raises InputError as that form does."""
    if head.scale is not None:
        return number_targets(examples, head.scale)
    return label_targets(examples, head.labels) if head.task == "multilabel" else class_targets(examples, head.labels)


def class_targets(examples: Sequence[Example], labels: Sequence[str]) -> Int64s:
    """The place of each example's label, int64 (texts,). Raises InputError for a label that is none of these."""
    places = {label: place for place, label in enumerate(labels)}
    return np.array([_place(ex, ex.label, places) for ex in examples], dtype=np.int64)


def label_targets(examples: Sequence[Example], labels: Sequence[str]) -> Float32s:
    """1 where a text bears a label, else 0, float32 (texts, labels). Raises InputError for a label that is none."""
    places = {label: place for place, label in enumerate(labels)}
    table = np.zeros((len(examples), len(places)), dtype=np.float32)
    for row, ex in enumerate(examples):
        for label in labels_of(ex):
            table[row, _place(ex, label, places)] = 1.0
    return table


def number_targets(examples: Sequence[Example], scale: Scale) -> Float32s:
    """The standardised numbers, float32 (texts,). Raises InputError for a label that is no number."""
    numbers = np.array([number_of(ex) for ex in examples])
    standardised: Float32s = ((numbers - scale.mean) / scale.spread).astype(np.float32)
    return standardised


def labels_of(ex: Example) -> tuple[str, ...]:
    """All labels of an example: its list, or what its one label joins."""
    return ex.labels if ex.labels is not None else tuple(filter(None, ex.label.split(LABEL_SEPARATOR)))


def number_of(ex: Example) -> float:
    """The number that an example's label writes out. Raises InputError where it is none, or not finite."""
    try:
        number = float(ex.label)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(
            "a label is not a number, which task 'regression' needs",
            where=str(ex.place),
            received=repr(ex.label),
            cure="write a plain number, or train task 'classification'",
        )
    return number


def marked_entities(ex: Example, labels: Sequence[str]) -> tuple[Span, ...]:
    """Its entities. Raises InputError for an example without marks, or with a type that is not among `labels`."""
    if ex.entities is None:
        raise InputError("the text's entities are not marked", where=str(ex.place), cure="mark them, or write []")
    for entity in ex.entities:
        if entity.label not in labels:
            raise InputError(
                "an entity type is not among those trained",
                where=str(ex.place),
                received=entity.label,
                cure=likely_slip(entity.label, labels),
            )
    return ex.entities


def _place(ex: Example, label: str, places: Mapping[str, int]) -> int:
    try:
        return places[label]
    except KeyError:
        raise InputError(
            "the model doesn't know this label",
            where=str(ex.place),
            received=repr(label),
            cure=likely_slip(label, places),
        ) from None
