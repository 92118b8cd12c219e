"""Near-copies among many texts: MinHash signatures, banded for lookup.

16 bands of 8 rows meet a pair of similarity 0.8 with probability 0.95, one of 0.9 with 0.9999. Time grows with the
characters, not with the pairs.
"""

from collections.abc import Sequence

import numpy as np

from fengkong.corpus.copies import Clusters, copy_key
from fengkong.text.minhash import Words, band_keys, signatures

__all__ = ["near_copies"]

SIMILAR = 0.8
"""Jaccard similarity of shingles from which two texts are near-copies."""
_BANDS = 16


def near_copies(texts: Sequence[str], seed: int = 42) -> Clusters:
    """Clusters of positions whose texts are copies or near-copies, directly or through others."""
    clusters = Clusters(len(texts))
    keys = [copy_key(text) for text in texts]
    clusters.join_equal(key or None for key in keys)
    unique = [i for i, key in enumerate(keys) if key and clusters.root(i) == i]
    if len(unique) < 2:
        return clusters
    for left, right in _similar_pairs(signatures([keys[i] for i in unique], seed)):
        clusters.join(unique[left], unique[right])
    return clusters


def _similar_pairs(found: Words) -> list[tuple[int, int]]:
    """Pairs of rows that agree in a band and, by the whole signature, are similar.

    In each bucket a row is compared with its neighbour and with the bucket's first, not with all: linear in the texts.
    """
    candidates = []
    for key in band_keys(found, _BANDS):
        order = np.argsort(key, kind="stable")
        same = key[order[1:]] == key[order[:-1]]
        heads = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0))
        later = np.flatnonzero(same) + 1
        candidates += [order[earlier] * len(order) + order[later] for earlier in (later - 1, heads[later])]
    pairs = np.stack(np.divmod(np.unique(np.concatenate(candidates)), len(found)), axis=1)
    similar = [
        (found[part[:, 0]] == found[part[:, 1]]).mean(axis=1) >= SIMILAR
        for part in np.array_split(pairs, len(pairs) // 10_000 + 1)
    ]
    return [(left, right) for left, right in pairs[np.concatenate(similar)].tolist()]
