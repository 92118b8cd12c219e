"""What a rule set declares before its rules: the inputs with their types, and the reasons with their texts."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Severity
from fengkong.rules.inference import RESERVED
from fengkong.rules.loading import Nodes
from fengkong.rules.types import BUILTIN_INPUTS, ITEMS, Kind, Type, signal_inputs
from fengkong.rules.windows import WINDOW, Window, read_window, window_type

__all__ = ["LANGUAGES", "SIGNAL", "Inputs", "all_plain", "read_inputs", "read_reasons"]

LANGUAGES = ("en", "zh")
"""The languages that every reason needs a text in."""

DERIVED = frozenset({"lists", "points", "scores", "snoozed", "tables"})
"""What the names of things begin with that the rule set itself makes; no input may."""

SIGNAL = "signal"
"""The type of an input that stands for all that one model says; it is written `signals.<name>`."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The declared inputs.

    types: by dotted name, signals spelt out, `text` included.
    groups: for each declaration, its node and the names that it gives.
    windows: those of them that are computed from past events.
    broken: names whose declaration has a fault; rules that name them can't be judged yet.
    """

    types: dict[str, Type] = field(default_factory=lambda: dict(BUILTIN_INPUTS))
    groups: dict[str, tuple[yaml.Node, tuple[str, ...]]] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def read_inputs(nodes: Nodes, node: yaml.Node) -> Inputs:
    """The inputs of the `inputs` mapping; faults are reported to the nodes."""
    inputs = Inputs()
    entries = nodes.entries(node, "inputs", optional=None)
    given = {name for name, (_, value) in entries.items() if not (_is_window(value) or _is_signal_name(name))}
    for name, (key, value) in entries.items():
        declared = _declared(nodes, name, value, inputs.windows, given) if _usable(nodes, name, key) else None
        repeated = [other for other in declared or () if other in inputs.types and other not in BUILTIN_INPUTS]
        if repeated:
            nodes.report("R002", f"the input {repeated[0]!r} is declared twice", key, cure="keep one of them")
        elif declared is None:
            inputs.broken.add(name)
        else:
            inputs.types.update(declared)
            inputs.groups[name] = (key, tuple(declared))
    return inputs


def _usable(nodes: Nodes, name: str, key: yaml.Node) -> bool:
    parts = name.split(".")
    if parts[0] in DERIVED and len(parts) > 1:
        cure = f"give it another name; those that begin with {parts[0]}. are made from the rule set itself"
        nodes.report("R011", f"an input can't be called {name!r}", key, cure=cure)
        return False
    return all_plain(nodes, "an input", name, parts, key)


def all_plain(nodes: Nodes, what: str, name: str, parts: Sequence[str], key: yaml.Node) -> bool:
    """Whether a condition can name it; reports why not. parts: what stands between the points of the name."""
    if name in RESERVED or not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        cure = "use letters of any script, digits and _, and no word of the language"
        nodes.report("R011", f"{what} can't be called {name!r}", key, cure=cure)
        return False
    # Python reads names in their NFKC form, so a rule could never name it otherwise.
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        nodes.report("R011", f"the name {name!r} is not in its plain form", key, cure=f"write {plain!r}")
    return plain == name


def _declared(
    nodes: Nodes, name: str, node: yaml.Node, windows: list[Window], given: Collection[str]
) -> dict[str, Type] | None:
    """The inputs that one declaration gives, or None after reporting what is wrong with it; windows are gathered.

    given: the names of all inputs that the document gives.
    """
    if _is_window(node) and not _is_signal_name(name):
        window = read_window(nodes, name, node, given)
        windows += [window] if window else []
        return {name: window_type(window)} if window else None
    word, listed = _type_and_list(nodes, name, node)
    if word is None:
        return None
    if (word == SIGNAL) != _is_signal_name(name):
        cure = "write `signals.<name>: signal`, or declare one part of it such as signals.<name>.p"
        nodes.report("R011", f"the input {name!r} can't be of type {word}", node, cure=cure)
        return None
    if word == SIGNAL:
        return signal_inputs(name, listed)
    if word not in set(Kind):
        nodes.report(
            "R011", f"there is no type {word!r}", node, cure=likely_slip(word, [*map(str, Kind), SIGNAL, WINDOW])
        )
        return None
    declared = _detailed(nodes, name, Kind(word), listed, node)
    if declared is None:
        return None
    if (declared.kind is Kind.CATEGORY) != bool(listed):
        cure = "write {type: category, values: [A, B]}"
        nodes.report("R011", f"the input {name!r} of type {word} needs or has too many values", node, cure=cure)
        return None
    if name in BUILTIN_INPUTS and declared != BUILTIN_INPUTS[name]:
        cure = f"declare it as {BUILTIN_INPUTS[name]} or leave it out"
        nodes.report("R011", f"the input {name!r} can't be of type {word}", node, cure=cure)
        return None
    return {name: declared}


_DETAILS = {Kind.MONEY: "currency", Kind.LIST: "of"}
"""The key that a declaration of that kind needs, and no other may have."""


def _detailed(nodes: Nodes, name: str, kind: Kind, listed: tuple[str, ...], node: yaml.Node) -> Type | None:
    """The type with the currency of money or the type of a list's items, or None after reporting what is wrong."""
    pairs = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    wanted = _DETAILS.get(kind)
    for key in _DETAILS.values():
        if key in pairs and key != wanted:
            nodes.report("R003", f"input {name!r} of type {kind} has an unknown key {key!r}", pairs[key])
            return None
    if wanted is None:
        return Type(kind, listed)
    text = nodes.text(pairs[wanted], f"{wanted!r} of {name!r}") if wanted in pairs else ""
    cure = "write {type: money, currency: CNY}" if kind is Kind.MONEY else "write {type: list, of: text}"
    if kind is Kind.MONEY and re.fullmatch("[A-Z]{3}", text or ""):
        return Type(kind, currency=text or "")
    if kind is Kind.LIST and text in ITEMS:
        return Type(kind, of=Type(Kind(text)))
    what = f"can't have the {wanted} {text!r}" if text else f"needs the key {wanted!r}"
    if text:
        cure = "write its code of ISO 4217, such as CNY" if kind is Kind.MONEY else likely_slip(text, map(str, ITEMS))
    nodes.report("R011", f"the input {name!r} of type {kind} {what}", node, cure=cure)
    return None


def _is_window(node: yaml.Node) -> bool:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return any(key.value == "type" and value.value == WINDOW for key, value in pairs)


def _is_signal_name(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 2 and parts[0] == "signals"


def _type_and_list(nodes: Nodes, name: str, node: yaml.Node) -> tuple[str | None, tuple[str, ...]]:
    """The type's word, and the values of a category or the labels of a signal."""
    if isinstance(node, yaml.ScalarNode):
        return nodes.text(node, f"the type of {name!r}"), ()
    entries = nodes.entries(
        node, f"input {name!r}", required=("type",), optional=("values", "labels", "currency", "of")
    )
    if "type" not in entries:
        return None, ()
    word = nodes.text(entries["type"][1], f"the type of {name!r}")
    wanted, other = ("labels", "values") if word == SIGNAL else ("values", "labels")
    if other in entries:
        nodes.report("R003", f"input {name!r} has an unknown key {other!r}", entries[other][0], cure=f"use {wanted!r}")
        return None, ()
    if wanted not in entries:
        return word, ()
    texts = [nodes.text(item, f"a value of {name!r}") for item in nodes.items(entries[wanted][1], f"{wanted!r}")]
    listed = tuple(dict.fromkeys(text for text in texts if text is not None))
    return (word, listed) if listed else (None, ())


def read_reasons(nodes: Nodes, node: yaml.Node) -> dict[str, tuple[yaml.Node, Mapping[str, str]]]:
    """Node and texts by language of each reason code; reports the languages that are missing."""
    reasons: dict[str, tuple[yaml.Node, Mapping[str, str]]] = {}
    for code, (key, value) in nodes.entries(node, "reasons", optional=None).items():
        texts: dict[str, str] = {}
        entries = nodes.entries(value, f"reason {code!r}", optional=LANGUAGES)
        for language, (_, text_node) in entries.items():
            text = nodes.text(text_node, f"the text {language!r} of reason {code!r}")
            if text is not None:
                texts[language] = text
        for language in LANGUAGES:
            if isinstance(value, yaml.MappingNode) and language not in entries:
                cure = f"add {language}: ..."
                what = f"reason {code!r} has no text in {language!r}"
                nodes.report("R009", what, key, cure=cure, severity=Severity.WARNING)
        reasons[code] = (key, texts)
    return reasons
