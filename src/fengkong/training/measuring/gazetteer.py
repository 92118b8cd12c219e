"""The floor under a tagger: a dictionary of the names that train marks, looked up in texts.

The longest name wins, and a name that train leaves unmarked more often than not is none. It is the baseline of the
CoNLL-2003 shared task (Tjong Kim Sang & De Meulder 2003): what a model finds beyond it, it has not learnt by heart.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.scoring.words import word_spans

__all__ = ["EntityFloor", "Gazetteer", "look_up_names"]

Words = tuple[str, ...]
LONGEST = 12
"""Words of the longest name that is looked up."""


@dataclass(frozen=True, slots=True)
class EntityFloor:
    """What a floor finds in each text of each set but train, and the seconds that it took."""

    name: str
    entities: Mapping[str, Sequence[tuple[Span, ...]]]
    seconds: float


class Gazetteer:
    """Names and the type that each bears most often. Letter case counts: "us" is not "US"."""

    def __init__(self, examples: Sequence[Example]) -> None:
        """Learn the names of these examples."""
        marked: defaultdict[Words, Counter[str]] = defaultdict(Counter)
        for ex in examples:
            for entity in ex.entities or ():
                marked[_words(entity.text)][entity.label] += 1
        self._names = {words: kinds for words, kinds in marked.items() if 0 < len(words) <= LONGEST}
        self._by_first: defaultdict[str, set[int]] = defaultdict(set)
        for words in self._names:
            self._by_first[words[0]].add(len(words))
        seen = Counter(words for ex in examples for words, _, _ in self._sightings(ex.text))
        self._types = {
            words: kinds.most_common(1)[0][0]
            for words, kinds in self._names.items()
            if kinds.total() * 2 >= seen[words]
        }

    def find(self, text: str) -> tuple[Span, ...]:
        """The names in a text, the longest first where two overlap from one word on, else the earlier."""
        found: list[Span] = []
        for words, start, end in self._sightings(text):
            if words in self._types and (not found or start >= found[-1].end):
                found.append(Span(start, end, text[start:end], self._types[words]))
        return tuple(found)

    def _sightings(self, text: str) -> Iterator[tuple[Words, int, int]]:
        """Every name that stands in the text, marked or not, from left to right and the longest first."""
        places = word_spans(text)
        words = tuple(text[start:end] for start, end in places)
        for at, word in enumerate(words):
            for length in sorted(self._by_first.get(word, ()), reverse=True):
                name = words[at : at + length]
                if len(name) == length and name in self._names:
                    yield name, places[at][0], places[at + length - 1][1]


def look_up_names(splits: Splits) -> EntityFloor:
    """The floor: names learnt on train, looked up in dev and test."""
    began = perf_counter()
    names = Gazetteer(splits.train)
    found = {name: [names.find(ex.text) for ex in part] for name, part in splits if name != "train"}
    return EntityFloor("dictionary", found, perf_counter() - began)


def _words(text: str) -> Words:
    return tuple(text[start:end] for start, end in word_spans(text))
