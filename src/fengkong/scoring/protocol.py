"""What every scorer can do: the real one, and the fake one for tests and rehearsals."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.signals import Signal

__all__ = ["TextScorer"]


class TextScorer(Protocol):
    """Reads documents and answers signals: one a document, in the order given."""

    @property
    def name(self) -> str:
        """The question that it answers, such as "risk"; rules say `signals.<name>.p`."""

    @property
    def bundle_id(self) -> str:
        """What exactly answered; it stands in every signal."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the columns of `probabilities`."""

    @property
    def positive(self) -> str | None:
        """The label whose probability is `Signal.p`; None takes the most probable one."""

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        """One signal a document. A document that the model can't score gets a failed signal, never an exception.

        Raises FacilityError when the engine itself fails.
        """

    def probabilities(
        self, texts: Sequence[str], fields: Sequence[Mapping[str, FieldValue]] | None = None
    ) -> NDArray[np.float64]:
        """Calibrated probabilities (texts, labels) of raw texts; no fields means that none are known.

        Raises InputError when texts and fields differ in number, FacilityError when a text can't be scored.
        """
