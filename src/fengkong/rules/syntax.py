"""From the text of an expression to a Python syntax tree of which every node is allowed, within fixed limits.

Python's own parser reads it, so names may be in any script (金额 > 3). Nothing of it is ever evaluated by Python: what
is not on the list below is refused. Two things differ from Python, for people who don't program: a backslash in a
text is just a backslash, and `x is known` asks whether a value is there.
"""

import ast
import re
import threading
import warnings
from dataclasses import dataclass

from fengkong.domain.findings import Severity

__all__ = ["EXPRESSION_LENGTH", "Fault", "ExpressionError", "Source", "dotted_name", "parse_expression"]

EXPRESSION_LENGTH = 2_000
DEPTH = 50
LIST_ITEMS = 500
NUMBER_DIGITS = 28

# Kept small on purpose: a node that is not here has no meaning in the language.
_ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.Mod,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.In,
    ast.NotIn,
    ast.Is,
    ast.IsNot,
    ast.Call,
    ast.Name,
    ast.Attribute,
    ast.Load,
    ast.List,
    ast.Constant,
)

_NUMBER = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?", re.ASCII)

_PARSER = threading.Lock()
"""`warnings.catch_warnings` changes the state of the whole process; our own threads must not interleave in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one expression: the finding without its place."""

    code: str
    message: str
    cure: str = ""
    severity: Severity = Severity.ERROR


class ExpressionError(Exception):
    """An expression that can't be used. Stays inside this room: outside it is a list of findings."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__(*faults)


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed expression and its text, for reading back what the author wrote."""

    text: bytes
    root: ast.expr

    def segment(self, node: ast.expr) -> str:
        """The node's text as it was parsed: one line, each backslash doubled."""
        return self.text[node.col_offset : node.end_col_offset].decode()

    def written(self, node: ast.expr) -> str:
        """The node's text as the author wrote it, on one line."""
        return self.segment(node).replace("\\\\", "\\")


def parse_expression(text: str) -> Source:
    """The syntax tree of an expression. Raises ExpressionError with what is wrong and how to cure it."""
    _limit_text(text)
    # Newlines end a Python expression, and YAML authors break lines freely. Backslashes stand for themselves.
    line = text.translate({10: " ", 13: " "}).strip().replace("\\", "\\\\")
    if not line:
        raise ExpressionError(Fault("R020", "the condition is empty", "write one, such as amount > 1000"))
    try:
        with _PARSER, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root = ast.parse(line, mode="eval").body
        source = Source(line.encode(), root)
    except SyntaxError as error:
        raise ExpressionError(_syntax_fault(line, error)) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(Fault("R020", "the condition can't be read", "look for control characters")) from error
    if b"#" in source.text[root.end_col_offset :]:
        # On one line a comment would swallow what follows it.
        raise ExpressionError(
            Fault("R020", "a comment stands inside the condition", "put it on a YAML line of its own")
        )
    _limit_tree(source)
    return source


def dotted_name(node: ast.expr) -> str:
    """The dotted name that a chain of attributes spells, or "" where it starts from something else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            prefix = dotted_name(value)
            return f"{prefix}.{attribute}" if prefix else ""
    return ""


def _limit_text(text: str) -> None:
    if len(text) > EXPRESSION_LENGTH:
        raise ExpressionError(
            Fault(
                "R022", f"the condition has {len(text)} characters; {EXPRESSION_LENGTH} are allowed", "split the rule"
            )
        )
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEPTH:
        raise ExpressionError(_too_deep())


def _too_deep() -> Fault:
    return Fault("R022", f"the condition is nested more than {DEPTH} deep", "split the rule")


def _limit_tree(source: Source) -> None:
    faults: list[Fault] = []
    level: list[ast.AST] = [source.root]
    for _ in range(DEPTH):
        for node in level:
            faults.extend(_node_faults(source, node))
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            break
    else:
        raise ExpressionError(_too_deep())
    if faults:
        raise ExpressionError(*dict.fromkeys(faults))


def _node_faults(source: Source, node: ast.AST) -> list[Fault]:
    if not isinstance(node, _ALLOWED):
        return [Fault("R021", f"{_name_of(node)} can't be used in a condition", _CURES.get(type(node), _PLAIN))]
    if isinstance(node, ast.List) and len(node.elts) > LIST_ITEMS:
        return [Fault("R022", f"a list has {len(node.elts)} items; {LIST_ITEMS} are allowed", "split the list")]
    if isinstance(node, ast.Constant):
        return _constant_faults(source, node)
    return []


def _constant_faults(source: Source, node: ast.Constant) -> list[Fault]:
    segment = source.segment(node)
    match node.value:
        case bool():
            return []
        case None:
            return [Fault("R021", "None can't be used in a condition", "write `x is unknown` or `x is known`")]
        case int() | float() if not _NUMBER.fullmatch(segment):
            return [Fault("R021", f"the number {segment[:40]} is not written plainly", "write it like 1234 or 0.5")]
        case int() | float():
            digits = len(segment.replace("_", "").replace(".", "").lstrip("0"))
            too_many = f"a number has {digits} digits; {NUMBER_DIGITS} are allowed"
            return [Fault("R022", too_many, "round it")] if digits > NUMBER_DIGITS else []
        case str() if segment[1:-1] != node.value.replace("\\", "\\\\"):
            # A prefix, triple quotes, or two literals side by side; each would be read in a way of its own.
            cure = 'write it between one pair of quotes, as in "\\d+"; a backslash needs no r'
            return [Fault("R021", "a text is not written plainly", cure)]
        case str():
            return []
    return [Fault("R021", f"{segment[:40]} can't be used in a condition", _PLAIN)]


def _name_of(node: ast.AST) -> str:
    return _NAMES.get(type(node), f"'{type(node).__name__}'")


_PLAIN = "use comparisons, arithmetic, and/or/not, in, `is known` and the builtin functions"

_NAMES: dict[type[ast.AST], str] = {
    ast.Tuple: "a comma outside a list or a call",
    ast.Set: "a set",
    ast.Dict: "a mapping",
    ast.Lambda: "a lambda",
    ast.IfExp: "an if/else",
    ast.Subscript: "an index",
    ast.Slice: "a slice",
    ast.JoinedStr: "an f-string",
    ast.FormattedValue: "an f-string",
    ast.NamedExpr: "an assignment",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.comprehension: "a comprehension",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Starred: "a star",
    ast.keyword: "a named argument",
    ast.Pow: "the operator **",
    ast.FloorDiv: "the operator //",
    ast.LShift: "the operator <<",
    ast.RShift: "the operator >>",
    ast.BitAnd: "the operator &",
    ast.BitOr: "the operator |",
    ast.BitXor: "the operator ^",
    ast.MatMult: "the operator @",
    ast.Invert: "the operator ~",
    ast.UAdd: "the sign +",
}

_CURES: dict[type[ast.AST], str] = {
    ast.Tuple: "write a list as [a, b], and a number without commas (10000 or 10_000)",
    ast.Set: "write a list as [a, b]",
    ast.BitAnd: "write `and`",
    ast.BitOr: "write `or`",
    ast.Invert: "write `not`",
    ast.IfExp: "write two rules",
    ast.NamedExpr: "write == to compare",
    ast.keyword: "write the value alone",
    ast.UAdd: "leave it out",
}

_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"&&"), "write `and` in place of &&"),
    (re.compile(r"\|\|"), "write `or` in place of ||"),
    (re.compile(r"<>"), "write != in place of <>"),
    (re.compile(r"!(?!=)"), "write `not` in place of !"),
    (re.compile(r"(?<![=!<>])=(?!=)"), "write == to compare"),
    (re.compile(r"\b(AND|OR|NOT|IN|IS)\b"), "write and, or, not, in and is in small letters"),
    (re.compile(r"\bbetween\b", re.IGNORECASE), "write a range as 1 <= x <= 5"),
)

# Characters that Chinese keyboards give in place of the ASCII ones.
_FULL_WIDTH = {
    "＞": ">",
    "＜": "<",
    "＝": "==",
    "（": "(",
    "）": ")",
    "，": ",",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
_FULL_WIDTH |= {
    "！": "!",
    "：": ":",
    "；": ";",
    "。": ".",
    "％": "%",
    "＋": "+",
    "－": "-",
    "×": "*",
    "÷": "/",
    "≥": ">=",
}
_FULL_WIDTH |= {"≤": "<=", "≠": "!=", "［": "[", "］": "]", "【": "[", "】": "]", "、": ","}


def _syntax_fault(line: str, error: SyntaxError) -> Fault:
    outside_quotes = re.sub(r"\"[^\"]*\"|'[^']*'", '""', line)
    for character in outside_quotes:
        if character in _FULL_WIDTH:
            cure = f"write {_FULL_WIDTH[character]} in place of {character}"
            return Fault("R020", f"the character {character} can't be used here", cure)
    cure = next((cure for slip, cure in _SLIPS if slip.search(outside_quotes)), "")
    at = f" at character {error.offset}" if error.offset else ""
    return Fault("R020", f"the condition can't be read{at}: {error.msg}", cure)
