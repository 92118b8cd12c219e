"""What the report says of a model that could have been kept."""

from dataclasses import dataclass

__all__ = ["Tried"]


@dataclass(frozen=True, slots=True)
class Tried:
    """One model of a race. figure: what chose, on the texts that choose; spread: its standard deviation over resamples
    of them. loss: log loss there, in nats. minutes: to train it. why: why it was kept or not.

    figure, spread, loss and minutes are None where it was not tried.
    """

    name: str
    why: str
    figure: float | None = None
    spread: float | None = None
    loss: float | None = None
    minutes: float | None = None
    kept: bool = False
