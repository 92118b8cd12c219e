"""Examples to train, dev and test, so that what is measured is what is new.

Whatever the way, examples of one group (one borrower, one story) stay on one side; so do copies of one text where
labels are stratified. The order is drawn by hashing the seed with the text, so it depends neither on the order of the
rows nor on the platform.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from fengkong.corpus.copies import atoms, copy_key
from fengkong.domain.canonical import digest
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError

__all__ = ["HowToSplit", "Splits", "align_splits", "mixed", "split_examples"]

HowToSplit = Literal["given", "stratified", "time", "group"]
NAMES = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Splits:
    """What to learn from, what to choose by, and what to measure on once. `how` says how they were made."""

    train: list[Example]
    dev: list[Example]
    test: list[Example]
    how: HowToSplit = "given"

    def __iter__(self) -> Iterator[tuple[str, list[Example]]]:
        """Name and examples of each, in that order."""
        return iter(zip(NAMES, (self.train, self.dev, self.test), strict=True))


def split_examples(
    examples: Sequence[Example],
    *,
    how: HowToSplit | None = None,
    seed: int = 42,
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15),
) -> Splits:
    """Train, dev and test by `shares`, which sum to one.

    given: as the examples say; what is not given (a dev set, say) is carved from train, stratified.
    stratified: each label in its share everywhere, as near as groups and copies allow.
    time: the latest examples are the test, so that nothing is learnt from the future.
    group: as stratified, for examples that all bear a group.
    None: given where any example is marked dev or test, else group where all bear a group, else stratified.
    The same examples and seed give the same splits, whatever their order.
    Raises InputError where the examples do not allow it, and SettingsError for shares that do not sum to one.
    """
    _check_shares(shares)
    how = how or _fitting_way(examples)
    if how == "given":
        return _given(examples, seed, shares)
    if how == "time":
        return _by_time(examples, shares)
    if how == "group":
        lone = next((ex for ex in examples if ex.group is None), None)
        if lone:
            cure = "give every example a group, or split it stratified"
            raise InputError("an example has no group to split by", where=str(lone.place), cure=cure)
    parts = _stratified(examples, seed, dict(zip(NAMES, shares, strict=True)))
    return Splits(parts["train"], parts["dev"], parts["test"], how)


def align_splits(by_question: Mapping[str, Splits]) -> dict[str, Splits]:
    """The splits of several questions with each group, and each text, on one side for all: the first one's that has it.

    Questions that share a model would else be measured on texts that it has learnt from for another question.
    """
    home: dict[tuple[str, str], str] = {}
    aligned = {}
    for question, splits in by_question.items():
        parts: dict[str, list[Example]] = {name: [] for name in NAMES}
        for name, part in splits:
            for ex in part:
                keys = [*([] if ex.group is None else [("group", ex.group)]), ("text", copy_key(ex.text))]
                side = next((home[key] for key in keys if key in home), name)
                home |= {key: side for key in keys if key not in home}
                parts[side].append(ex)
        aligned[question] = Splits(parts["train"], parts["dev"], parts["test"], splits.how)
    return aligned


def mixed(by_question: Mapping[str, Splits]) -> Splits:
    """The examples of all questions in one set of splits, each marked with the question that it answers."""
    train, dev, test = (
        [replace(ex, question=name) for name, splits in by_question.items() for ex in getattr(splits, part)]
        for part in ("train", "dev", "test")
    )
    return Splits(train, dev, test)


def _check_shares(shares: tuple[float, float, float]) -> None:
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        cure = "give three positive shares that sum to one, such as 0.7, 0.15, 0.15"
        raise SettingsError("the shares of the splits can't be used", received=repr(shares), cure=cure)


def _fitting_way(examples: Sequence[Example]) -> HowToSplit:
    if any(ex.split in ("dev", "test") for ex in examples):
        return "given"
    return "group" if examples and all(ex.group is not None for ex in examples) else "stratified"


def _given(examples: Sequence[Example], seed: int, shares: tuple[float, float, float]) -> Splits:
    parts: dict[str, list[Example]] = {name: [] for name in NAMES}
    for ex in examples:
        if ex.split not in parts:
            cure = "mark every example train, dev or test, or none"
            raise InputError("an example bears no split where others do", where=str(ex.place), cure=cure)
        parts[ex.split].append(ex)
    if not parts["train"]:
        raise InputError("no example is marked train", cure="mark some, or split them stratified")
    _refuse_straddling(parts)
    carved = {name: share for name, share in zip(NAMES, shares, strict=True) if name == "train" or not parts[name]}
    if len(carved) > 1:
        parts |= _stratified(parts["train"], seed, carved)
    return Splits(parts["train"], parts["dev"], parts["test"], "given")


def _refuse_straddling(parts: Mapping[str, Sequence[Example]]) -> None:
    home: dict[str, str] = {}
    for name, part in parts.items():
        for ex in part:
            if ex.group is not None and home.setdefault(ex.group, name) != name:
                raise InputError(
                    f"a group stands in {home[ex.group]} and in {name}, so what is measured would not be new",
                    where=str(ex.place),
                    cure='split by group instead of as given, or read without the column (group="")',
                )


def _by_time(examples: Sequence[Example], shares: tuple[float, float, float]) -> Splits:
    """A group goes where its latest example goes, and one moment stays together: train ends before dev begins."""
    moments: dict[float, list[int]] = {}
    for atom in atoms(examples, copies=False):
        timeless = next((examples[i] for i in atom if examples[i].time is None), None)
        if timeless:
            cure = "give every example a time, or split another way"
            raise InputError("an example has no time to split by", where=str(timeless.place), cure=cure)
        latest = max(time.timestamp() for i in atom if (time := examples[i].time))
        moments.setdefault(latest, []).extend(atom)
    parts: dict[str, list[Example]] = {name: [] for name in NAMES}
    passed = 0
    for moment in sorted(moments):
        middle = (passed + len(moments[moment]) / 2) / len(examples)
        name = "train" if middle < shares[0] else "dev" if middle < shares[0] + shares[1] else "test"
        parts[name].extend(examples[i] for i in sorted(moments[moment]))
        passed += len(moments[moment])
    if not all(parts.values()):
        received = f"{len(moments)} moments for {len(examples)} examples"
        cure = "give finer times, or split another way"
        raise InputError("the times are too few to split by", received=received, cure=cure)
    return Splits(parts["train"], parts["dev"], parts["test"], "time")


def _stratified(examples: Sequence[Example], seed: int, shares: Mapping[str, float]) -> dict[str, list[Example]]:
    """Each atom in turn, the largest first, to the split that lacks most of its labels.

    The greedy way of Sechidis, Tsoumakas and Vlahavas 2011 (iterative stratification), for whole groups.
    """
    whole = sum(shares.values())
    totals = Counter(ex.label for ex in examples)
    lacking = {(name, label): n * share / whole for name, share in shares.items() for label, n in totals.items()}
    waiting = sorted(atoms(examples), key=lambda atom: (-len(atom), min(_draw(examples[i], seed) for i in atom)))
    if len(waiting) < len(shares):
        received = f"{len(examples)} examples, of which {len(waiting)} can be parted"
        cure = f"give at least {len(shares)} with different texts and groups"
        raise InputError(f"too few examples for {', '.join(shares)}", received=received, cure=cure)
    chosen: dict[str, list[int]] = {name: [] for name in shares}
    for left, atom in zip(range(len(waiting), 0, -1), waiting, strict=True):
        labels = Counter(examples[i].label for i in atom)
        empty = [name for name, part in chosen.items() if not part]
        open_to = empty if left <= len(empty) else list(shares)
        name = max(
            open_to, key=lambda name: sum(n * lacking[name, label] / totals[label] for label, n in labels.items())
        )
        chosen[name].extend(atom)
        for label, n in labels.items():
            lacking[name, label] -= n
    return {name: [examples[i] for i in sorted(part)] for name, part in chosen.items()}


def _draw(ex: Example, seed: int) -> bytes:
    content = copy_key(ex.text) or digest(dict(ex.fields))  # a table of facts alone has no texts to draw by
    return blake2b(f"{seed}\0{content}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
