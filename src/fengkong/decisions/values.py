"""What rules see: the document, its facts and the models' signals under dotted names.

The types that a rule set declares are checked where the rules run; here nothing is converted and nothing is guessed.
"""

from collections.abc import Iterable

from fengkong.domain.documents import Document, FieldValue
from fengkong.domain.signals import Fact, Signal
from fengkong.rules.declarations import DERIVED
from fengkong.text.normalising import normalise

__all__ = [
    "FIELDS",
    "SIGNALS",
    "TEXT",
    "field_facts",
    "is_derived",
    "rule_values",
    "signal_of",
    "signal_prefix",
    "signal_values",
]

FIELDS = "fields"
"""The source of the facts that are the document's own fields."""

SIGNALS = "signals."
"""What the names of all inputs that come from models begin with."""

TEXT = "text"
"""The name of the input that is the document's text."""


_DERIVED = tuple(f"{word}." for word in DERIVED)


def signal_prefix(name: str) -> str:
    """What the names of one signal's inputs begin with: "signals.risk." for "risk"."""
    return f"{SIGNALS}{name}."


def is_derived(name: str) -> bool:
    """Whether a name is of what the rule set itself makes, such as "points.total"; an input may be called "points"."""
    return name.startswith(_DERIVED)


def signal_of(name: str) -> str:
    """The signal that an input is a part of: "risk" of "signals.risk.p"; "" where it is none's."""
    return name.removeprefix(SIGNALS).rpartition(".")[0] if name.startswith(SIGNALS) else ""


def field_facts(doc: Document) -> tuple[Fact, ...]:
    """The document's fields as facts, by name."""
    return tuple(Fact(name, doc.fields[name], FIELDS) for name in sorted(doc.fields))


def rule_values(doc: Document, facts: Iterable[Fact]) -> dict[str, FieldValue]:
    """Every input but the signals by its dotted name: facts under their own, the text as `text`.

    The text is normalised, so that zero-width characters, look-alikes or another script can't hide a word from a rule;
    identifiers stay, since rules may look for them.
    """
    # A caller's field must never stand in for what a model or the document said.
    values: dict[str, FieldValue] = {fact.name: fact.value for fact in facts if not fact.name.startswith(SIGNALS)}
    values[TEXT] = normalise(doc.text).text
    return values


def signal_values(signals: Iterable[Signal]) -> dict[str, FieldValue]:
    """The inputs that come from models: `signals.<name>.p` and its like.

    A model that failed or abstained said nothing, so its label and probability are unknown.
    """
    values: dict[str, FieldValue] = {}
    for sig in signals:
        prefix, silent = signal_prefix(sig.name), sig.failed or sig.abstained
        values[f"{prefix}p"] = None if silent else sig.p
        values[f"{prefix}label"] = None if silent else sig.label
        values[f"{prefix}labels"] = None if silent or sig.label is None else tuple(filter(None, sig.label.split("|")))
        values[f"{prefix}spans"] = None if silent else tuple(span.text for span in sig.spans)
        values[f"{prefix}value"] = None if silent else sig.value
        values[f"{prefix}abstained"] = sig.abstained
        values[f"{prefix}failed"] = sig.failed
    return values
