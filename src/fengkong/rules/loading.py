"""Reading a rule set's YAML as nodes that know their lines, so that each finding says where.

Only the shape of the file is judged here. Every scalar is the text that its author typed (`no` stays "no", `1.0`
stays "1.0"); nothing is constructed from tags.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import yaml
from yaml.composer import ComposerError

from fengkong.domain.documents import Place
from fengkong.domain.errors import likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.rules.syntax import Fault

__all__ = ["Nodes", "read_number", "read_text"]

FILE_CHARACTERS = 1 << 18
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases: a few of them can stand for more than a machine could ever walk."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # its stub has no types
            raise ComposerError(None, None, "an alias can't be used; write out what it stands for", mark)
        return super().compose_node(parent, index)


class Nodes:
    """The YAML nodes of one file, the findings gathered while walking them, and the names of the files read."""

    def __init__(self, source: str, folder: Path | None = None) -> None:
        """source: the file's name in findings. folder: where files that it names are looked for."""
        self.source = source
        self.folder = folder
        self.findings: list[Finding] = []
        self.files: set[str] = set()

    def report(
        self,
        code: str,
        message: str,
        node: yaml.Node | None = None,
        *,
        cure: str = "",
        rule: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Adds a finding at the node's line."""
        line = node.start_mark.line + 1 if node else None
        self.findings.append(Finding(code, severity, message, Place(self.source, line, rule), cure))

    def report_faults(self, faults: Iterable[Fault], node: yaml.Node | None, name: str) -> None:
        """Adds what is wrong with an expression at its node's line."""
        for fault in faults:
            self.report(fault.code, fault.message, node, cure=fault.cure, rule=name, severity=fault.severity)

    def place(self, node: yaml.Node, name: str = "") -> Place:
        """Where the node stands."""
        return Place(self.source, node.start_mark.line + 1, name)

    def root(self, text: str) -> yaml.Node | None:
        """The document's node, or None with a finding that says why there is none."""
        if len(text) > FILE_CHARACTERS:
            cure = f"split it; {FILE_CHARACTERS} are allowed"
            self.report("R001", f"the rule set has {len(text)} characters", cure=cure)
            return None
        try:
            node = yaml.compose(text, _Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.source, mark.line + 1 if mark else None)
            quote = "put a condition that holds a colon or starts with a sign between single quotes"
            cure = "" if isinstance(error, ComposerError) else quote
            self.findings.append(
                Finding("R001", Severity.ERROR, f"the YAML can't be read: {error.problem}", place, cure)
            )
            return None
        except yaml.YAMLError as error:
            self.report(
                "R001", f"the YAML can't be read: {str(error).splitlines()[0]}", cure="save the file as UTF-8 text"
            )
            return None
        except RecursionError:
            self.report("R001", "the YAML is nested too deep", cure="see the format in docs/rules.md")
            return None
        if node is None:
            self.report("R001", "the rule set is empty", cure="see the format in docs/rules.md")
        return node

    def entries(
        self, node: yaml.Node, what: str, *, required: Collection[str] = (), optional: Collection[str] | None = ()
    ) -> Mapping[str, tuple[yaml.Node, yaml.Node]]:
        """Key and value nodes by key. `optional=None` takes any key. Reports repeated, unknown and missing ones."""
        if not isinstance(node, yaml.MappingNode):
            self.report("R005", f"{what} must be a mapping of keys to values", node)
            return {}
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        known = None if optional is None else {*required, *optional}
        for key_node, value in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key is None:
                continue
            if key in found:
                self.report("R002", f"{what} has the key {key!r} twice", key_node, cure="keep one of them")
            elif known is not None and key not in known:
                self.report("R003", f"{what} has an unknown key {key!r}", key_node, cure=likely_slip(key, known))
            else:
                found[key] = (key_node, value)
        for key in required:
            if key not in found:
                self.report("R004", f"{what} has no {key!r}", node, cure="add it")
        return found

    def is_empty(self, node: yaml.Node) -> bool:
        """Whether nothing was written there."""
        return isinstance(node, yaml.ScalarNode) and not node.value.strip()

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list; reports what is no list or has none."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.report("R005", f"{what} must be a list with at least one item", node)
            return []
        return list(node.value)

    def number(self, node: yaml.Node, what: str) -> int | Decimal | None:
        """The number of common size; reports what is none. An integer where it is written as one."""
        text = self.text(node, what)
        if text is None:
            return None
        number = read_number(text)
        if number is None:
            cure = "write it like 20, -5 or 0.5, with at most 9 digits before and 6 after the point"
            self.report("R015", f"{what} is no number that can be used: {text[:40]!r}", node, cure=cure)
        return number

    def text(self, node: yaml.Node, what: str) -> str | None:
        """The scalar as it was typed; reports one that is empty, no scalar, or has half of a surrogate pair in it."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.report("R005", f"{what} must be a text that is not empty", node)
            return None
        if _HALF_PAIR.search(node.value):
            self.report("R005", f"{what} has half of a surrogate pair in it", node, cure="write the character itself")
            return None
        return str(node.value).strip()


def read_number(text: str) -> int | Decimal | None:
    """The number that is written there, an integer where it has no point; None where it is none of common size."""
    if not _NUMBER.fullmatch(text):
        return None
    return Decimal(text) if "." in text else int(text)


def read_text(path: Path, nodes: Nodes) -> str | None:
    """The file's text, or None with a finding that says why it can't be had."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        nodes.report("R001", f"the file is not UTF-8 (byte {error.start})", cure="save it as UTF-8")
    except FileNotFoundError:
        nodes.report("R001", "the file does not exist", cure="check the path")
    except OSError as error:
        nodes.report("R001", f"the file can't be read: {error.strerror}", cure="check its permissions")
    return None
