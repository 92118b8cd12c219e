"""What models and other sources say about a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fengkong.domain.documents import FieldValue
from fengkong.domain.spans import Span

__all__ = ["Fact", "Signal"]


@dataclass(frozen=True, slots=True)
class Signal:
    """What one bundle read in one document.

    name: the question answered, such as "risk" or "fraud"; rules say `signals.<name>.p`.
    label: the most probable label, or all labels that a text bears, joined by "|" ("" for none); None when the model
        failed or foretells a number.
    p: calibrated probability in [0, 1] of the positive label where the bundle names one, else of the most probable
        label; None when the model failed or foretells a number.
    probabilities: calibrated, by label; they sum to one but where a text may bear several labels.
    value: the number foretold; None where the model answers labels.
    unread: tokens beyond the length limit that the model did not see; 0 when all was read.
    fieldless: the model reads fields, and not one of them was there in a form that it can read.
    abstained: the model declines to say; failed: it could not run, and `cause` tells why.
    """

    name: str
    label: str | None
    p: float | None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    bundle: str = ""
    spans: tuple[Span, ...] = ()
    unread: int = 0
    abstained: bool = False
    failed: bool = False
    cause: str = ""
    fieldless: bool = False
    value: float | None = None

    @classmethod
    def failure(cls, name: str, cause: str, bundle: str = "") -> "Signal":
        """The signal of a model that could not answer: everything unknown, so the decision is review."""
        return cls(name, None, None, bundle=bundle, failed=True, cause=cause)


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value that rules may use, and where it came from ("fields", "graph", "velocity").

    cause: why the source could not say, where it failed; the value is then None.
    """

    name: str
    value: FieldValue
    source: str = "fields"
    cause: str = ""
