"""Signatures agree in about as many places as the texts' shingle sets overlap, and similar pairs are found."""

import numpy as np
import pytest

from fengkong.text.clusters import Clusters
from fengkong.text.minhash import band_keys, signatures, similar_pairs

ENGLISH = "I need a loan to pay off my credit cards; I have worked as a nurse for years and never missed a payment. "
CHINESE = "本人从事餐饮行业多年，近期因店面装修急需资金周转，收入稳定，无不良嗜好，保证按时还款，望批准。"


def jaccard(one, other):
    sets = [{text.encode()[at : at + 6] for at in range(len(text.encode()) - 5)} for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("kept", [1.0, 0.9, 0.7, 0.4, 0.0])
def test_signatures_estimate_the_similarity_of_texts(text, kept):
    other = text[: int(kept * len(text))] + "".join(reversed(text[int(kept * len(text)) :]))
    left, right = signatures([text, other])
    assert (left == right).mean() == pytest.approx(jaccard(text, other), abs=0.13)  # three standard errors


def test_a_signature_does_not_hang_on_the_texts_beside_it():
    texts = [ENGLISH * 40, "", "短", CHINESE, ENGLISH * 900]
    together = signatures(texts)
    assert np.array_equal(together, np.concatenate([signatures([text]) for text in texts]))


def test_similar_pairs_are_found_and_no_others():
    texts = [CHINESE, ENGLISH, CHINESE + "谢谢", ENGLISH.replace("nurse", "teacher"), CHINESE[::-1], ENGLISH[::-1]]
    found = signatures(texts)
    assert sorted(map(sorted, similar_pairs(found, 16, 4, 0.7))) == [[0, 2], [1, 3]]
    assert similar_pairs(found[:1], 16, 4, 0.7) == []
    assert len(list(band_keys(found, 16, 4))) == 16


def test_clusters_grow_together_and_are_told_by_their_smallest():
    clusters = Clusters(6)
    clusters.join_equal(["a", None, "b", "a", None, "b"])
    clusters.join(5, 1)
    assert clusters.members() == [[0, 3], [1, 2, 5], [4]]
    assert clusters.root(5) == 1
