"""What may be done to a version of a policy, by whom, and what it is afterwards."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from fengkong.decisions.contents import Contents
from fengkong.decisions.policy import Policy
from fengkong.domain.errors import SettingsError
from fengkong.ledger.entries import Entry
from fengkong.scoring.protocol import TextScorer
from fengkong.text.normalising import normalise

__all__ = ["Action", "Change", "Life", "State", "Version", "plain_name"]


class State(StrEnum):
    """Where a version of a policy stands."""

    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    LIVE = "live"
    RETIRED = "retired"


class Action(StrEnum):
    """What a person does to a policy."""

    DRAFT = "draft"
    CHECK = "check"
    APPROVE = "approve"
    LIVE = "live"
    ROLL_BACK = "rollback"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Change:
    """One step in a version's life. seq: the ledger's entry that holds it."""

    action: Action
    by: str
    time: datetime
    note: str
    seq: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a policy, and its whole life, oldest change first."""

    name: str
    number: int
    state: State
    contents: Contents
    changes: tuple[Change, ...]

    @property
    def author(self) -> str:
        """Who drafted it."""
        return self.changes[0].by

    def __str__(self) -> str:
        return f"{self.name}#{self.number}"

    def replayed(self) -> Policy:
        """The policy, to decide again on what models said before; its bundles need not be here.

        Raises RuleError where its rules can't be used by this release any more.
        """
        return Policy(self.name, self.contents.rule_set(str(self)), self.number)

    def policy(self, scorers: Mapping[str, TextScorer]) -> Policy:
        """The policy as it decides with these scorers. Raises as `Contents.verified` does where it can't."""
        return Policy(self.name, self.contents.verified(str(self), scorers), self.number)


_FROM: Mapping[Action, tuple[State, ...]] = {
    Action.CHECK: (State.DRAFT,),
    Action.APPROVE: (State.CHECKED,),
    Action.LIVE: (State.APPROVED, State.RETIRED),
    Action.ROLL_BACK: (State.RETIRED,),
    Action.SHADOW: (State.CHECKED, State.APPROVED),
}
"""From where an action may be done; what was live once was approved, and may be so again."""

_TO: Mapping[Action, State] = {
    Action.CHECK: State.CHECKED,
    Action.APPROVE: State.APPROVED,
    Action.LIVE: State.LIVE,
    Action.ROLL_BACK: State.LIVE,
}


class Life:
    """The versions of one policy, as the changes so far left them."""

    def __init__(self) -> None:
        self.versions: dict[int, Version] = {}
        self.lived: list[int] = []  # the versions that were live, the last of them is
        self.shadow: int | None = None

    def version(self, number: int) -> Version:
        """That version. Raises SettingsError where there is none."""
        if number not in self.versions:
            known = f"versions are 1 to {len(self.versions)}" if self.versions else "draft one first"
            raise SettingsError("the policy has no such version", received=str(number), cure=known)
        return self.versions[number]

    def refuse(self, action: Action, number: int, by: str) -> None:
        """Raises SettingsError where a person can't do this to that version."""
        version = self.version(number)
        if version.state not in _FROM[action]:
            wanted = " or ".join(_FROM[action])
            raise SettingsError(
                f"version {number} is {version.state}, and only one that is {wanted} can do this",
                received=str(action),
                cure="see: fengkong policy list",
            )
        if action is Action.APPROVE and plain_name(by) == plain_name(version.author):
            raise SettingsError(
                f"version {number} can't be approved by its author", received=by, cure="ask another person"
            )
        if action is Action.ROLL_BACK and self.lived[-2:-1] != [number]:
            raise SettingsError(f"version {number} is not the one that was live before", received=str(action))

    def apply(self, name: str, entry: Entry) -> None:
        """Take in one entry; one that isn't allowed changes nothing."""
        body: Any = entry.body
        action = Action(body["action"])
        change = Change(action, body["by"], entry.time, body["note"], entry.seq)
        if action is Action.DRAFT:
            number = len(self.versions) + 1
            contents = Contents.from_body(body["contents"])
            self.versions[number] = Version(name, number, State.DRAFT, contents, (change,))
        elif body["version"] is None:
            self.shadow = None
        else:
            with suppress(SettingsError):
                self.refuse(action, body["version"], change.by)
                self._move(action, body["version"], change)

    def _move(self, action: Action, number: int, change: Change) -> None:
        if action is Action.ROLL_BACK:
            self._retire(self.lived.pop())
        elif action is Action.LIVE:
            if self.lived:
                self._retire(self.lived[-1])
            self.lived.append(number)
        elif action is Action.SHADOW:
            self.shadow = number
        if action in {Action.LIVE, Action.ROLL_BACK} and self.shadow == number:
            self.shadow = None
        version = self.versions[number]
        state = _TO.get(action, version.state)
        self.versions[number] = replace(version, state=state, changes=(*version.changes, change))

    def _retire(self, number: int) -> None:
        self.versions[number] = replace(self.versions[number], state=State.RETIRED)


def plain_name(name: str) -> str:
    """The name without what people don't see or can't tell: invisible characters, look-alikes, width, case, blanks."""
    return " ".join(normalise(name).text.casefold().split())
