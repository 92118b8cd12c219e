"""Near-copied texts among applications: one script, forty applicants.

What a copier changes is taken away first: identifiers, numbers, the names that the application states, case and blanks.
What stays is compared by MinHash (see `text.minhash`): 16 bands of 4 rows meet a pair of similarity 0.7 with
probability 0.99, one of 0.8 with 0.9998; then the whole signatures decide.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError
from fengkong.domain.signals import Fact
from fengkong.knowledge.documents import written
from fengkong.knowledge.names import normal_name
from fengkong.text.cleaning import clean
from fengkong.text.clusters import Clusters
from fengkong.text.minhash import PERMUTATIONS, Words, band_keys, signatures, similar_pairs
from fengkong.text.units import HAN

__all__ = ["Copy", "CopyFacts", "ScriptIndex", "script_rings", "template"]

SIMILAR = 0.7
"""Jaccard similarity of shingles from which two texts follow one script."""
_BANDS, _ROWS = 16, 4
_LEAST = 60
"""Bytes of UTF-8 (20 Han characters) below which a template says too little to be a copy of anything."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*|[零一二两三四五六七八九十百千万亿]{2,}")
_LETTER = rf"[^\W{HAN}]"
_GAPS = re.compile(r"[\W_]+")


class Copy(NamedTuple):
    """An earlier text of the same script: its id, who wrote it, when, and how similar it is, in [0, 1]."""

    id: str
    author: str
    time: datetime
    similarity: float


def template(text: str, names: Iterable[str] = ()) -> str:
    """What is left of a text without identifiers, numbers, the given names, punctuation, blanks and case.

    Names of one character are left in, as are those that are only a part of a word.
    """
    plain = clean(text).text.casefold()
    spelt = {clean(name).text.casefold().strip() for name in names}
    for name in sorted(spelt, key=len, reverse=True):
        if len(name) > 1:
            plain = re.sub(_word(name), " ", plain)
    return _GAPS.sub("", _NUMBERS.sub("0", plain))


def _word(name: str) -> str:
    """A pattern of the name that is no part of a longer word; Han characters need no borders."""
    before = f"(?<!{_LETTER})" if re.match(_LETTER, name[0]) else ""
    after = f"(?!{_LETTER})" if re.match(_LETTER, name[-1]) else ""
    return before + re.escape(name) + after


class ScriptIndex:
    """Texts as they come, each found again by its near-copies. About 3 KB a text, whatever its length."""

    def __init__(self) -> None:
        self._signatures: Words = np.empty((64, PERMUTATIONS), np.uint32)
        self._copies: list[Copy] = []
        self._buckets: dict[tuple[int, int], list[int]] = {}

    def __len__(self) -> int:
        return len(self._copies)

    def add(self, text: str, id_: str, author: str, time: datetime, names: Iterable[str] = ()) -> None:
        """Take in one text. Raises InputError for a time without zone."""
        if time.tzinfo is None:
            raise InputError("the time of a text has no zone", received=time.isoformat(), cure="give it a zone")
        signature = _signature(text, names)
        if signature is None:
            return
        if len(self._copies) == len(self._signatures):
            self._signatures = np.concatenate([self._signatures, np.empty_like(self._signatures)])
        self._signatures[len(self._copies)] = signature
        for key in _keys(signature):
            self._buckets.setdefault(key, []).append(len(self._copies))
        self._copies.append(Copy(id_, author, time, 1.0))

    def copies(self, text: str, before: datetime | None = None, names: Iterable[str] = ()) -> list[Copy]:
        """The near-copies of a text that came strictly before a time (all where it is None), in their order."""
        signature = _signature(text, names)
        if signature is None:
            return []
        met = sorted({place for key in _keys(signature) for place in self._buckets.get(key, ())})
        alike = (self._signatures[met] == signature).mean(axis=1) if met else ()
        return [
            self._copies[place]._replace(similarity=float(similarity))
            for place, similarity in zip(met, alike, strict=True)
            if similarity >= SIMILAR and (before is None or self._copies[place].time < before)
        ]


class CopyFacts:
    """Facts on how often a document's text was used before.

    copies.count: earlier near-copies, whoever wrote them; a document that comes again under the id that its caller gave
    is no copy of itself. copies.applicants: by how many others; a text whose author is not known counts as one of its
    own. Both are 0 for a text too short to tell.

    author: the field that says who applies. names: fields whose values are taken out of the text before it is compared.
    """

    names = frozenset({"copies.count", "copies.applicants"})

    def __init__(self, index: ScriptIndex, *, author: str, names: Sequence[str] = ()) -> None:
        self._index, self._author, self._names = index, author, names

    def observe(self, doc: Document, time: datetime) -> None:
        """Take in a document, for those that come later."""
        author = self._written_by(doc) or f"unknown {len(self._index)}"
        self._index.add(doc.text, doc.id, author, time, self._stated(doc))

    def facts(self, doc: Document, as_of: datetime) -> Sequence[Fact]:
        """Both facts, by what came strictly before `as_of`."""
        own = None if doc.content_hash.startswith(doc.id) else doc.id  # without an id, equal texts bear one
        found = [copy for copy in self._index.copies(doc.text, as_of, self._stated(doc)) if copy.id != own]
        authors = {copy.author for copy in found} - {self._written_by(doc)}
        return (Fact("copies.count", len(found), "graph"), Fact("copies.applicants", len(authors), "graph"))

    def _written_by(self, doc: Document) -> str:
        """Its authors, however they are spelt; "" where none is known."""
        names = {normal_name("account", name) for name in written(doc.fields.get(self._author))} - {""}
        return "author " + " ".join(sorted(names)) if names else ""

    def _stated(self, doc: Document) -> list[str]:
        return [stated for name in self._names for stated in written(doc.fields.get(name))]


def script_rings(texts: Sequence[str], names: Sequence[Sequence[str]] | None = None) -> list[list[int]]:
    """Positions of texts that follow one script, directly or through others: rings of at least two, the largest first.

    names: of each text, the names to take out of it.
    """
    clusters = Clusters(len(texts))
    templates = [template(text, names[n] if names else ()) for n, text in enumerate(texts)]
    told = [n for n, left in enumerate(templates) if _tells(left)]
    if not told:
        return []
    found = signatures([templates[n] for n in told])
    for left, right in similar_pairs(found, _BANDS, _ROWS, SIMILAR):
        clusters.join(told[left], told[right])
    return sorted((ring for ring in clusters.members() if len(ring) > 1), key=len, reverse=True)


def _tells(left: str) -> bool:
    return len(left.encode("utf-8", "surrogatepass")) >= _LEAST


def _signature(text: str, names: Iterable[str]) -> Words | None:
    left = template(text, names)
    return signatures([left])[0] if _tells(left) else None


def _keys(signature: Words) -> list[tuple[int, int]]:
    return [(band, int(key[0])) for band, key in enumerate(band_keys(signature[None], _BANDS, _ROWS))]
