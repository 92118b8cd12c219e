"""A workspace's past: its stored decisions, and the policies to decide on them again."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from fengkong.assembly.sources import fact_sources
from fengkong.assembly.system import System
from fengkong.decisions.cases import case_table
from fengkong.decisions.policy import Policy
from fengkong.decisions.stored import stored_decisions
from fengkong.domain.decisions import Decision
from fengkong.rules.ruleset import RuleSet
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer, open_scorers

__all__ = ["Past"]


class Past:
    """What was decided in a workspace, to be decided on again."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._known: dict[tuple[str, str], Policy | None] = {}

    def policy_of(self, dec: Decision) -> Policy | None:
        """The policy that a decision was made under: a registered version, or the rules file if it is still the same.

        None where it is neither. Raises RuleError where the rules can't be read.
        """
        key = (dec.policy, dec.rules_hash)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, version: str, rules_hash: str) -> Policy | None:
        name, _, number = version.rpartition("#")
        if name == self._system.settings.name and number.isdigit():
            return self._system.registry.version(int(number)).replayed()
        policy = self.candidate()
        return policy if (policy.version, policy.rules.hash) == (version, rules_hash) else None

    def candidate(self, rules: Path | None = None, version: int | None = None) -> Policy:
        """The policy to try: a rules file, a registered version, or else the workspace's rules file as it is now."""
        if version is not None:
            return self._system.registry.version(version).replayed()
        return Policy(self._system.settings.name, RuleSet.load(rules) if rules else self._system.rules)

    def cases(self, policy: Policy) -> pl.DataFrame:
        """Every stored decision as a case, with the facts from elsewhere that the policy asks for, as of its time."""
        ledger = self._system.ledger
        return case_table(stored_decisions(ledger), fact_sources(self._system.settings, policy, ledger))

    def scorers(self, bundle: Path | None = None) -> Mapping[str, Scorer]:
        """The scorers of a bundle, or of the workspace's."""
        if bundle is None:
            return self._system.scorers
        return open_scorers(Bundle.load(bundle), threads=self._system.settings.model.threads)
