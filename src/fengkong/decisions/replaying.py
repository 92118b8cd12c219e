"""Stored decisions again: the same policy on the same stored inputs must give the same record, byte for byte."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fengkong.decisions.policy import Policy
from fengkong.decisions.records import record
from fengkong.decisions.snoozes import snoozed_in
from fengkong.decisions.stored import Stored
from fengkong.domain.canonical import canonical_json
from fengkong.domain.decisions import Decision

__all__ = ["Difference", "Replay", "decide_again", "replay"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that came out otherwise, and the first place in its record where it does."""

    decision: str
    document: str
    place: str
    stored: str
    again: str


@dataclass(frozen=True, slots=True)
class Replay:
    """replayed: decisions made again; same: those with the same record, byte for byte; skipped: of other policies."""

    replayed: int
    same: int
    skipped: int
    differences: tuple[Difference, ...]


MOST_DIFFERENCES = 100
"""The most differences that are told; the counts are of all."""


def replay(
    stored: Iterable[Stored],
    policies: Callable[[Decision], Policy | None],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Replay:
    """Decide again on each stored document, with the signals and facts that were stored, and compare the records.

    policies: the policy that a decision was made under; None skips it. progress: called with the number seen so far.
    """
    same = skipped = replayed = 0
    differences: list[Difference] = []
    for seen, one in enumerate(stored, start=1):
        policy = policies(one.dec)
        if policy is None:
            skipped += 1
        else:
            replayed += 1
            again = record(decide_again(policy, one), one.doc)
            if canonical_json(one.body) == canonical_json(again):
                same += 1
            elif len(differences) < MOST_DIFFERENCES:
                differences.append(_difference(one, again))
        progress(seen)
    return Replay(replayed, same, skipped, tuple(differences))


def decide_again(policy: Policy, stored: Stored) -> Decision:
    """The decision of a policy on stored inputs, under the id and time of the stored one."""
    dec = stored.dec
    return policy.consider(stored.doc, dec.facts, snoozed_in(dec)).decide(
        dec.signals, decision_id=dec.id, time=dec.time
    )


def _difference(stored: Stored, again: object) -> Difference:
    place, before, after = next(_differing("", stored.body, again))
    return Difference(stored.dec.id, stored.dec.document, place.lstrip("."), _short(before), _short(after))


def _differing(place: str, one: object, other: object) -> Iterator[tuple[str, object, object]]:
    match one, other:
        case dict(), dict() if one.keys() == other.keys():
            for key in sorted(one):
                yield from _differing(f"{place}.{key}", one[key], other[key])
        case list(), list() if len(one) == len(other):
            for at, (left, right) in enumerate(zip(one, other, strict=True)):
                yield from _differing(f"{place}[{at}]", left, right)
        case _:
            if canonical_json({"": one}) != canonical_json({"": other}):
                yield place, one, other


def _short(value: object) -> str:
    text = canonical_json(value).decode("utf-8", "surrogatepass")
    return text if len(text) <= 80 else text[:77] + "..."
