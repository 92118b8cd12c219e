"""Entities of texts longer than the network reads at once: learnt, sealed and found over all windows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Document, Example
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.tokens import Tokeniser
from fengkong.scoring.windows import Windows
from fengkong.training.encoding import collate
from fengkong.training.entities.targets import NO_TAG, tag_tokens
from fengkong.training.evaluation import evaluate
from fengkong.training.job import run_job
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task

PLAIN = ["the", "applicant", "writes", "about", "a", "loan"]
NAMES = {"ORG": (["steady", "stable"], ["income", "job", "savings"]), "PER": (["urgent", "overdue"], ["cash", "debts"])}
RECIPE = {"max_tokens": 14, "windows": 6, "overlap": 6, "batch_tokens": 512, "threads": 1}


def long_text(draw: np.random.Generator, entities: int = 3) -> Example:
    """About 40 words; names of two to four words, anywhere."""
    words: list[str] = []
    spans = []
    for _ in range(entities):
        words += draw.choice(PLAIN, int(draw.integers(5, 12))).tolist()
        kind = str(draw.choice([*NAMES]))
        first, rest = NAMES[kind]
        name = " ".join([str(draw.choice(first)), *map(str, draw.choice(rest, int(draw.integers(1, 4))))])
        start = len(" ".join(words)) + 1
        spans.append(Span(start, start + len(name), name, kind))
        words.append(name)
    return Example(" ".join([*words, "and"]), "", entities=tuple(spans))


@pytest.fixture(scope="module")
def splits() -> Splits:
    draw = np.random.default_rng(5)
    return Splits(*([long_text(draw) for _ in range(count)] for count in (80, 30, 30)))


def prepared(base: Path, splits: Splits, **recipe: object) -> Prepared:
    return prepare(Recipe.from_values({**RECIPE, "base": str(base), "epochs": 1, **recipe}), splits)


def test_each_word_of_a_long_text_has_one_tag_and_is_tagged_where_the_scorer_reads_it(
    tiny_base: Path, splits: Splits
) -> None:
    windows = Windows(most=6, overlap=6, pooling="mean")
    tokenizer = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    tags = tag_tokens(splits.train, tokenizer, ("ORG", "PER"), 14, windows).tags
    assert (tags != NO_TAG).sum(axis=1).tolist() == [len(ex.text.split()) for ex in splits.train]
    assert ((tags == 1) | (tags == 3)).sum() == sum(len(ex.entities or ()) for ex in splits.train)
    _, words = Tokeniser(tokenizer.to_str().encode(), 14, windows=windows).encode_words(
        [ex.text for ex in splits.train]
    )
    assert (tags[words.text, words.lead] != NO_TAG).all()
    assert len(words.text) == (tags != NO_TAG).sum()


def test_a_text_in_windows_is_one_row_of_logits_for_each_token_that_is_kept(tiny_base: Path, splits: Splits) -> None:
    ready = prepared(tiny_base, splits)
    batch = collate(ready.train, np.arange(3), padding=0)
    ids, mask, owners, kept = map(torch.from_numpy, (batch.input_ids, batch.attention_mask, batch.owners, batch.kept))
    with torch.no_grad():
        found = ready.network.read_windows(ids, mask, owners, None, kept)
        rows = ready.network(ids, mask)
    for text in range(3):
        mine = torch.cat([rows[row][kept[row]] for row in (owners == text).nonzero().flatten()])
        assert len(mine) == len(splits.train[text].text.split()) + 2
        torch.testing.assert_close(found[text, : len(mine)], mine)


def test_names_are_found_all_over_a_text_of_many_windows(tiny_base: Path, splits: Splits, tmp_path: Path) -> None:
    recipe = Recipe.from_values(
        {**RECIPE, "base": str(tiny_base), "epochs": 20, "learning_rate": 4e-3, "batch_tokens": 256, "loss": "crf"}
    )
    result = run_job(Task("names"), recipe, splits, tmp_path / "run")
    bundle = Bundle.load(result.bundle)
    assert bundle.manifest.windows == Windows(most=6, overlap=6, pooling="mean")
    scorer = Scorer(bundle, threads=1)
    found = evaluate(scorer, splits.test, resamples=0).figures["entity_f1"].value
    assert found > 0.9
    assert found == pytest.approx(result.measurement.tuned.test.figures["entity_f1"].value)
    parity = bundle.manifest.metrics["parity"]["tried"][-1]
    assert (parity["metric"], parity["agreement"] >= 0.99) == ("entity_f1", True)

    plain = " ".join(PLAIN * 2)
    text = f"{plain} steady income job savings {plain} overdue cash {plain}"
    near, far = scorer.score([Document(text), Document(f"{text} {text}")])
    assert [(span.text, span.label) for span in near.spans] == [
        ("steady income job savings", "ORG"),
        ("overdue cash", "PER"),
    ]
    assert near.unread == 0
    assert far.unread > 30  # six windows of twelve words that share six


def test_windows_whose_pooling_is_for_whole_texts_pool_nothing_here(tiny_base: Path, splits: Splits) -> None:
    assert prepared(tiny_base, splits, window_pooling="attention").network.gate is None
