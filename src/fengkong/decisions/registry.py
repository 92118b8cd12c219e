"""The life of a policy: draft -> checked -> approved by another person -> live -> retired, and back in one step.

Every change is an entry of the ledger, and the ledger is the only state: what is in force is read out of it, each time.
An entry that the rules of this life don't allow changes nothing, whoever wrote it.
"""

from collections.abc import Mapping

from fengkong.decisions.contents import Contents
from fengkong.decisions.life import Action, Life, Version, plain_name
from fengkong.domain.errors import InputError, SettingsError
from fengkong.ledger.entries import Entry, EntryStore
from fengkong.scoring.protocol import TextScorer

__all__ = ["POLICY", "Registry"]

POLICY = "policy"
"""The kind of the ledger's entries that hold changes of policies; their subject is the policy's name."""

POLICY_FORMAT = 1


class Registry:
    """The versions of one policy, by its name, on a ledger."""

    def __init__(self, name: str, ledger: EntryStore) -> None:
        self._name = name
        self._ledger = ledger

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version, oldest first. Raises InputError for an entry that can't be read."""
        return tuple(self._life().versions.values())

    @property
    def live(self) -> Version | None:
        """The version in force; None where none was made live yet."""
        life = self._life()
        return life.versions[life.lived[-1]] if life.lived else None

    @property
    def shadow(self) -> Version | None:
        """The version that runs beside the live one; None where none does."""
        life = self._life()
        return None if life.shadow is None else life.versions[life.shadow]

    def version(self, number: int) -> Version:
        """That version. Raises SettingsError where there is none."""
        return self._life().version(number)

    def draft(self, contents: Contents, by: str, note: str = "") -> Version:
        """Register contents as a new version. Raises SettingsError without a name of who does it."""
        entry = self._write(Action.DRAFT, None, by, note, contents)
        return next(version for version in self.versions if version.changes[0].seq == entry.seq)

    def check(self, number: int, by: str, scorers: Mapping[str, TextScorer], note: str = "") -> Version:
        """Mark a draft as checked, once `Contents.verified` finds that it can decide; raises as that does.

        This and what follows raises SettingsError where the version's state, or who does it, doesn't allow it.
        """
        return self._act(Action.CHECK, number, by, note, scorers)

    def approve(self, number: int, by: str, note: str = "") -> Version:
        """Approve a checked version; refused to its author."""
        return self._act(Action.APPROVE, number, by, note)

    def go_live(self, number: int, by: str, scorers: Mapping[str, TextScorer], note: str = "") -> Version:
        """Put an approved version in force, or a retired one again, once verified anew; retires the one before."""
        return self._act(Action.LIVE, number, by, note, scorers)

    def roll_back(self, by: str, scorers: Mapping[str, TextScorer], note: str = "") -> Version:
        """Put the version in force that was so before; once more goes back further."""
        lived = self._life().lived
        if len(lived) < 2:
            raise SettingsError("no version was live before, so there is nothing to go back to")
        return self._act(Action.ROLL_BACK, lived[-2], by, note, scorers)

    def set_shadow(self, number: int | None, by: str, scorers: Mapping[str, TextScorer], note: str = "") -> None:
        """Let a checked or approved version run beside the live one; None ends it."""
        if number is None:
            self._write(Action.SHADOW, None, by, note)
        else:
            self._act(Action.SHADOW, number, by, note, scorers)

    def _act(
        self, action: Action, number: int, by: str, note: str, scorers: Mapping[str, TextScorer] | None = None
    ) -> Version:
        self._life().refuse(action, number, by)
        version = self.version(number)
        if scorers is not None:
            version.policy(scorers)
        entry = self._write(action, number, by, note)
        version = self.version(number)
        if all(change.seq != entry.seq for change in version.changes):
            raise SettingsError("another change came first, so this one has no effect", received=str(action))
        return version

    def _write(self, action: Action, number: int | None, by: str, note: str, contents: Contents | None = None) -> Entry:
        if not plain_name(by):
            raise SettingsError("a change of a policy needs the name of who makes it", cure="give --by NAME")
        body = {"format": POLICY_FORMAT, "action": action, "version": number, "by": by.strip(), "note": note}
        return self._ledger.append(POLICY, self._name, body | ({"contents": contents} if contents else {}))

    def _life(self) -> Life:
        life = Life()
        for entry in self._ledger.find(POLICY, self._name):
            try:
                life.apply(self._name, entry)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    "a change of a policy can't be read",
                    where=f"entry {entry.seq}",
                    cure="verify the ledger with: fengkong audit verify",
                ) from error
        return life
