"""What is wrong with examples, found before anything is learnt from them: one finding a kind, with count and places."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from fengkong.corpus.copies import copy_key
from fengkong.corpus.duplicates import near_copies
from fengkong.corpus.entity_findings import cut_entities, entity_findings
from fengkong.corpus.giveaways import give_aways
from fengkong.corpus.listing import RARE, counted, listed
from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example, Place
from fengkong.domain.findings import Finding, Severity
from fengkong.text.clusters import Clusters

__all__ = ["check_examples"]

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def check_examples(
    splits: Splits,
    *,
    token_lengths: Callable[[Sequence[str]], Sequence[int]] | None = None,
    max_tokens: int | None = None,
    numbers: bool = False,
) -> list[Finding]:
    """Findings about labelled splits, errors first.

    numbers: the labels are numbers to be foretold, so that none need come again.
    token_lengths: counts the tokens of each text, uncut; with max_tokens it tells what the model won't read.

    D001 an empty split (error). D002 empty texts. D003 one class only (error). D004 all texts the same (error).
    D005 labels that train lacks (error). D006 labels that dev or test lacks. D007 rare labels. D008 copies within a
    split. D009 copies across splits. D010 near-copies within a split. D011 near-copies across splits.
    D012 copies with different labels. D013 texts cut by the length limit. D014 a field that gives the label away.
    D015 a group on both sides. Of texts with marked entities: D201 copies marked otherwise. D202 words of another type
    elsewhere. D203 entities cut by the length limit. D204 types that train lacks (error). D205 types that dev or test
    lacks. D206 rare types. D207 no entity at all (error).
    """
    found = [
        *_split_findings(splits),
        *(() if numbers else _label_findings(splits)),
        *entity_findings(splits),
        *_copy_findings(splits),
        *_field_findings(splits),
        *_group_findings(splits),
    ]
    if token_lengths is not None and max_tokens is not None:
        found.extend(_length_findings(splits, token_lengths, max_tokens))
    return sorted(found, key=lambda finding: (_ORDER[finding.severity], finding.code))


def _split_findings(splits: Splits) -> Iterator[Finding]:
    for name, part in splits:
        if not part:
            cure = "give it examples, or split again"
            yield Finding("D001", Severity.ERROR, f"{name} has no examples", Place(name=name), cure)
    every = [ex for _, part in splits for ex in part]
    empty = [ex for ex in every if not copy_key(ex.text)]
    if empty:
        message = f"texts with nothing to read: {counted(empty)}"
        yield Finding("D002", Severity.WARNING, message, empty[0].place, "leave them out, or find the text")
    if len(every) > 1 and len({copy_key(ex.text) for ex in every}) == 1:
        message = f"all {len(every):,} texts are the same"
        yield Finding("D004", Severity.ERROR, message, every[0].place, "check which column is the text")


def _label_findings(splits: Splits) -> Iterator[Finding]:
    counts = Counter(label for ex in splits.train for label in _labels(ex))
    if counts.keys() == {""}:
        return  # labelled by their entities
    if len(counts) == 1:
        message = f"train bears one label only, {next(iter(counts))!r}"
        yield Finding("D003", Severity.ERROR, message, Place(name="train"), "give examples of at least two labels")
    unknown = [ex for part in (splits.dev, splits.test) for ex in part if not counts.keys() >= set(_labels(ex))]
    if unknown and counts:
        labels = listed(Counter(label for ex in unknown for label in _labels(ex) if label not in counts))
        message = f"dev and test bear labels that train lacks, {labels}: {counted(unknown)}"
        yield Finding("D005", Severity.ERROR, message, unknown[0].place, "mend the labels, or split again")
    for name, part in (("dev", splits.dev), ("test", splits.test)):
        missing = counts.keys() - {label for ex in part for label in _labels(ex)}
        if part and missing:
            message = f"labels that {name} lacks: {len(missing)} of {len(counts)}, {listed(Counter(sorted(missing)))}"
            cure = "their figures can't be measured; give more examples"
            yield Finding("D006", Severity.WARNING, message, Place(name=name), cure)
    rare = {label: count for label, count in counts.items() if count < RARE}
    if rare:
        message = f"labels with fewer than {RARE} train examples: {len(rare)}, {listed(rare, with_counts=True)}"
        yield Finding("D007", Severity.WARNING, message, Place(name="train"), "give more examples, or merge labels")


def _labels(ex: Example) -> tuple[str, ...]:
    return (ex.label,) if ex.labels is None else ex.labels


def _copy_findings(splits: Splits) -> Iterator[Finding]:
    every = [ex for _, part in splits for ex in part]
    homes = [name for name, part in splits for _ in part]
    keys = [copy_key(ex.text) or None for ex in every]
    exact = Clusters(len(every))
    exact.join_equal(keys)
    within, across = _repeated(exact, homes)
    near_within, near_across = _repeated(near_copies([ex.text for ex in every]), homes)
    kinds = (
        ("D008", within, "texts that repeat one of their own split", "drop the repeats"),
        (
            "D009",
            across,
            "texts of dev and test that stand in an earlier split too, which flatters the figures",
            "drop them there",
        ),
        ("D010", near_within - within, "texts that nearly repeat one of their own split", "keep one of each"),
        (
            "D011",
            near_across - across,
            "texts of dev and test that nearly repeat an earlier split's, which flatters the figures",
            "",
        ),
    )
    for code, repeated, what, cure in kinds:
        if repeated:
            some = [every[i] for i in sorted(repeated)]
            message = f"{what}: {counted(some)}"
            yield Finding(code, Severity.WARNING, message, some[0].place, cure or "group them and split by group")
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for key, ex in zip(keys, every, strict=True):
        if key is not None:
            labels[key].add(ex.label)
    torn = [ex for key, ex in zip(keys, every, strict=True) if key is not None and len(labels[key]) > 1]
    if torn:
        message = f"texts whose copies bear another label: {counted(torn)}"
        yield Finding("D012", Severity.WARNING, message, torn[0].place, "decide for one label each")


def _repeated(clusters: Clusters, homes: Sequence[str]) -> tuple[set[int], set[int]]:
    """Positions after the first of their cluster: those with another in their own split, and those in a later split."""
    within: set[int] = set()
    across: set[int] = set()
    for members in clusters.members():
        seen: set[str] = set()
        for member in members:
            if homes[member] in seen:
                within.add(member)
            seen.add(homes[member])
        across.update(member for member in members if homes[member] != homes[members[0]])
    return within, across


def _field_findings(splits: Splits) -> Iterator[Finding]:
    for leak in give_aways(splits.train):
        message = f"the field {leak.field!r} alone avoids {leak.explained:.1%} of a majority guess's errors"
        cure = "leave it out unless it is known when the decision is made"
        yield Finding("D014", Severity.WARNING, message, Place(name=leak.field), cure)


def _group_findings(splits: Splits) -> Iterator[Finding]:
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for name, part in splits:
        for ex in part:
            if ex.group is not None:
                homes[ex.group].add(name)
    torn = {group for group, names in homes.items() if len(names) > 1}
    if torn:
        some = [ex for part in (splits.dev, splits.test) for ex in part if ex.group in torn]
        message = f"groups on both sides, which flatters the figures: {len(torn):,}, in examples: {counted(some)}"
        yield Finding("D015", Severity.WARNING, message, some[0].place, "split by group")


def _length_findings(
    splits: Splits, token_lengths: Callable[[Sequence[str]], Sequence[int]], max_tokens: int
) -> Iterator[Finding]:
    every = [ex for _, part in splits for ex in part]
    lengths = token_lengths([ex.text for ex in every])
    cut = [ex for ex, length in zip(every, lengths, strict=True) if length > max_tokens]
    if cut:
        unread = sum(length - max_tokens for length in lengths if length > max_tokens)
        message = (
            f"texts longer than {max_tokens} tokens: {counted(cut)}; {len(cut) / len(every):.1%} of all texts, the "
            f"longest has {max(lengths):,}; {unread / sum(lengths):.1%} of all tokens will not be read"
        )
        yield Finding("D013", Severity.WARNING, message, cut[0].place, "raise the length limit, or cut texts by hand")
        yield from cut_entities(cut, token_lengths, max_tokens)
