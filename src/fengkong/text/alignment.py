"""A cleaned text that still knows which characters of the original each of its own came from."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

from fengkong.domain.errors import InputError

__all__ = ["CleanText", "Edit"]


class Edit(NamedTuple):
    """Characters [before_start, before_end) became characters [after_start, after_end)."""

    after_start: int
    after_end: int
    before_start: int
    before_end: int


_after_start = attrgetter("after_start")


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text and the way back to the text that it was made from.

    edits: in order, never overlapping; characters between two edits stand one for one.
    earlier: the text before these edits where that was itself edited; None when it is the original.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    earlier: "CleanText | None" = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The original characters [start, end) behind the clean characters [start, end).

        What an edit wrote is mapped as a whole. Characters that were removed belong to a span only when it
        encloses them. Raises InputError when the span isn't within the clean text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise InputError(
                "a span lies outside the clean text",
                received=f"[{start}, {end})",
                cure=f"give 0 <= start <= end <= {len(self.text)}",
            )
        first = self._before(start)[0]
        span = (first, first) if start == end else (first, self._before(end - 1)[1])
        return self.earlier.original_span(*span) if self.earlier else span

    def _before(self, at: int) -> tuple[int, int]:
        """The span behind the one character at `at`; behind the end of the text, the place one past it."""
        index = bisect_right(self.edits, at, key=_after_start) - 1
        if index < 0:
            return at, at + 1
        edit = self.edits[index]
        if at < edit.after_end:
            return edit.before_start, edit.before_end
        start = edit.before_end + at - edit.after_end
        return start, start + 1

    def edited(self, changes: Iterable[tuple[int, int, str]]) -> "CleanText":
        """This text with each [start, end) replaced; the changes come in order and don't overlap."""
        pieces: list[str] = []
        edits: list[Edit] = []
        done = length = 0
        for start, end, new in changes:
            pieces += (self.text[done:start], new)
            length += start - done
            edits.append(Edit(length, length + len(new), start, end))
            length += len(new)
            done = end
        if not edits:
            return self
        pieces.append(self.text[done:])
        return CleanText("".join(pieces), tuple(edits), self if self.edits else None)

    def respelt(self, text: str) -> "CleanText":
        """The same alignment with each character exchanged for another: `text` has the same length."""
        return replace(self, text=text)
