"""What is wrong with marked entities, found before anything is learnt from them. What they say is never quoted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from fengkong.corpus.copies import copy_key
from fengkong.corpus.listing import RARE, counted, listed
from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example, Place
from fengkong.domain.findings import Finding, Severity

__all__ = ["cut_entities", "entity_findings"]


def entity_findings(splits: Splits) -> Iterator[Finding]:
    """D201 and D202 on entities marked in two ways, D204 to D207 on their types; nothing where none is marked."""
    if not any(ex.entities is not None for ex in splits.train):
        return
    counts = _type_counts(splits.train)
    if not counts:
        cure = "check which columns hold the entities"
        yield Finding("D207", Severity.ERROR, "train has no entity", Place(name="train"), cure)
        return
    yield from _type_findings(splits, counts)
    yield from _torn_findings([ex for _, part in splits for ex in part])


def cut_entities(
    examples: Sequence[Example], token_lengths: Callable[[Sequence[str]], Sequence[int]], max_tokens: int
) -> Iterator[Finding]:
    """D203: entities that end beyond what the model reads. examples: those whose texts are longer than that."""
    ends = [(ex, ex.text[: entity.end]) for ex in examples for entity in ex.entities or ()]
    lengths = token_lengths([text for _, text in ends])
    cut = [ex for (ex, _), length in zip(ends, lengths, strict=True) if length > max_tokens]
    if cut:
        texts = list({id(ex): ex for ex in cut}.values())
        message = f"{len(cut):,} entities lie beyond the {max_tokens} tokens that are read, in texts: {counted(texts)}"
        cure = "raise the length limit, or cut texts by hand"
        yield Finding("D203", Severity.WARNING, message, cut[0].place, cure)


def _type_counts(examples: Sequence[Example]) -> Counter[str]:
    return Counter(entity.label for ex in examples for entity in ex.entities or ())


def _type_findings(splits: Splits, counts: Counter[str]) -> Iterator[Finding]:
    for name, part in (("dev", splits.dev), ("test", splits.test)):
        bears = _type_counts(part)
        if unknown := bears.keys() - counts.keys():
            first = next(ex for ex in part if any(entity.label in unknown for entity in ex.entities or ()))
            message = f"{name} bears entity types that train lacks: {listed(Counter(sorted(unknown)))}"
            yield Finding("D204", Severity.ERROR, message, first.place, "mend the types, or split again")
        if part and (missing := counts.keys() - bears.keys()):
            message = f"entity types that {name} lacks: {listed(Counter(sorted(missing)))}"
            cure = "their figures can't be measured; give more examples"
            yield Finding("D205", Severity.WARNING, message, Place(name=name), cure)
    rare = {label: count for label, count in counts.items() if count < RARE}
    if rare:
        message = f"entity types marked fewer than {RARE} times in train: {listed(rare, with_counts=True)}"
        yield Finding("D206", Severity.WARNING, message, Place(name="train"), "mark more, or merge types")


def _torn_findings(every: Sequence[Example]) -> Iterator[Finding]:
    """Copies of a text with other entities, and words that bear one type here and another there."""
    marked: defaultdict[str, set[tuple[tuple[str, str], ...]]] = defaultdict(set)
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for ex in every:
        pairs = tuple((copy_key(entity.text), entity.label) for entity in ex.entities or ())
        marked[copy_key(ex.text)].add(pairs)
        for words, label in pairs:
            types[words][label] += 1
    torn = [ex for ex in every if len(marked[copy_key(ex.text)]) > 1]
    if torn:
        message = f"texts whose copies have other entities marked: {counted(torn)}"
        yield Finding("D201", Severity.WARNING, message, torn[0].place, "decide for one marking each")
    odd = [ex for ex in every if any(_against_most(types[copy_key(e.text)], e.label) for e in ex.entities or ())]
    if odd:
        message = f"entities whose words bear another type more often: {counted(odd)}"
        yield Finding("D202", Severity.INFO, message, odd[0].place, "mend those that are slips")


def _against_most(found: Counter[str], label: str) -> bool:
    return found[label] * 2 < found.total()
