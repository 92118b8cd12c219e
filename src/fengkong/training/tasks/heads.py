"""From a kind of task to the head that is sealed: what training leaves open is settled on dev."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fengkong.decisions.bands import Costs
from fengkong.domain.errors import InputError
from fengkong.scoring.calibration import sigmoid, softmax
from fengkong.scoring.manifest import Head, Thresholds
from fengkong.training.encoding import Float32s
from fengkong.training.measuring.calibration import fit_temperature
from fengkong.training.measuring.cutoffs import choose_cutoffs, fit_shared_temperature
from fengkong.training.measuring.measurement import Calibrated
from fengkong.training.measuring.metrics import positive_index
from fengkong.training.measuring.thresholds import choose_bands
from fengkong.training.tasks.entities import Entities, fit_chain_temperature
from fengkong.training.tasks.kind import Kind
from fengkong.training.tasks.regression import Regression
from fengkong.training.tasks.targets import Targets
from fengkong.training.tasks.together import Together

__all__ = ["CalibratedHead", "calibrate", "calibrate_heads", "open_head", "open_heads"]


@dataclass(frozen=True, slots=True)
class CalibratedHead:
    """A head as it is sealed. chosen: what dev chose for one label a text, where labels have no order; None for the
    other kinds."""

    head: Head
    chosen: Calibrated | None = None


def open_head(kind: Kind, name: str, positive: str | None) -> Head:
    """The head before anything is calibrated.

    Raises InputError for a positive label that is none, and pydantic's ValidationError for a name that can't be sealed.
    """
    if positive is not None:
        if kind.task == "regression":
            raise InputError("a number has no positive label", received=repr(positive), cure="leave it out")
        positive_index(kind.labels, positive)  # refuses one that is none, and names the likely slip
    cutoffs = (0.5,) * len(kind.labels) if kind.task == "multilabel" else ()
    scale = kind.scale if isinstance(kind, Regression) else None
    if kind.task == "together":
        raise InputError("several questions have several heads", received=name, cure="open them by open_heads")
    return Head(name=name, task=kind.task, labels=kind.labels, positive=positive, cutoffs=cutoffs, scale=scale)


def open_heads(kind: Kind, asked: Mapping[str, str | None]) -> tuple[Head, ...]:
    """The heads of all questions; asked: the name of each, and its positive label. Raises as `open_head` does."""
    kinds = kind.kinds if isinstance(kind, Together) else dict.fromkeys(asked, kind)
    return tuple(open_head(kinds[name], name, positive) for name, positive in asked.items())


def calibrate_heads(
    kind: Kind, heads: Sequence[Head], logits: Float32s, targets: Targets, costs: Costs
) -> tuple[CalibratedHead, ...]:
    """Each head from the trained network's logits on the dev texts that answer its question."""
    if not isinstance(kind, Together):
        return (calibrate(kind, heads[0], logits, targets, costs),)
    return tuple(
        calibrate(kind.kinds[head.name], head, *kind.only(head.name, logits, targets)[1:], costs) for head in heads
    )


def calibrate(kind: Kind, head: Head, logits: Float32s, targets: Targets, costs: Costs) -> CalibratedHead:
    """Temperature, and bands or cutoffs, from the trained network's logits on dev."""
    if isinstance(kind, Entities):
        transitions = kind.trained_transitions()
        settled = {
            "temperature": fit_chain_temperature(kind, logits, targets),
            "transitions": () if transitions is None else tuple(map(tuple, transitions.tolist())),
        }
        return CalibratedHead(head.model_copy(update=settled))
    match head.task:
        case "regression":
            return CalibratedHead(head)
        case "multilabel":
            temperature = fit_shared_temperature(logits, targets)
            cutoffs = choose_cutoffs(sigmoid(logits, temperature), targets)
            return CalibratedHead(head.model_copy(update={"temperature": temperature, "cutoffs": cutoffs}))
    temperature = fit_temperature(logits, targets)
    at = positive_index(head.labels, head.positive)
    bands = None if at is None else choose_bands(softmax(logits, temperature)[:, at], targets == at, costs)
    thresholds = None
    if head.positive is not None and bands is not None:
        thresholds = Thresholds(review_from=bands.review_from, decline_from=bands.decline_from)
    sealed = head.model_copy(update={"temperature": temperature, "thresholds": thresholds})
    return CalibratedHead(sealed, Calibrated(temperature, bands) if head.task == "classification" else None)
