"""A workspace as a running system: read the bundle, the rules and the ledger once, then decide."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from types import TracebackType

from fengkong.assembly.settings import FILE_NAME, Settings
from fengkong.assembly.sources import COPIES, GRAPH, fact_sources, learns_from_documents
from fengkong.decisions.decider import Decider
from fengkong.decisions.policy import Policy
from fengkong.decisions.records import DECISION
from fengkong.decisions.registry import Registry
from fengkong.decisions.shadow import BrokenShadow, Shadow
from fengkong.decisions.snoozes import Snoozes
from fengkong.decisions.sources import FactSource
from fengkong.decisions.values import SIGNALS, TEXT
from fengkong.domain.decisions import Decision
from fengkong.domain.documents import Document
from fengkong.domain.errors import BundleError, FengkongError, SettingsError, likely_slip
from fengkong.ledger.store import Ledger
from fengkong.rules.ruleset import RuleSet
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer, open_scorers
from fengkong.trust.occlusion import Explanation, explain

__all__ = ["System", "load"]


class System:
    """The parts of one workspace, made on first use; `with` closes the ledger."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        """The current bundle; or of several questions that were trained one by one, a bundle each.

        Raises BundleError when there is none, or it can't be trusted, and SettingsError when it answers other
        questions than the settings ask: other signal names, or p of other labels.
        """
        path = self.settings.path(self.settings.model.bundle)
        if not path.exists():
            raise BundleError("the workspace has no bundle yet", where=str(path), cure="make one with: fengkong train")
        asked = self.settings.model.asked
        if len(asked) > 1 and all((path / name).is_dir() for name in asked):
            bundles = tuple(Bundle.load(path / name) for name in asked)
        else:
            bundles = (Bundle.load(path),)
        sealed = {head.name: head.positive for bundle in bundles for head in bundle.manifest.heads}
        for key, found, wanted in (
            ("name", ", ".join(sealed), ", ".join(asked)),
            *(("positive", sealed.get(name), question.positive) for name, question in asked.items()),
        ):
            if found != wanted:
                raise SettingsError(
                    f"the bundle in use was sealed with another model.{key} than {FILE_NAME} says",
                    where=str(path),
                    received=f"{_quoted(found)} sealed, {_quoted(wanted)} in the settings",
                    cure="put the setting right, or train again with: fengkong train",
                )
        return bundles

    def bundle_of(self, question: str | None = None) -> Bundle:
        """The bundle that answers a question; the only or first one where None. Raises SettingsError for another."""
        asked = self.settings.model.asked
        if question is not None and question not in asked:
            raise SettingsError("no such question is asked", received=repr(question), cure=likely_slip(question, asked))
        heads = {head.name: bundle for bundle in self.bundles for head in bundle.manifest.heads}
        return heads[question or next(iter(asked))]

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """A scorer for each question, by name; those of one bundle read a text once."""
        threads = self.settings.model.threads
        opened = [open_scorers(bundle, threads=threads) for bundle in self.bundles]
        return {name: scorer for scorers in opened for name, scorer in scorers.items()}

    @property
    def scorer(self) -> Scorer:
        """The scorer of the only question, or of the first."""
        return next(iter(self.scorers.values()))

    @cached_property
    def rules(self) -> RuleSet:
        """The rule set. Raises RuleError for the first fault that `fengkong check` would list."""
        return RuleSet.load(self.settings.path(self.settings.decisions.rules))

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger that every decision is written to before it is answered."""
        return Ledger.open(self.settings.path(self.settings.decisions.ledger))

    @property
    def registry(self) -> Registry:
        """The registered versions of this workspace's policy."""
        return Registry(self.settings.name, self.ledger)

    @cached_property
    def policy(self) -> Policy:
        """The live version of the registered policy; where none ever was live, the rules file.

        Raises as `Contents.verified` does where the live version can't decide, for instance without its bundle.
        """
        live = self.registry.live
        return live.policy(self.scorers) if live else Policy(self.settings.name, self.rules)

    @cached_property
    def decider(self) -> Decider:
        """Policy, scorers and ledger joined, with its windows over past events, and its shadow where one is set."""
        scorers = self.scorers  # first, so that a workspace without a bundle says so before it has a ledger
        sources = self._sources(self.policy)
        return Decider(
            self.policy, scorers, self.ledger, sources=sources, shadow=self._shadow(), snoozes=Snoozes(self.ledger)
        )

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """The names of the documents' own fields that the rules, their windows, the graph or a model read."""
        policy, knowledge = self.policy, self.settings.knowledge
        windows = {window.name for window in policy.windows}
        counted = {
            name
            for window in policy.windows
            for name in (window.by, *((window.of, *window.where) if window.events == DECISION else ()))
        }
        linked = {role.field for role in knowledge.roles.values()} | {link.value for link in knowledge.relations}
        learnt = {spec.name for bundle in self.bundles for spec in bundle.manifest.fields}
        named = {*policy.rules.inputs, *counted, *linked, *learnt, knowledge.script or ""} - windows - {TEXT, ""}
        return frozenset(name for name in named if not name.startswith((SIGNALS, GRAPH, COPIES)))

    def _shadow(self) -> Shadow | BrokenShadow | None:
        candidate = self.registry.shadow
        if candidate is None:
            return None
        try:
            policy = candidate.policy(self.scorers)
            return Shadow(policy, self.scorers, sources=self._sources(policy))
        except FengkongError as error:  # a candidate must not keep the live policy from deciding
            return BrokenShadow(str(candidate), error.sentence)

    def _sources(self, policy: Policy) -> list[FactSource]:
        return fact_sources(self.settings, policy, self.ledger)

    def decide(self, doc: Document) -> Decision:
        """Decide on one document; the whole record is durable in the ledger before this returns."""
        return self.decider.decide(doc)

    def decide_many(self, docs: Iterable[Document]) -> list[Decision]:
        """The same decisions as one by one, scored in batches.

        Where rules ask who is linked to whom, each is written before the next is looked at, since what one document
        says of its sender counts for the next.
        """
        decider = self.decider
        if learns_from_documents(self.policy):
            return [decider.decide(doc) for doc in docs]
        return decider.decide_many(list(docs))

    def explain(self, doc: Document, *, label: str | None = None) -> Explanation:
        """The stretches of the text that moved the score (of several questions, the first's), most important first."""
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
