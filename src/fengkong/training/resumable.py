"""Fine-tuning that outlives a crash: each event is logged first, then the state that knows of it is saved."""

from collections.abc import Callable, Generator
from contextlib import closing

from fengkong.domain.canonical import digest
from fengkong.training.preparation import Prepared
from fengkong.training.progress import Event, Finished
from fengkong.training.run_folder import RunFolder
from fengkong.training.tuning.checkpoint import checkpointed, load_checkpoint
from fengkong.training.tuning.loop import fine_tune

__all__ = ["Tuning"]


class Tuning:
    """The loop between its run folder, which remembers, and whoever listens."""

    def __init__(self, prepared: Prepared, run: RunFolder, data_sha256: str, *, resume: bool) -> None:
        """Stand where the run's checkpoint stands, if there is one to resume from, else before the first step.

        Raises SettingsError where the checkpoint can't be read or is of other data or another recipe.
        """
        self._prepared, self._run = prepared, run
        # Threads change how fast it goes, not what is learnt.
        self._identity = digest([data_sha256, prepared.recipe.changed({"threads": "auto"}).sha256])
        self._state = prepared.start()
        if resume and run.checkpoint.exists():
            load_checkpoint(self._state, run.checkpoint, run=self._identity)

    def go_on(self, checkpoint_seconds: float, tell: Callable[[Event], None]) -> list[Event]:
        """Train to the end; returns all steps and evaluations, those before an interruption included.

        Raises as `fine_tune` and `checkpointed` do, and FacilityError where the log can't be written.
        """
        events = self._run.replay(until=self._state.step)
        for event in checkpointed(
            self._logged(events), self._state, self._run.checkpoint, run=self._identity, every=checkpoint_seconds
        ):
            tell(event)
        return events

    def _logged(self, events: list[Event]) -> Generator[Event]:
        with closing(fine_tune(self._state, self._prepared.train, self._prepared.dev)) as tuning:
            for event in tuning:
                if not isinstance(event, Finished):
                    self._run.log(event)
                    events.append(event)
                yield event
