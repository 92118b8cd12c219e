"""A workspace as a running system: read the bundle, the rules and the ledger once, then decide."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from types import TracebackType

from fengkong.assembly.settings import FILE_NAME, Settings
from fengkong.decisions.decider import Decider
from fengkong.decisions.policy import Policy
from fengkong.domain.decisions import Decision
from fengkong.domain.documents import Document
from fengkong.domain.errors import BundleError, SettingsError
from fengkong.ledger.store import Ledger
from fengkong.rules.ruleset import RuleSet
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.trust.occlusion import Explanation, explain

__all__ = ["System", "load"]


class System:
    """The parts of one workspace, made on first use; `with` closes the ledger."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def bundle(self) -> Bundle:
        """The current bundle.

        Raises BundleError when there is none, or it can't be trusted, and SettingsError when it answers another
        question than the settings ask: another signal name, or p of another label.
        """
        path = self.settings.path(self.settings.model.bundle)
        if not path.exists():
            raise BundleError("the workspace has no bundle yet", where=str(path), cure="make one with: fengkong train")
        bundle = Bundle.load(path)
        for key in ("name", "positive"):
            sealed, wanted = getattr(bundle.manifest.heads[0], key), getattr(self.settings.model, key)
            if sealed != wanted:
                raise SettingsError(
                    f"the bundle in use was sealed with another model.{key} than {FILE_NAME} says",
                    where=str(path),
                    received=f"{_quoted(sealed)} sealed, {_quoted(wanted)} in the settings",
                    cure="put the setting right, or train again with: fengkong train",
                )
        return bundle

    @cached_property
    def scorer(self) -> Scorer:
        """The current bundle's scorer."""
        return Scorer(self.bundle, threads=self.settings.model.threads)

    @cached_property
    def rules(self) -> RuleSet:
        """The rule set. Raises RuleError for the first fault that `fengkong check` would list."""
        return RuleSet.load(self.settings.path(self.settings.decisions.rules))

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger that every decision is written to before it is answered."""
        return Ledger.open(self.settings.path(self.settings.decisions.ledger))

    @cached_property
    def decider(self) -> Decider:
        """Rules, scorer and ledger joined."""
        scorer = self.scorer
        return Decider(Policy(self.settings.name, self.rules), {scorer.name: scorer}, self.ledger)

    def decide(self, doc: Document) -> Decision:
        """Decide on one document; the whole record is durable in the ledger before this returns."""
        return self.decider.decide(doc)

    def decide_many(self, docs: Iterable[Document]) -> list[Decision]:
        """The same decisions as one by one, scored in batches."""
        return self.decider.decide_many(list(docs))

    def explain(self, doc: Document, *, label: str | None = None) -> Explanation:
        """The stretches of the text that moved the score, most important first."""
        return explain(self.scorer, doc, label=label)

    def close(self) -> None:
        """Close the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> "System":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _quoted(word: str | None) -> str:
    return "none" if word is None else repr(word)


def load(folder: str | Path) -> System:
    """The system of a workspace folder. Raises SettingsError when its settings can't be used."""
    return System(Settings.read(Path(folder).resolve()))
