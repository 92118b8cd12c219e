"""Pre-training from beginning to end: it learns, only hidden words count, it resumes, and what it leaves is a base."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.bases.from_scratch import KINDS, make_base
from fengkong.training.bases.loading import load_base
from fengkong.training.preparation import prepare
from fengkong.training.pretraining.job import Preparing, Provenance, pretrain
from fengkong.training.pretraining.loop import PretrainingStep
from fengkong.training.pretraining.model import MaskedModel
from fengkong.training.pretraining.plan import Pretraining
from fengkong.training.progress import Evaluated
from fengkong.training.recipe import Recipe
from fengkong.training.tuning.loop import fine_tune

MASKABLE = [kind for kind, made in KINDS.items() if made.family == "encoder"]
STOPPED_AT = 7


def run(asked, texts, out, **options):
    return pretrain(asked, texts, out, device="cpu", **options)


def test_hidden_words_are_told_from_the_words_around_them(many_texts, tmp_path):
    base = make_base("bert", many_texts, tmp_path / "base", hidden=64, max_tokens=32)
    asked = Pretraining(base=str(base), epochs=6, max_tokens=32, batch_tokens=512, learning_rate=3e-3)
    result = run(asked, many_texts, tmp_path / "out")
    assert result.curve[-1][1] < 14  # twenty words are equally frequent; four remain to who sees the topic
    assert result.tokens_read == result.curve[-1][0] >= 6 * 0.9 * result.corpus.tokens


def test_events_tell_corpus_pace_and_perplexity(asked, texts, tmp_path):
    events = []
    run(asked, [*texts, texts[0], "hm"], tmp_path / "out", tell=events.append)
    corpus, *rest = (event for event in events if not isinstance(event, Preparing))
    assert (corpus.short, corpus.twice, corpus.held_out, corpus.documents) == (1, 1, 1, 59)
    steps = [event for event in rest if isinstance(event, PretrainingStep)]
    assert [step.step for step in steps] == list(range(1, 13))
    assert all(step.tokens_per_second > 0 and step.seconds_left >= 0 for step in steps)
    assert max(step.learning_rate for step in steps) == pytest.approx(3e-3)
    assert steps[-1].learning_rate < 1e-3
    evaluations = [event for event in rest if isinstance(event, Evaluated)]
    assert evaluations[0].step == 0
    assert evaluations[-1].figures["perplexity"] == math.exp(evaluations[-1].figures["loss"])


def test_logits_are_those_of_hidden_places_alone_and_equal_the_whole_models(bert):
    model = MaskedModel(load_base(str(bert), dropout=0.0), seed=0).eval()
    ids = torch.randint(5, 40, (3, 12))
    hidden = torch.rand(3, 12) < 0.3
    logits = model(ids, hidden)
    expected = model(ids, torch.ones_like(hidden)).reshape(3, 12, -1)[hidden]
    torch.testing.assert_close(logits, expected)
    assert logits.shape == (int(hidden.sum()), model.encoder.config.vocab_size)


def test_the_last_layer_is_the_embedding(bert):
    model = MaskedModel(load_base(str(bert)), seed=0)
    assert model.whole.get_output_embeddings().weight is model.encoder.get_input_embeddings().weight


@pytest.mark.parametrize("kind", MASKABLE)
def test_every_kind_of_encoder_learns_and_reads_as_a_base_again(kind, texts, tmp_path):
    base = make_base(kind, texts, tmp_path / "base", hidden=16, max_tokens=32)
    asked = Pretraining(base=str(base), steps=10, max_tokens=32, batch_tokens=256, learning_rate=1e-2)
    result = run(asked, texts, tmp_path / "out")
    assert result.curve[-1][1] < result.curve[0][1]
    before, after = load_base(str(base)), load_base(str(tmp_path / "out"))
    assert after.encoder.config.model_type == kind
    assert after.max_tokens == before.max_tokens
    assert after.tokenizer.get_vocab() == before.tokenizer.get_vocab()
    moved = [
        name
        for name, weights in after.encoder.named_parameters()
        if not weights.equal(before.encoder.get_parameter(name))
    ]
    assert any("embed" in name for name in moved)
    assert len(moved) > 10


def test_what_is_left_can_be_fine_tuned_and_names_its_terms(asked, texts, tmp_path):
    out = tmp_path / "small-base"
    run(asked, texts, out, provenance=Provenance("letters", "CC-BY-4.0", "fengkong pretrain"))
    assert load_base(str(out)).licence == "CC-BY-4.0"
    page = (out / "README.md").read_text(encoding="utf-8")
    for words in ("letters, 59 documents", "| tokens read | perplexity |", "`fengkong pretrain`", "held out: 1"):
        assert words in page
    assert not (tmp_path / "small-base.unfinished").exists()
    examples = [Example(f"{word} {n}", word) for n in range(12) for word in ("steady income", "overdue debts")]
    prepared = prepare(Recipe.from_values({"base": str(out), "epochs": 1}), Splits(examples, examples, examples))
    *_, finished = fine_tune(prepared.start(), prepared.train, prepared.dev)
    assert finished.step > 0


def test_from_nothing_the_vocabulary_is_that_of_the_corpus(texts, tmp_path, monkeypatch):
    small = {"layers": 2, "hidden": 16, "heads": 2}
    monkeypatch.setattr("fengkong.training.pretraining.start.SIZES", {"small": small})
    result = run(Pretraining(steps=2, vocabulary=120, max_tokens=24), texts, tmp_path / "out")
    base = load_base(str(result.folder))
    assert (base.hidden, base.max_tokens, base.family) == (16, 24, "encoder")
    assert result.corpus.vocabulary == base.tokenizer.get_vocab_size() <= 120
    assert base.tokenizer.encode("违约风险").tokens == ["[CLS]", *"违约风险", "[SEP]"]
    assert "begun with: nothing" in (result.folder / "README.md").read_text()


def test_a_new_vocabulary_keeps_layers_and_known_tokens(bert, tmp_path):
    shutil.copytree(bert, tmp_path / "licensed")
    bert = tmp_path / "licensed"
    (bert / "README.md").write_text("---\nlicense: mit\n---\n")
    chinese = [f"{n} 借款人应当按照约定返还借款, steady." for n in range(40)]
    result = run(Pretraining(base=str(bert), vocabulary=150, steps=1, learning_rate=1e-9), chinese, tmp_path / "out")
    before, after = load_base(str(bert)), load_base(str(tmp_path / "out"))
    assert result.corpus.unknown == 0.0
    tables = [base.encoder.get_input_embeddings().weight for base in (before, after)]
    places = [base.tokenizer.token_to_id("steady") for base in (before, after)]
    torch.testing.assert_close(tables[0][places[0]], tables[1][places[1]], atol=1e-6, rtol=0)
    torch.testing.assert_close(
        before.encoder.get_parameter("encoder.layer.1.output.dense.weight"),
        after.encoder.get_parameter("encoder.layer.1.output.dense.weight"),
        atol=1e-6,
        rtol=0,
    )
    assert "begun with: " in (page := (tmp_path / "out" / "README.md").read_text())
    assert "vocabulary learnt from the corpus (mit)" in page
    assert after.tokenizer.token_to_id("借") is not None
    assert before.tokenizer.token_to_id("借") is None


def test_a_run_that_broke_off_resumes_to_the_same_base(asked, texts, tmp_path):
    out = tmp_path / "out"

    def break_off(event):
        if isinstance(event, PretrainingStep) and event.step == STOPPED_AT:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run(asked, texts, out, tell=break_off, checkpoint_seconds=0)
    assert not out.exists()
    with pytest.raises(SettingsError, match="an unfinished pre-training lies here"):
        run(asked, texts, out)
    with pytest.raises(SettingsError, match="begun with other settings or texts"):
        run(replace(asked, learning_rate=1e-3), texts, out, resume=True)
    with pytest.raises(SettingsError, match="begun with other settings or texts"):
        run(asked, texts[1:], out, resume=True)

    events = []
    resumed = run(asked, texts, out, resume=True, tell=events.append)
    assert next(event.step for event in events if isinstance(event, PretrainingStep)) == STOPPED_AT + 1
    whole = run(asked, texts, tmp_path / "whole")
    assert resumed.curve == whole.curve
    expected = load_file(tmp_path / "whole" / "model.safetensors")
    found = load_file(out / "model.safetensors")
    assert found.keys() == expected.keys()
    assert all(found[name].equal(expected[name]) for name in expected)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_where_memory_runs_out_smaller_pieces_learn_alike(asked, texts, tmp_path, monkeypatch, error):
    forward, pieces = MaskedModel.forward, []

    def small(model, ids, hidden):
        if len(ids) > 3:  # at a step, and when measuring
            raise error
        return forward(model, ids, hidden)

    def note(event):
        if isinstance(event, PretrainingStep):
            pieces.append(event.pieces)

    whole = run(asked, texts, tmp_path / "whole")
    monkeypatch.setattr(MaskedModel, "forward", small)
    cut = run(asked, texts, tmp_path / "cut", tell=note)
    assert pieces == [4] * 12
    assert [p for _, p in cut.curve] == pytest.approx([p for _, p in whole.curve], rel=2e-3)


@pytest.mark.parametrize(("training", "where"), [(True, "step 1"), (False, "measuring after step 0")])
def test_a_row_too_long_for_the_memory_is_said(asked, texts, tmp_path, monkeypatch, training, where):
    forward = MaskedModel.forward

    def full(model, ids, hidden):
        if model.training is training:
            raise MemoryError
        return forward(model, ids, hidden)

    monkeypatch.setattr(MaskedModel, "forward", full)
    with pytest.raises(FacilityError, match=rf"{where}: memory doesn't hold a single row \(received 3\d tokens\)"):
        run(asked, texts, tmp_path / "out")


def test_measuring_is_rare_where_it_would_take_more_than_a_tenth_of_the_work(asked, many_texts, tmp_path):
    steps_measured = []

    def note(event):
        if isinstance(event, Evaluated):
            steps_measured.append(event.step)

    run(replace(asked, steps=20, batch_tokens=64), many_texts, tmp_path / "out", tell=note)
    assert steps_measured == [0, 10, 20]


def test_minutes_become_steps_once(asked, texts, tmp_path, monkeypatch):
    monkeypatch.setattr("fengkong.training.pretraining.job.TRIAL_STEPS", 3)
    out, minutes = tmp_path / "out", replace(asked, steps=None, minutes=0.01)
    seen = []

    def stop(event):
        if isinstance(event, PretrainingStep):
            seen.append(event.steps)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(minutes, texts, out, tell=stop, checkpoint_seconds=0)
    monkeypatch.setattr("fengkong.training.pretraining.job._Trainer._steps_within", lambda *_: 10**6)
    assert run(minutes, texts, out, resume=True).steps == seen[0]


def test_the_tokenizer_reads_as_before(asked, texts, tmp_path):
    run(asked, texts, tmp_path / "out")
    old, new = (Tokenizer.from_file(str(Path(place) / "tokenizer.json")) for place in (asked.base, tmp_path / "out"))
    assert old.to_str() == new.to_str()
