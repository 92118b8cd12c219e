"""When two texts are copies, and which examples can't be parted."""

import re
import unicodedata
from collections.abc import Sequence

from fengkong.domain.documents import Example
from fengkong.text.clusters import Clusters

__all__ = ["atoms", "copy_key"]

_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


def copy_key(text: str) -> str:
    """What stays when width, case, blanks and invisible characters are taken away: equal keys, copies of one text."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).casefold())


def atoms(examples: Sequence[Example], *, copies: bool = True) -> list[list[int]]:
    """Positions that must stay together: they share a group (or, with `copies`, a text), directly or through others."""
    clusters = Clusters(len(examples))
    clusters.join_equal(ex.group for ex in examples)
    if copies:
        clusters.join_equal(copy_key(ex.text) or None for ex in examples)
    return clusters.members()
