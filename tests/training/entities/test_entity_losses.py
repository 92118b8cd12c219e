"""The losses over tags against their definitions written out."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.scoring.chains import Chain
from fengkong.training.entities.losses import chain_loss, soft_iou_loss, tag_cross_entropy
from fengkong.training.entities.targets import NO_TAG


def valid(tagging: tuple[int, ...]) -> bool:
    return all(
        tag == 0 or tag % 2 or before in (tag, tag - 1) for before, tag in zip((0, *tagging), tagging, strict=False)
    )


def padded(rows: list[list[int]]) -> torch.Tensor:
    """Targets with a special token in front and behind, and a sub-word without a tag after each word."""
    widest = max(len(row) for row in rows)
    table = torch.full((len(rows), 2 * widest + 2), NO_TAG, dtype=torch.int16)
    for place, row in enumerate(rows):
        for at, tag in enumerate(row):
            table[place, 1 + 2 * at] = tag
    return table


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), lengths=st.lists(st.integers(0, 4), min_size=1, max_size=3), trained=st.booleans())
def test_the_chain_is_normalised_over_all_valid_sequences(seed: int, lengths: list[int], trained: bool) -> None:
    draw = np.random.default_rng(seed)
    tags = 5
    ways = {n: [way for way in product(range(tags), repeat=n) if valid(way)] for n in set(lengths)}
    rows = [list(ways[n][draw.integers(len(ways[n]))]) for n in lengths]
    targets = padded(rows)
    logits = torch.from_numpy(draw.normal(0, 2, (*targets.shape, tags))).float()
    transitions = torch.from_numpy(draw.normal(0, 2, (1 + tags, tags))).float() if trained else None
    between = np.zeros((1 + tags, tags)) if transitions is None else transitions.numpy()

    def score(row: int, way: tuple[int, ...]) -> float:
        before = (-1, *way)
        return sum(float(logits[row, 1 + 2 * at, tag]) + between[before[at] + 1, tag] for at, tag in enumerate(way))

    total = 0.0
    for place, row in enumerate(rows):
        scores = np.array([score(place, way) for way in ways[len(row)]])
        total += np.log(np.exp(scores).sum()) - score(place, tuple(row))
    found = float(chain_loss(logits, targets, transitions))
    assert found == pytest.approx(total / max(1, sum(lengths)), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("loss", [tag_cross_entropy, soft_iou_loss, chain_loss])
def test_tokens_without_a_tag_change_nothing(loss: object) -> None:
    targets = padded([[0, 1, 2], [3]])
    logits = torch.randn(*targets.shape, 5, generator=torch.Generator().manual_seed(0))
    spoilt = logits.masked_fill((targets < 0).unsqueeze(-1), 77.0)
    assert float(loss(logits, targets)) == pytest.approx(float(loss(spoilt, targets)))  # type: ignore[operator]


@pytest.mark.parametrize("loss", [tag_cross_entropy, soft_iou_loss, chain_loss])
def test_a_batch_without_a_word_has_no_loss_and_a_gradient(loss: object) -> None:
    logits = torch.zeros(2, 3, 5, requires_grad=True)
    found = loss(logits, torch.full((2, 3), NO_TAG))  # type: ignore[operator]
    found.backward()
    assert found.item() == 0.0
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


def test_soft_iou_is_nought_for_the_truth_and_weighs_rare_tags_like_common_ones() -> None:
    targets = torch.tensor([[0] * 18 + [1, 2]])
    right = torch.nn.functional.one_hot(targets, 5).float() * 50
    assert float(soft_iou_loss(right, targets)) == pytest.approx(0, abs=1e-6)
    all_o = torch.nn.functional.one_hot(torch.zeros_like(targets), 5).float() * 50
    assert float(soft_iou_loss(all_o, targets)) == pytest.approx(1 - 18 / 20 / 3, abs=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "soft_iou", "chain"])
def test_each_loss_leads_to_the_marked_entities(loss: str) -> None:
    targets = torch.tensor([[NO_TAG, 0, 1, 2, 3, NO_TAG], [NO_TAG, 3, 4, 0, NO_TAG, NO_TAG]])
    logits = torch.zeros(2, 6, 5, requires_grad=True)
    transitions = torch.zeros(6, 5, requires_grad=True)
    losses = {
        "cross_entropy": lambda: tag_cross_entropy(logits, targets),
        "soft_iou": lambda: soft_iou_loss(logits, targets),
        "chain": lambda: chain_loss(logits, targets, transitions),
    }
    optimiser = torch.optim.Adam([logits, transitions], lr=0.3)
    for _ in range(60):
        optimiser.zero_grad()
        losses[loss]().backward()
        optimiser.step()
    chain = Chain(2, transitions.detach().double().numpy())
    found, _ = chain.decode(logits.detach().numpy()[:, 1:], np.array([4, 3]))
    spans = sorted(zip(found.row.tolist(), found.first.tolist(), found.last.tolist(), found.type.tolist(), strict=True))
    assert spans == [(0, 1, 2, 0), (0, 3, 3, 1), (1, 0, 1, 1)]
