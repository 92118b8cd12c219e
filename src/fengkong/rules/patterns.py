"""Patterns that RE2 and the regular expressions of Rust read alike, written for Rust.

Both match in linear time, but they differ in what they hold for a digit, a word or a blank, and in rare syntax. Only
what stands on the list here is handed to Polars; any other pattern is matched by RE2 itself, row by row.
"""

import re

__all__ = ["for_rust"]

_TOKEN = re.compile(
    r"""
    (?P<literal> [A-Za-z0-9_\ ,:;@%&'"<>=~`!\#/\-，。；：！？、\u4e00-\u9fff] )
  | (?P<escaped> \\[.*+?()|\[\]{}^$\\/\-] )
  | (?P<class> \\[dwsDWS] )
  | (?P<border> \\b )
  | (?P<bracket> \[ \^? (?: [A-Za-z0-9_\ ,:;%/\u4e00-\u9fff]
        | a-z | A-Z | 0-9 | \\d | \\[.\-] )+ \] )
  | (?P<group> \((?:\?:)? | \) | \| )
  | (?P<repeat> [*+?]\?? | \{[0-9]{1,2}(?:,[0-9]{0,2})?\}\?? )
  | (?P<anchor> [.^$] )
    """,
    re.VERBOSE | re.ASCII,
)

# RE2 counts ASCII characters only among these, Rust those of every script.
_CLASSES = {
    r"\d": "[0-9]",
    r"\w": "[0-9A-Za-z_]",
    r"\s": r"[\t\n\f\r ]",
    r"\D": "[^0-9]",
    r"\W": "[^0-9A-Za-z_]",
    r"\S": r"[^\t\n\f\r ]",
    r"\b": r"(?-u:\b)",
}
_IGNORE_CASE = "(?i)"


def for_rust(pattern: str) -> str | None:
    """The pattern as Rust has to read it, or None where the two might differ."""
    flag = _IGNORE_CASE if pattern.startswith(_IGNORE_CASE) else ""
    written: list[str] = [flag]
    at = len(flag)
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        written.append(_token(token))
        at = token.end()
    return "".join(written)


def _token(token: re.Match[str]) -> str:
    text = token.group()
    if token.lastgroup in {"class", "border"}:
        return _CLASSES[text]
    return text.replace(r"\d", "0-9") if token.lastgroup == "bracket" else text
