"""MinHash signatures of texts: two texts agree in about as many places as their shingle sets overlap.

Shingles are runs of six bytes of UTF-8: six Latin letters or two Han characters, which carry about as much. 128 linear
permutations estimate the Jaccard similarity of two shingle sets (Broder 1997, "On the resemblance and containment of
documents"), with a standard error below 0.045. Of a long text the 512 smallest shingle hashes stand for all. Bands of
rows find the pairs worth comparing (Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, "Mining of Massive
Datasets", chapter 3): texts of similarity s share one of b bands of r rows with probability 1 - (1 - s^r)^b.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["PERMUTATIONS", "Longs", "Words", "band_keys", "signatures", "similar_pairs"]

PERMUTATIONS = 128
"""Places of a signature."""
_SHINGLE = 6
_SKETCH = 512
_BLOCK = 2**17
"""Bytes of text hashed at once, so that the arrays stay in the processor's cache."""

Words = npt.NDArray[np.uint32]
Longs = npt.NDArray[np.uint64]


def signatures(texts: Sequence[str], seed: int = 42) -> Words:
    """MinHash signatures, (texts, 128); equal seeds, comparable signatures."""
    draw = np.random.Generator(np.random.PCG64(seed))
    factors = draw.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32) | np.uint32(1)
    shifts = draw.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32)
    found = np.empty((len(texts), PERMUTATIONS), np.uint32)
    for start, block in _blocks([text.encode("utf-8", "surrogatepass") for text in texts]):
        hashes, offsets = _shingle_hashes(block)
        for column, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
            permuted = hashes * factor + shift  # an odd factor permutes the 32-bit numbers
            found[start : start + len(block), column] = np.minimum.reduceat(permuted, offsets)
    return found


def band_keys(found: Words, bands: int, rows: int) -> Iterator[Longs]:
    """For each band of so many rows, one key a text: texts with equal keys agree in every row of the band."""
    for band in range(bands):
        key = np.zeros(len(found), np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            key = (key ^ found[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        yield key


def similar_pairs(found: Words, bands: int, rows: int, least: float) -> list[tuple[int, int]]:
    """Pairs of texts that agree in a band and, by the whole signature, have a similarity of at least `least`.

    In each bucket a text is compared with its neighbour and with the bucket's first, not with all: linear in the texts.
    """
    candidates = [np.empty(0, np.int64)]
    for key in band_keys(found, bands, rows):
        order = np.argsort(key, kind="stable")
        same = key[order[1:]] == key[order[:-1]]
        heads = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0))
        later = np.flatnonzero(same) + 1
        candidates += [order[earlier] * len(order) + order[later] for earlier in (later - 1, heads[later])]
    pairs = np.stack(np.divmod(np.unique(np.concatenate(candidates)), len(found)), axis=1)
    similar = [
        (found[part[:, 0]] == found[part[:, 1]]).mean(axis=1) >= least
        for part in np.array_split(pairs, len(pairs) // 10_000 + 1)
    ]
    return [(left, right) for left, right in pairs[np.concatenate(similar)].tolist()]


def _blocks(texts: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    start = size = 0
    for end, text in enumerate(texts, start=1):
        size += len(text)
        if size >= _BLOCK or end == len(texts):
            yield start, texts[start:end]
            start, size = end, 0


def _shingle_hashes(texts: Sequence[bytes]) -> tuple[Words, npt.NDArray[np.intp]]:
    """The hashes of all texts' shingles end to end, and where each text's begin."""
    padded = [text.ljust(_SHINGLE, b"\0") for text in texts]
    counts = np.array([len(text) - _SHINGLE + 1 for text in padded])
    raw = np.frombuffer(b"".join(padded), np.uint8).astype(np.uint64)
    packed = np.zeros(len(raw) - _SHINGLE + 1, np.uint64)
    for place in range(_SHINGLE):
        packed |= raw[place : len(packed) + place] << np.uint64(8 * place)
    hashes = _mixed(packed)
    begins = np.concatenate([[0], np.cumsum(counts + _SHINGLE - 1)[:-1]])
    parts = [_sketch(hashes[begin : begin + count]) for begin, count in zip(begins, counts, strict=True)]
    return np.concatenate(parts), np.cumsum([0, *map(len, parts[:-1])])


def _sketch(hashes: Words) -> Words:
    """The smallest distinct hashes of a long text: a fair sample of its shingles, the same one in each near-copy."""
    if len(hashes) <= _SKETCH:
        return hashes
    return np.unique(hashes)[:_SKETCH]


def _mixed(values: Longs) -> Words:
    """The upper half of the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((values ^ (values >> np.uint64(31))) >> np.uint64(32)).astype(np.uint32)
