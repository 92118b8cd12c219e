"""Asking the models: one signal a document, whatever happens to the model.

A model that can't run is no reason to lose a case: its signal says that it failed, and the decision goes to a person.
"""

from collections.abc import Mapping, Sequence

from fengkong.decisions.values import SIGNALS, signal_of, signal_prefix
from fengkong.domain.canonical import plain
from fengkong.domain.documents import Document
from fengkong.domain.errors import FengkongError, InputError, SettingsError, likely_slip
from fengkong.domain.signals import Signal
from fengkong.rules.ruleset import RuleSet
from fengkong.rules.tree import input_names
from fengkong.rules.types import Kind
from fengkong.scoring.protocol import TextScorer
from fengkong.scoring.scorer import Scorer

__all__ = ["ask", "ask_all", "ask_needed", "check_scorers", "told_cause"]


def ask(scorer: TextScorer, docs: Sequence[Document]) -> list[Signal]:
    """One signal a document, in their order; never raises."""
    try:
        signals = list(map(_sound, scorer.score(docs)))
    except Exception as error:  # noqa: BLE001 - whatever a model's engine raises means that the model failed
        if len(docs) > 1:
            # One document that breaks the model must not cost the others their signal.
            return [sig for doc in docs for sig in ask(scorer, [doc])]
        return [Signal.failure(scorer.name, told_cause(error, "the model"), scorer.bundle_id) for _ in docs]
    if len(signals) != len(docs):
        cause = f"the model answered {len(signals)} signals for {len(docs)} documents"
        return [Signal.failure(scorer.name, cause, scorer.bundle_id) for _ in docs]
    return signals


def ask_all(scorers: Sequence[TextScorer], docs: Sequence[Document]) -> list[list[Signal]]:
    """One list of signals a scorer, in their order; never raises. Scorers of one bundle read the documents once."""
    found: dict[str, list[Signal]] = {}
    for together in _sharing(scorers):
        if len(together) > 1:
            try:
                rows = [list(map(_sound, row)) for row in Scorer.score_together(together, docs)]
            except Exception:  # noqa: BLE001, S112 - whatever an engine raises: each is asked by itself, and tells it
                continue
            found |= {scorer.name: row for scorer, row in zip(together, rows, strict=True)}
    return [found[scorer.name] if scorer.name in found else ask(scorer, docs) for scorer in scorers]


def ask_needed(
    scorers: Sequence[TextScorer], docs: Sequence[Document], needed: Sequence[frozenset[str]]
) -> list[tuple[Signal, ...]]:
    """The signals of each document, of the scorers whose names it needs; those that need the same are scored together.

    Never raises.
    """
    answers: list[tuple[Signal, ...]] = [()] * len(docs)
    for names in dict.fromkeys(needed):
        asked = [scorer for scorer in scorers if scorer.name in names]
        places = [place for place, wanted in enumerate(needed) if wanted == names]
        rows = ask_all(asked, [docs[place] for place in places])
        for place, signals in zip(places, zip(*rows, strict=True), strict=False):  # no row where nobody is asked
            answers[place] = signals
    return answers


def _sharing(scorers: Sequence[TextScorer]) -> list[list[Scorer]]:
    """The scorers by the reader that they share."""
    by_reader: dict[int, list[Scorer]] = {}
    for scorer in scorers:
        if isinstance(scorer, Scorer):
            by_reader.setdefault(id(scorer.reader), []).append(scorer)
    return list(by_reader.values())


def check_scorers(rules: RuleSet, scorers: Mapping[str, TextScorer]) -> None:
    """Refuses models that the rules would misread.

    Raises SettingsError for a signal of the rules that nobody gives, for labels that the rules don't know, and for a
    rule on p of a model without a positive label, unless the rule says of which label.
    """
    for name, scorer in scorers.items():
        if scorer.name != name:
            raise SettingsError(
                f"the scorer given as {name!r} answers another signal", received=repr(scorer.name), cure="use its name"
            )
    for declared, kind in rules.inputs.items():
        if not declared.startswith(SIGNALS):
            continue
        signal, part = signal_of(declared), declared.rpartition(".")[2]
        if signal not in scorers:
            raise SettingsError(
                "the rules use a signal that no model gives",
                where=rules.name,
                received=repr(signal),
                cure=likely_slip(signal, scorers),
            )
        strange = set(scorers[signal].labels) - set(kind.values)
        if part == "label" and kind.kind is Kind.CATEGORY and strange:
            raise SettingsError(
                f"the model of signal {signal!r} has labels that the rules don't declare",
                where=rules.name,
                received=", ".join(sorted(map(repr, strange))),
                cure="declare all its labels in the rules",
            )
    for rule in rules.rules:
        names = set(input_names(rule.condition))
        for signal in (name for name, scorer in scorers.items() if scorer.positive is None):
            p, label = (signal_prefix(signal) + part for part in ("p", "label"))
            if p in names and label not in names:
                raise SettingsError(
                    f"rule {rule.id!r} reads {p}, but the model names no positive label, so that p is the most "
                    "probable label's, whichever that is",
                    where=rules.name,
                    cure=f"train it with model.positive named, or ask for {label} in the same rule",
                )


def _sound(sig: Signal) -> Signal:
    """The signal, or that of a failure where no record can hold it. Raises TypeError for what is no signal."""
    if not isinstance(sig, Signal):
        raise TypeError("a model answered something else than a signal")
    try:
        plain(sig)
    except InputError as error:
        return Signal.failure(sig.name, f"the model's answer can't be recorded: {error.what}", sig.bundle)
    return sig


def told_cause(error: Exception, who: str) -> str:
    """Why it failed: only our own errors are known to hold no personal data; of others the type must do."""
    return error.sentence if isinstance(error, FengkongError) else f"{who} raised {type(error).__name__}"
