"""What a run is for, where its examples come from, and the stages that it tells as it goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from fengkong.decisions.bands import Costs
from fengkong.domain.findings import Finding
from fengkong.training.bases.finding import Download
from fengkong.training.progress import Event
from fengkong.training.reporting.wording import Language

__all__ = ["JobEvent", "Origin", "Stage", "Stages", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is for. name: rules say `signals.<name>.p`.

    positive: the label that p is of. It is never guessed: without it the bundle names none and holds no bands, and p is
    the most probable label's; the figures alone then take the second of two labels.
    """

    name: str
    positive: str | None = None
    language: Language = "en"
    costs: Costs = Costs()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the examples came from, what was found in them, and the command that trains on them again."""

    source: str = ""
    command: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The run enters a new stage, named for people, with what is worth knowing of it."""

    name: str
    detail: str = ""


JobEvent = Stage | Download | Event


class Stages:
    """Tells each stage as it is entered, and keeps the seconds that it took."""

    def __init__(self, tell: Callable[[JobEvent], None]) -> None:
        self._tell = tell
        self.seconds: dict[str, float] = {}

    @contextmanager
    def enter(self, name: str, detail: str = "") -> Iterator[None]:
        """Tell a stage, and count its seconds while the block runs."""
        self._tell(Stage(name, detail))
        began = perf_counter()
        yield
        self.seconds[name] = perf_counter() - began
