"""The simulators that come with fengkong, by name: one is code, the others are worlds written as data."""

from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol

from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.loan.applications import simulate
from fengkong.corpus.simulation.simulated import Simulation
from fengkong.corpus.simulation.texts import simulate_texts
from fengkong.domain.errors import SettingsError, likely_slip

__all__ = ["Simulator", "find_simulator"]


class Simulator(Protocol):
    """Writes so many texts with their truth; the same arguments give the same bytes."""

    def __call__(self, n: int, /, *, language: Language, seed: int) -> Simulation[Any]:
        """`n` texts in order of time."""


IN_CODE: Mapping[str, Simulator] = {"loan": simulate}


def find_simulator(name: str, beside: Traversable | Path | None = None) -> Simulator:
    """The simulator of a world's folder `beside`, else the one of that name that comes with fengkong.

    Raises SettingsError where neither exists.
    """
    worlds = files("fengkong.corpus.simulation")
    for folder in (*([beside.joinpath(name)] if beside else []), worlds.joinpath(name)):
        if folder.joinpath("model.toml").is_file():
            return partial(simulate_texts, folder)
    if name in IN_CODE:
        return IN_CODE[name]
    known = [*IN_CODE, *(folder.name for folder in worlds.iterdir() if folder.joinpath("model.toml").is_file())]
    raise SettingsError(
        "there is no simulation of that name", where="pack.toml", received=repr(name), cure=likely_slip(name, known)
    )
