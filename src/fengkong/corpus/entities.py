"""Named stretches of a text: from words with BIO tags, or from character offsets, to spans of the text.

The errors name the column and the cure; the reader adds file and line. What an entity says is never quoted.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from fengkong.domain.errors import InputError
from fengkong.domain.spans import Span

__all__ = ["parse_spans", "parse_tags", "parse_tokens", "place_tokens", "raw_spans", "spans_of_tags"]

_CLOSED = re.compile(r"[\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U000323af]")
"""Characters of scripts that are written without blanks between words, their punctuation included."""
_TYPE_KEYS = ("label", "type")
_WISH = 'write {"start": 0, "end": 5, "label": "ORG"}'

Place = tuple[int, int]


def parse_tokens(value: object, column: str) -> list[str]:
    """The words of a text, or its characters. Raises InputError where there is none, or something that is no word."""
    return _strings(value, column, "words", "give a list of strings, none of them empty")


def parse_tags(value: object, column: str) -> list[tuple[str, str]]:
    """Prefix (B, I or O) and type of each word's tag. Raises InputError for a tag that is no BIO."""
    tags = _strings(value, column, "tags", "give names such as O, B-ORG and I-ORG, not numbers")
    return [_parted(tag, number, column) for number, tag in enumerate(tags, start=1)]


def place_tokens(tokens: Sequence[str], text: str | None = None) -> tuple[str, list[Place]]:
    """The text that these words make up, and where each stands in it, [start, end).

    text: the text that they were cut from, where it is known. Else words are joined with one blank, but for Chinese
    and Japanese, and for a text cut in single characters.
    Raises InputError for a word that does not stand in the text.
    """
    if text is None:
        pieces = list(_spaced(tokens))
        text = "".join(pieces)
    places, at = [], 0
    for number, token in enumerate(tokens, start=1):
        at = text.find(token, at)
        if at < 0:
            raise InputError(
                "the words don't follow each other in the text",
                received=f"word {number} of {len(tokens)} is not found",
                cure="leave the column of the text out, or cut the words from it again",
            )
        places.append((at, at + len(token)))
        at += len(token)
    return text, places


def spans_of_tags(text: str, places: Sequence[Place], value: object, column: str) -> tuple[Span, ...]:
    """The entities that the tags of a cell mark: B-X begins one of type X, I-X goes on with it, O is outside of all.

    Raises InputError for tags of another number than the words, for another prefix, and for an I-X that goes on with
    nothing (IOB2: Tjong Kim Sang & Veenstra 1999).
    """
    tags = parse_tags(value, column)
    if len(tags) != len(places):
        raise InputError(
            f"column {column!r} has another number of tags than there are words",
            received=f"{len(tags)} tags for {len(places)} words",
            cure="give each word one tag",
        )
    found: list[tuple[int, int, str]] = []
    before = ""
    for number, ((start, end), (prefix, label)) in enumerate(zip(places, tags, strict=True), start=1):
        if prefix == "I" and before != label:
            raise InputError(
                f"column {column!r} is no valid BIO",
                received=f"tag {number} is I-{label} after {before or 'no entity'}",
                cure=f"begin every entity with B-, here B-{label}",
            )
        if prefix == "B":
            found.append((start, end, label))
        elif prefix == "I":
            found[-1] = (found[-1][0], end, label)
        before = label
    return tuple(Span(start, end, text[start:end], label) for start, end, label in found)


def raw_spans(value: object, column: str) -> list[tuple[int, int, str]] | None:
    """Start, end and type of each entity as the cell has them; None where it is empty. Tells only what form it has."""
    entries = _list(value, column, "entities")
    return None if entries is None else [_raw_span(entry, column) for entry in entries]


def parse_spans(value: object, text: str, column: str) -> tuple[Span, ...]:
    """The entities of an `entities` cell, in order: objects with start and end in characters, and label or type.

    Where an object has `text` too, it must be what stands there, which catches inclusive ends and offsets in bytes.
    Raises InputError for a cell without a list, a span that is empty or outside of the text, and for two that overlap.
    """
    entries = raw_spans(value, column)
    if entries is None:
        raise InputError(f"no entities in column {column!r}", cure="write [] where a text has none")
    for (start, end, _), entry in zip(entries, _list(value, column, "entities") or (), strict=True):
        _check_place(start, end, text, column)
        said = entry.get("text") if isinstance(entry, Mapping) else None
        if said is not None and said != text[start:end]:
            raise InputError(
                f"an entity in column {column!r} says another text than stands there",
                received=f"[{start}, {end})",
                cure="count characters from 0, and let end stand behind the last one",
            )
    entries.sort()
    for (start, end, _), (other, other_end, _) in itertools.pairwise(entries):
        if other < end:
            raise InputError(
                f"two entities overlap in column {column!r}",
                received=f"[{start}, {end}) and [{other}, {other_end})",
                cure="keep one of them",
            )
    return tuple(Span(start, end, text[start:end], label) for start, end, label in entries)


def _spaced(tokens: Sequence[str]) -> Iterator[str]:
    """The words, and the blanks between them."""
    characters = all(len(token) == 1 for token in tokens)
    for number, token in enumerate(tokens):
        if number and not (characters or _CLOSED.match(token[0]) or _CLOSED.match(tokens[number - 1][-1])):
            yield " "
        yield token


def _parted(tag: str, number: int, column: str) -> tuple[str, str]:
    """Prefix and type of a tag."""
    if tag == "O":
        return "O", ""
    prefix, _, label = tag.partition("-")
    if prefix not in ("B", "I") or not label:
        cure = "write O, B-<type> or I-<type>" + ("; of BIOES, S is B and E is I" if prefix in "ESLUM" else "")
        raise InputError(f"unknown tag in column {column!r}", received=f"tag {number} is {tag[:40]!r}", cure=cure)
    return prefix, label


def _raw_span(entry: object, column: str) -> tuple[int, int, str]:
    if not isinstance(entry, Mapping):
        raise InputError(f"an entity in column {column!r} is no object", received=type(entry).__name__, cure=_WISH)
    label = next((entry[key] for key in _TYPE_KEYS if isinstance(entry.get(key), str) and entry[key].strip()), None)
    start, end = entry.get("start"), entry.get("end")
    whole = all(isinstance(at, int) and not isinstance(at, bool) for at in (start, end))
    if label is None or not whole:
        received = "keys " + ", ".join(sorted(map(str, entry)))
        raise InputError(f"an entity in column {column!r} lacks start, end or label", received=received, cure=_WISH)
    return start, end, label.strip()  # type: ignore[return-value]  # just checked


def _check_place(start: int, end: int, text: str, column: str) -> None:
    if start < 0 or end > len(text):
        raise InputError(
            f"an entity in column {column!r} lies outside of the text",
            received=f"[{start}, {end}) of {len(text)} characters",
            cure="count characters from 0, and let end stand behind the last one",
        )
    if start >= end or not text[start:end].strip():
        raise InputError(
            f"an entity in column {column!r} is empty",
            received=f"[{start}, {end})",
            cure="leave it out, or let end stand behind its last character",
        )


def _list(value: object, column: str, what: str) -> list[object] | None:
    """A list, or JSON text of one as tables without types hold it."""
    if value is None or value == "" or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    cure = f"{_WISH} in a list" if what == "entities" else 'write ["a", "b"]'
    raise InputError(f"column {column!r} holds no list of {what}", cure=cure)


def _strings(value: object, column: str, what: str, cure: str) -> list[str]:
    items = _list(value, column, what) or []
    odd = next((number for number, item in enumerate(items) if not isinstance(item, str) or not item), None)
    if odd is not None or not items:
        received = (
            "none" if odd is None else f"item {odd + 1} is {type(items[odd]).__name__ if items[odd] else 'empty'}"
        )
        raise InputError(f"column {column!r} holds no list of {what}", received=received, cure=cure)
    return [str(item) for item in items]
