"""The chain over tags against its definition: every tagging of a short text written out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.scoring.chains import Chain, allowed, tag_names


def taggings(words: int, tags: int) -> list[tuple[int, ...]]:
    """All valid BIO sequences, by the rule itself."""
    valid = []
    for tagging in product(range(tags), repeat=words):
        before = (0, *tagging)
        if all(tag == 0 or tag % 2 or before[at] in (tag, tag - 1) for at, tag in enumerate(tagging)):
            valid.append(tagging)
    return valid


def entities(tagging: tuple[int, ...]) -> set[tuple[int, int, int]]:
    found, at = set(), 0
    while at < len(tagging):
        end = at + 1
        if tagging[at] % 2:
            while end < len(tagging) and tagging[end] == tagging[at] + 1:
                end += 1
            found.add((at, end - 1, (tagging[at] - 1) // 2))
        at = end
    return found


def weight(tagging: tuple[int, ...], logits: np.ndarray, transitions: np.ndarray, temperature: float) -> float:
    places = (-1, *tagging)
    total = sum(logits[at, tag] + transitions[places[at] + 1, tag] for at, tag in enumerate(tagging))
    return float(np.exp(total / temperature))


def score_of(tagging: tuple[int, ...], logits: np.ndarray, transitions: np.ndarray) -> float:
    return float(np.log(weight(tagging, logits, transitions, 1.0)))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    types=st.integers(1, 2),
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    trained=st.booleans(),
    temperature=st.sampled_from([0.7, 1.0, 2.5]),
)
def test_decoding_agrees_with_all_taggings_written_out(
    seed: int, types: int, lengths: list[int], trained: bool, temperature: float
) -> None:
    draw = np.random.default_rng(seed)
    tags = 1 + 2 * types
    logits = draw.normal(0, 3, (len(lengths), max(lengths) + 1, tags)).astype(np.float32)
    transitions = draw.normal(0, 2, (1 + tags, tags)) if trained else np.zeros((1 + tags, tags))
    chain = Chain(types, transitions if trained else None, temperature)
    found, holds = chain.decode(logits, np.array(lengths))
    for row, length in enumerate(lengths):
        ways = taggings(length, tags)
        weights = np.array([weight(way, logits[row], transitions, temperature) for way in ways])
        weights /= weights.sum()
        best = max(ways, key=lambda way: score_of(way, logits[row], transitions))
        mine = {(int(a), int(b), int(t)): p for r, a, b, t, p in zip(*found, strict=True) if r == row}
        assert mine.keys() == entities(best)
        for entity, p in mine.items():
            assert p == pytest.approx(sum(w for way, w in zip(ways, weights, strict=True) if entity in entities(way)))
        for kind in range(types):
            expected = sum(w for way, w in zip(ways, weights, strict=True) if any(e[2] == kind for e in entities(way)))
            assert holds[row, kind] == pytest.approx(expected, abs=1e-9)


def test_what_is_padded_and_what_is_scored_together_changes_nothing() -> None:
    draw = np.random.default_rng(5)
    logits = draw.normal(0, 3, (3, 6, 5))
    chain = Chain(2)
    found, holds = chain.decode(logits, np.array([6, 2, 4]))
    logits[1, 2:] = logits[2, 4:] = 1e6
    again, held = chain.decode(logits, np.array([6, 2, 4]))
    alone, one = chain.decode(logits[1:2, :2], np.array([2]))
    np.testing.assert_allclose(holds, held)
    np.testing.assert_allclose(holds[1:2], one)
    np.testing.assert_allclose(found.p, again.p)
    np.testing.assert_array_equal(found.first[found.row == 1], alone.first)


def test_a_tag_that_is_sure_but_impossible_leaves_valid_answers() -> None:
    logits = np.zeros((1, 2, 3))
    logits[0, 0, 2] = logits[0, 1, 2] = 5000.0  # I where nothing has begun
    found, holds = Chain(1, temperature=0.05).decode(logits, np.array([2]))
    assert (found.first.tolist(), found.last.tolist()) == ([0], [1])
    assert np.isfinite(holds).all()
    assert np.isfinite(found.p).all()


def test_a_text_without_a_finite_score_has_no_entity_and_no_probability() -> None:
    logits = np.zeros((2, 3, 3))
    logits[:, :, 1] = 4.0
    logits[0, 1, 0] = np.nan
    found, holds = Chain(1).decode(logits, np.array([3, 3]))
    assert set(found.row.tolist()) == {1}
    assert np.isnan(holds[0]).all()
    assert np.isfinite(holds[1]).all()


def test_no_words_at_all() -> None:
    found, holds = Chain(2).decode(np.zeros((2, 0, 5)), np.array([0, 0]))
    assert len(found.row) == 0
    assert holds.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_order_of_tags_and_what_may_follow() -> None:
    assert tag_names(["ORG", "PER"]) == ("O", "B-ORG", "I-ORG", "B-PER", "I-PER")
    may = allowed(2)
    assert may[0].tolist() == [True, True, False, True, False]  # the start
    assert may[1 + 3].tolist() == [True, True, False, True, True]  # behind B-PER
