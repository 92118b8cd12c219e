"""What every scorer can do: the real one, and the fake one for tests and rehearsals."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.errors import InputError
from fengkong.domain.signals import Signal
from fengkong.scoring.manifest import Head

__all__ = ["TextScorer", "check_beside"]


class TextScorer(Protocol):
    """Reads documents and answers signals: one a document, in the order given."""

    @property
    def name(self) -> str:
        """The question that it answers, such as "risk"; rules say `signals.<name>.p`."""

    @property
    def bundle_id(self) -> str:
        """What exactly answered; it stands in every signal."""

    @property
    def head(self) -> Head:
        """The question in full: its kind of task, labels, and what turns probabilities into an answer."""

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
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        """Calibrated probabilities (texts, labels) of raw texts; of a number, the number itself (texts, 1).

        fields: none means that none are known. pairs: the second texts, where there are any.
        Raises InputError when texts, fields and pairs differ in number, FacilityError when a text can't be scored.
        """


def check_beside(
    texts: Sequence[str], fields: Sequence[Mapping[str, FieldValue]] | None, pairs: Sequence[str] | None
) -> None:
    """Raises InputError where texts don't each have their own fields and second text."""
    for name, beside in (("fields", fields), ("second texts", pairs)):
        if beside is not None and len(beside) != len(texts):
            raise InputError(
                f"each text needs its own {name}",
                received=f"{len(texts)} texts, {len(beside)} {name}",
                cure="give one for each text, in their order",
            )
