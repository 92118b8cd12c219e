"""Near-copies among many texts: MinHash signatures, banded for lookup.

16 bands of 8 rows meet a pair of similarity 0.8 with probability 0.95, one of 0.9 with 0.9999. Time grows with the
characters, not with the pairs.
"""

from collections.abc import Sequence

from fengkong.corpus.copies import copy_key
from fengkong.text.clusters import Clusters
from fengkong.text.minhash import signatures, similar_pairs

__all__ = ["near_copies"]

SIMILAR = 0.8
"""Jaccard similarity of shingles from which two texts are near-copies."""
_BANDS, _ROWS = 16, 8


def near_copies(texts: Sequence[str], seed: int = 42) -> Clusters:
    """Clusters of positions whose texts are copies or near-copies, directly or through others."""
    clusters = Clusters(len(texts))
    keys = [copy_key(text) for text in texts]
    clusters.join_equal(key or None for key in keys)
    unique = [i for i, key in enumerate(keys) if key and clusters.root(i) == i]
    if len(unique) < 2:
        return clusters
    for left, right in similar_pairs(signatures([keys[i] for i in unique], seed), _BANDS, _ROWS, SIMILAR):
        clusters.join(unique[left], unique[right])
    return clusters
