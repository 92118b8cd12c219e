"""The recipe's `model`, end to end on a tiny base: what is trained, sealed and said for each of its values."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.fitting import fit_fields
from fengkong.scoring.scorer import Scorer
from fengkong.training import contrastive
from fengkong.training.automatic import affordable_passes, train_model
from fengkong.training.job import run_job
from fengkong.training.preparation import prepare
from fengkong.training.progress import Step
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Stage, Task
from fengkong.training.tuning.predict import predict_logits


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    monkeypatch.setattr(contrastive, "EVALUATED_AT", (0, 15))


def recipe(base, **values):
    tiny = {"base": str(base), "epochs": 2, "learning_rate": 3e-3, "batch_tokens": 256, "precision": "fp32"}
    return Recipe.from_values({**tiny, "threads": 1, **values})


def run(base, splits, folder, **values):
    stages = []
    run_job(Task("risk", "bad"), recipe(base, **values), splits, folder, tell=stages.append)
    bundle = Bundle.load(folder / "bundle")
    told = [event.name for event in stages if isinstance(event, Stage) and event.name.startswith("training ")]
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return bundle, [name.removeprefix("training ") for name in told], metrics


def right(bundle, examples):
    found = Scorer(bundle).probabilities([ex.text for ex in examples], [ex.fields for ex in examples])
    labels = bundle.manifest.heads[0].labels
    return np.mean([labels[row.argmax()] == ex.label for row, ex in zip(found, examples, strict=True)])


@pytest.fixture
def few(tiny_splits):
    return Splits(tiny_splits.train[:24], tiny_splits.dev, tiny_splits.test)


def test_n_grams_alone_are_sealed_without_a_network(tiny_base, tiny_splits, tmp_path):
    bundle, _, metrics = run(tiny_base, tiny_splits, tmp_path / "r", model="ngrams")
    assert sorted(file.name for file in (tmp_path / "r" / "bundle").iterdir()) == [
        *("manifest.json", "model_card.md", "ngrams.npz", "recipe.toml"),
    ]
    assert right(bundle, tiny_splits.test) > 0.9
    assert metrics["run"]["bundle"]["precision"] == "fp16"
    assert metrics["run"]["model"] == ["ngrams"]
    assert "the sealed model (n-grams) reaches" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "100.0% equal answers" in metrics["run"]["bundle"]["parity"]
    assert (tmp_path / "r" / "report.html").exists()


def test_a_blend_seals_both_and_is_calibrated_as_one(tiny_base, tiny_splits, tmp_path):
    def doubtful(examples):
        flipped = {"good": "bad", "bad": "good"}
        return [replace(ex, label=flipped[ex.label] if n % 7 < 2 else ex.label) for n, ex in enumerate(examples)]

    splits = Splits(doubtful(tiny_splits.train), doubtful(tiny_splits.dev), tiny_splits.test)
    bundle, told, _ = run(tiny_base, splits, tmp_path / "r", model="blend")
    assert told == ["ngrams", "tuned"]
    assert set(bundle.manifest.blend) == {"model.onnx", "ngrams.npz"}
    assert sum(bundle.manifest.blend.values()) == pytest.approx(1)
    assert right(bundle, tiny_splits.test) > 0.9
    card = (tmp_path / "r" / "bundle" / "model_card.md").read_text(encoding="utf-8")
    assert "n-grams, whose part in the answer is" in card
    assert "the sealed model (tuned + n-grams) reaches" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_an_interrupted_race_ends_where_an_uninterrupted_one_does(tiny_base, tiny_splits, tmp_path):
    class KilledError(Exception):
        pass

    def die(event):
        if isinstance(event, Step) and event.step == 3:
            raise KilledError

    given = Task("risk", "bad"), recipe(tiny_base, model="blend", epochs=1), tiny_splits
    with pytest.raises(KilledError):
        run_job(*given, tmp_path / "killed", checkpoint_seconds=0.0, tell=die)
    resumed, whole = run_job(*given, tmp_path / "killed", resume=True), run_job(*given, tmp_path / "whole")
    assert Bundle.load(resumed.bundle).id == Bundle.load(whole.bundle).id


def test_auto_with_few_labels_tries_pairs_and_not_full_tuning(tiny_base, few, tmp_path):
    bundle, told, metrics = run(tiny_base, few, tmp_path / "r", model="auto")
    assert told == ["ngrams", "frozen", "contrastive"]
    assert right(bundle, few.test) > 0.8
    tried = {one["name"]: one for one in metrics["run"]["tried"]}
    assert {"ngrams", "frozen", "contrastive", "tuned"} <= set(tried)
    assert "not tried: " in tried["tuned"]["why"]
    assert "learnt by heart" in tried["tuned"]["why"]
    assert tried["tuned"]["figure"] is None
    assert [one["name"] for one in tried.values() if one["kept"]] == [metrics["run"]["choices"][0]["value"]]
    report = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "Models that were tried" in report
    assert "learnt by heart" in report


def test_auto_with_many_labels_tunes_within_the_minutes(tiny_base, tiny_splits, tmp_path):
    _, told, metrics = run(tiny_base, tiny_splits, tmp_path / "r", model="auto")
    assert told == ["ngrams", "frozen", "contrastive", "tuned"]
    assert any(one["name"] == "tuned" and one["figure"] > 0.5 for one in metrics["run"]["tried"])
    assert json.loads((tmp_path / "r" / "passes.json").read_text()) == 2


def test_without_time_tuning_is_left_out_and_said_so(tiny_base, tiny_splits):
    prepared = prepare(recipe(tiny_base, model="auto", minutes=1e-6), tiny_splits)
    trained = train_model(prepared, tiny_splits, lambda _: pytest.fail("there was no time to tune"))
    (line,) = (one for one in trained.tried if one.name == "tuned")
    assert "not one pass" in line.why


def test_a_base_that_can_t_read_the_texts_is_left_out(tiny_base):
    words = {"good": "工资稳定", "bad": "多次逾期"}
    examples = [Example(f"{words[label]}{number}", label) for number in range(30) for label in words]
    splits = Splits(examples, examples, examples)
    prepared = prepare(recipe(tiny_base, model="auto"), splits)
    trained = train_model(prepared, splits, lambda _: [])
    assert dict(trained.blend) == {"ngrams.npz": 1.0}
    assert trained.members == ("ngrams",)
    assert any(one.name == "networks" and one.figure is None for one in trained.tried)


@pytest.mark.parametrize("model", ["frozen", "contrastive"])
def test_the_network_left_behind_is_the_one_that_was_chosen(tiny_base, few, model):
    prepared = prepare(
        recipe(tiny_base, model=model), few, fields=FieldEncoder(fit_fields([ex.fields for ex in few.train]))
    )
    trained = train_model(prepared, few, lambda _: [])
    assert dict(trained.blend) == {"model.onnx": 1.0}
    dev = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    assert trained.dev == pytest.approx(dev, abs=1e-5)
    assert (dev.argmax(axis=1) == prepared.dev.targets).mean() > 0.8


def test_several_labels_a_text(tiny_base, few, tmp_path):
    def several(examples):
        return [
            replace(ex, labels=(ex.label,) if number % 3 else (ex.label, "odd")) for number, ex in enumerate(examples)
        ]

    splits = Splits(*(several(part) for _, part in few))
    run_job(Task("topics"), recipe(tiny_base, model="auto"), splits, tmp_path / "r")
    head = Bundle.load(tmp_path / "r" / "bundle").manifest.heads[0]
    assert head.task == "multilabel"
    assert len(head.cutoffs) == 3


def test_what_can_t_be_is_refused_before_anything_is_written(tiny_base, tiny_splits, tmp_path):
    numbers = Splits(*([Example(ex.text, str(len(ex.text))) for ex in part] for _, part in tiny_splits))
    for splits, values, fault in (
        (numbers, {"model": "ngrams", "task": "regression"}, "for labels of a text"),
        (tiny_splits, {"model": "contrastive", "way": "lora"}, "tunes in its own way"),
    ):
        with pytest.raises(SettingsError, match=fault):
            run_job(Task("risk"), recipe(tiny_base, **values), splits, tmp_path / "r")
        assert not (tmp_path / "r").exists()


def test_auto_on_numbers_is_tuning(tiny_base, tiny_splits, tmp_path):
    numbers = Splits(*([Example(ex.text, str(len(ex.text))) for ex in part] for _, part in tiny_splits))
    run_job(Task("length"), recipe(tiny_base, model="auto", task="regression"), numbers, tmp_path / "r")
    assert dict(Bundle.load(tmp_path / "r" / "bundle").manifest.blend) == {"model.onnx": 1.0}


def test_passes_follow_the_seconds(tiny_base, tiny_splits):
    plan = prepare(recipe(tiny_base, epochs=10), tiny_splits).plan
    assert affordable_passes(plan, reading_seconds=1.0, seconds=1000) == 10
    assert affordable_passes(plan, reading_seconds=1.0, seconds=13) == 3
    assert affordable_passes(plan, reading_seconds=1.0, seconds=3) == 0
