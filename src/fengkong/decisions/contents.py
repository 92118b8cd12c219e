"""What a policy holds: its rule set with lists and tables as text, the bundles it was made for, bands and capacity.

All of it is plain text and numbers, so that a policy can be kept in the ledger, and be in force again as it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fengkong.decisions.bands import Bands, checked_bands
from fengkong.decisions.policy import Policy
from fengkong.decisions.signals import check_scorers
from fengkong.decisions.values import signal_of
from fengkong.domain.canonical import digest
from fengkong.domain.errors import BundleError, InputError, RuleError, SettingsError
from fengkong.rules.csv_files import stays_inside
from fengkong.rules.ruleset import RuleSet
from fengkong.scoring.protocol import TextScorer

__all__ = ["MOST_CHARACTERS", "Contents", "read_bands"]

MOST_CHARACTERS = 8 << 20
"""The most that the rules, lists and tables of one policy may hold together; the ledger keeps them for ever."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One version of a policy.

    rules: the YAML text. files: the lists and tables that it names, by their path from it.
    bundles: the id of the bundle that answers, by signal. bands: what its thresholds were chosen as, by signal.
    capacity: the reviews that people can do a day; None where nobody said.
    """

    rules: str
    files: Mapping[str, str] = field(default_factory=dict)
    bundles: Mapping[str, str] = field(default_factory=dict)
    bands: Mapping[str, Bands] = field(default_factory=dict)
    capacity: int | None = None

    def __post_init__(self) -> None:
        """Raises InputError for a file that would lie elsewhere than beside the rules."""
        for name in self.files:
            if not stays_inside(name):
                raise InputError(
                    "a file of a policy must lie beside its rules, or in a folder there",
                    received=repr(name),
                    cure="give its path from the rules",
                )

    @classmethod
    def read(cls, rules: Path, scorers: Mapping[str, TextScorer], **more: Any) -> "Contents":
        """The contents of a rules file, with the bundles in use now. more: bands and capacity.

        Raises RuleError where the rules can't be read, SettingsError where they or a file they name are too long.
        """
        names = RuleSet.load(rules).files
        text = rules.read_text(encoding="utf-8-sig")
        files = {name: (rules.parent / name).read_text(encoding="utf-8-sig") for name in names}
        if (length := len(text) + sum(map(len, files.values()))) > MOST_CHARACTERS:
            raise SettingsError(
                "the rules with their lists and tables are too long to be registered",
                where=str(rules),
                received=f"{length} characters; {MOST_CHARACTERS} are allowed",
                cure="shorten the lists, or compute them as facts",
            )
        contents = cls(text, files, **more)
        read = contents.rule_set()
        used = {signal for name in read.inputs if (signal := signal_of(name))}
        return cls(text, files, {name: scorers[name].bundle_id for name in sorted(used & scorers.keys())}, **more)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Contents":
        """The contents that a ledger entry holds. Raises InputError for anything else."""
        try:
            return cls(**{**body, "bands": {name: checked_bands(**band) for name, band in body["bands"].items()}})
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "the contents of a policy can't be read", cure="verify the ledger with: fengkong audit verify"
            ) from error

    @property
    def hash(self) -> str:
        """sha256 (hex) of all of it."""
        return digest(self)

    def rule_set(self, source: str = "") -> RuleSet:
        """The rules. source: its name in errors. Raises RuleError where they, a list or a table can't be used."""
        with TemporaryDirectory() as folder:
            for name, text in self.files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            try:
                return RuleSet.parse(self.rules, source, folder=Path(folder))
            except RuleError as error:
                where = error.where.replace(f"{folder}/", f"{source}/")  # the folder is gone when this is read
                raise RuleError(error.what, where=where, received=error.received, cure=error.cure) from error

    def verified(self, source: str, scorers: Mapping[str, TextScorer]) -> RuleSet:
        """The rules, once it is sure that they can decide with these scorers. source: its name in errors.

        Raises RuleError for rules, a list or a table that can't be used, BundleError for a bundle that isn't there,
        SettingsError for one that doesn't fit the rules.
        """
        rules = self.rule_set(source)
        Policy(source, rules)
        for signal in sorted({signal for name in rules.inputs if (signal := signal_of(name))}):
            there = scorers[signal].bundle_id if signal in scorers else None
            wanted = self.bundles.get(signal)
            if wanted is None or wanted != there:
                raise BundleError(
                    f"the policy refers to a bundle for signal {signal!r} that is not here",
                    where=source,
                    received=f"{_short(wanted)} wanted, {_short(there)} here",
                    cure="put that bundle in place, or draft the policy again with the one in use",
                )
        check_scorers(rules, scorers)
        return rules


def _short(bundle_id: str | None) -> str:
    return "none" if bundle_id is None else bundle_id[:19]


def read_bands(file: Path) -> dict[str, Bands]:
    """The bands of a JSON file, by signal: {"bands": {"risk": {"review_from": 0.2, "decline_from": 0.7}}}.

    Raises InputError for a file that can't be read, SettingsError for bands that are none.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["bands"]
        return {name: checked_bands(**band) for name, band in found.items()}
    except OSError as error:
        raise InputError("the bands can't be read", where=str(file), received=error.strerror or "") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "the file holds no bands", where=str(file), cure="make it with: fengkong thresholds --json > FILE"
        ) from error
