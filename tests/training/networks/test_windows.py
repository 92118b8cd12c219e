"""Long texts in windows: cut, pooled alike in training and in scoring, learnt from, and the deciding place told."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from fengkong.corpus import read_examples, split_examples
from fengkong.domain.documents import Document, Example
from fengkong.domain.errors import SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.tokens import Tokeniser
from fengkong.scoring.windows import Windows, deciding_window, pool_windows
from fengkong.training.bases.loading import load_base
from fengkong.training.encoding import collate, encode, plan_batches
from fengkong.training.evaluation import evaluate
from fengkong.training.job import run_job
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task

WORDS = ["the", "applicant", "writes", "about", "a", "loan", "for", "car", "house", "school", "and", "repairs"]
POOLINGS = ("mean", "max", "attention")


@pytest.fixture
def tokenizer(tiny_base):
    return Tokenizer.from_file(str(tiny_base / "tokenizer.json"))


def texts_of(tokenizer, text, *, max_tokens, windows):
    """The words of each window of one text, and what was not read, in training and live."""
    encoded = encode([Example(text, "a")], tokenizer, np.zeros(1), max_tokens=max_tokens, windows=windows)
    trained = [encoded.tokens[a:b].tolist() for a, b in zip(encoded.starts, encoded.starts[1:], strict=False)]
    pieces, unread = Tokeniser(tokenizer.to_str().encode(), max_tokens, windows=windows).encode_windows([text])[0]
    assert [piece.ids for piece in pieces] == trained
    assert encoded.unread.tolist() == [unread]
    return [[tokenizer.id_to_token(token) for token in row[1:-1]] for row in trained], unread


def test_windows_overlap_and_what_lies_beyond_them_is_counted(tokenizer):
    text = " ".join(WORDS)
    found, unread = texts_of(tokenizer, text, max_tokens=7, windows=Windows(most=4, overlap=2, pooling="mean"))
    assert found == [WORDS[0:5], WORDS[3:8], WORDS[6:11], WORDS[9:12]]
    assert unread == 0
    found, unread = texts_of(tokenizer, text, max_tokens=7, windows=Windows(most=2, overlap=2, pooling="mean"))
    assert found == [WORDS[0:5], WORDS[3:8]]
    assert unread == 4
    assert texts_of(tokenizer, "", max_tokens=7, windows=Windows(most=2, overlap=2, pooling="mean")) == ([[]], 0)


def test_an_earnings_call_of_17000_characters_is_read_to_its_end(tokenizer):
    text = " ".join(WORDS * 260)
    assert len(text) > 17_000
    found, unread = texts_of(tokenizer, text, max_tokens=64, windows=Windows(most=60, overlap=8, pooling="max"))
    assert unread == 0
    assert found[-1][-1] == WORDS[-1]
    # Without the overlaps the windows are the text.
    assert [*found[0], *(word for row in found[1:] for word in row[8:])] == WORDS * 260


def test_batches_keep_the_windows_of_a_text_together(tokenizer):
    examples = [Example(" ".join(WORDS[:n]), "a") for n in (1, 12, 5, 9)]
    windows = Windows(most=4, overlap=2, pooling="mean")
    encoded = encode(examples, tokenizer, np.arange(4), max_tokens=7, windows=windows)
    assert len(encoded) == 4
    assert np.diff(encoded.windows).tolist() == [1, 4, 1, 3]
    batches = plan_batches(encoded.lengths, 30)
    assert sorted(np.concatenate(batches).tolist()) == [0, 1, 2, 3]
    batch = collate(encoded, np.array([1, 0]), padding=0)
    assert batch.owners.tolist() == [0, 0, 0, 0, 1]
    assert batch.input_ids.shape == (5, 7)
    assert batch.targets.tolist() == [1, 0]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_training_and_scoring_pool_alike(tiny_base, pooling):
    base = load_base(str(tiny_base))
    torch.manual_seed(1)
    network = TextClassifier(base.encoder, 3, hidden=base.hidden, field_width=2, windows=pooling).eval()
    with torch.no_grad():
        network.field_head.wide.weight.normal_()
        network.head.weight.normal_()
    ids, mask = torch.randint(4, 30, (6, 9)), torch.ones(6, 9, dtype=torch.long)
    owners, fields = torch.tensor([0, 0, 0, 1, 2, 2]), torch.rand(3, 2)
    with torch.no_grad():
        ours = network.read_windows(ids, mask, owners, fields).numpy()
        rows = network(ids, mask, fields[owners]).numpy()
    live = pool_windows(rows, np.array([0, 3, 4, 6]), pooling)
    np.testing.assert_allclose(ours, live, atol=1e-5)
    if pooling == "mean":
        np.testing.assert_allclose(ours[0], rows[:3].mean(axis=0), atol=1e-5)
    if pooling == "max":
        np.testing.assert_allclose(ours[0], rows[:3].max(axis=0), atol=1e-5)


def test_the_deciding_window_speaks_most_for_the_answer():
    logits = np.array([[5.0, 4.9], [0.0, 3.0], [1.0, 1.0]], dtype=np.float32)
    assert deciding_window(logits, np.array([0.0, 1.0])) == 1
    assert deciding_window(logits, np.array([1.0, 0.0])) == 0


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_tells_the_label_is_found_deep_in_a_long_text(tiny_base, tmp_path, pooling):
    """Cut after 16 tokens, these texts say nothing; their second or third window does."""
    draw = np.random.default_rng(3)
    rows = []
    for number in range(160):
        label = ("good", "bad")[number % 2]
        telling = {"good": "steady income paid on time", "bad": "gambling debts overdue default"}[label]
        before = " ".join(draw.choice(WORDS, 14 + int(draw.integers(20))))
        text = f"{before} {telling} " + " ".join(draw.choice(WORDS, 6))
        rows.append({"text": text, "label": label, "split": ("train", "train", "dev", "test")[number // 2 % 4]})
    path = tmp_path / "long.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe.from_values(
        {
            "base": str(tiny_base),
            "max_tokens": 16,
            "windows": 4,
            "overlap": 4,
            "window_pooling": pooling,
            "epochs": 16,
            "batch_tokens": 512,
            "learning_rate": 4e-3,
        }
    )
    splits = split_examples(read_examples(path), seed=1)
    result = run_job(Task("risk", "bad"), recipe, splits, tmp_path / "run")
    bundle = Bundle.load(result.bundle)
    assert bundle.manifest.windows == Windows(most=4, overlap=4, pooling=pooling)
    scorer = Scorer(bundle, threads=1)
    assert evaluate(scorer, splits.test, resamples=0).accuracy.value > 0.9
    padding = " ".join(WORDS * 2)
    long, short = scorer.score([Document(f"{padding} gambling debts overdue default"), Document("gambling debts")])
    assert (long.label, long.unread) == ("bad", 0)
    (evidence,) = long.spans
    assert evidence.label == "evidence"
    assert "debts overdue" in evidence.text
    assert f"{padding} gambling debts overdue default"[evidence.start : evidence.end] == evidence.text
    assert short.spans == ()
    far = scorer.score([Document(f"{padding} {padding} {padding} gambling debts")])[0]
    assert far.unread > 20


@pytest.mark.parametrize(
    ("recipe", "data", "sentence"),
    [
        ({"max_tokens": 16, "overlap": 12}, {}, "overlap of 12 in windows of 16 tokens.*halve"),
        ({"max_tokens": 16, "overlap": 4}, {"pair": "a car"}, "second texts.*raise max_tokens"),
    ],
)
def test_windows_that_can_not_be_read_are_refused_before_training(tiny_base, tiny_splits, recipe, data, sentence):
    splits = replace(tiny_splits, train=[replace(ex, **data) for ex in tiny_splits.train])
    with pytest.raises(SettingsError, match=f"(?s)in windows so.*{sentence}"):
        prepare(Recipe.from_values({"base": str(tiny_base), "windows": 3, **recipe}), splits)
