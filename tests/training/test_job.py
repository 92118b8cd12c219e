"""One run end to end on a tiny base: what lies in the folder afterwards, what is refused, and what survives a kill."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fengkong.corpus.splitting import Splits
from fengkong.decisions.bands import Costs
from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import BundleError, SettingsError
from fengkong.domain.findings import Finding, Severity
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.training.evaluation import evaluate
from fengkong.training.job import RunResult, run_job
from fengkong.training.progress import Evaluated, Step
from fengkong.training.recipe import Recipe
from fengkong.training.run_folder import RunFolder
from fengkong.training.stages import Origin, Stage, Task

FOUND = Finding("D004", Severity.WARNING, "a text occurs twice", Place("loans.csv", 7), "remove one")
CHINESE = {"good": "正常还款", "bad": "逾期违约", "unsure": "需人工看"}
CAR = "the applicant writes about a car and a loan for repairs"


def make_recipe(base: Path, **values) -> Recipe:
    tiny = {"base": str(base), "epochs": 2, "learning_rate": 3e-3, "batch_tokens": 256, "precision": "fp32"}
    return Recipe.from_values({**tiny, "threads": 1, "averaging": 0.5, **values})


def metrics_of(result: RunResult) -> dict[str, Any]:
    return json.loads((result.report.parent / "metrics.json").read_text(encoding="utf-8"))


def run_binary(base: Path, splits: Splits, folder: Path, **options: Any) -> RunResult:
    """Two labels and fields, one of which tells documents apart and nothing else, and a text that is too long."""
    train = [replace(ex, fields={**ex.fields, "id": f"A-{number}"}) for number, ex in enumerate(splits.train)]
    train[0] = replace(train[0], text=" ".join([train[0].text] * 20))
    return run_job(
        Task("risk", "bad", costs=Costs(miss=7)),
        make_recipe(base),
        Splits(train, splits.dev, splits.test),
        folder,
        origin=Origin("loans.csv", "fengkong train --data loans.csv", (FOUND,)),
        **options,
    )


def steps_logged(folder: Path) -> list[int]:
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [line["step"] for line in map(json.loads, lines) if line["kind"] == "step"]


@pytest.fixture(scope="module")
def binary(tiny_base, tiny_splits, tmp_path_factory) -> RunResult:
    return run_binary(tiny_base, tiny_splits, tmp_path_factory.mktemp("binary") / "run")


@pytest.fixture(scope="module")
def three(tiny_base, tiny_splits, tmp_path_factory) -> RunResult:
    """Three labels in Chinese, text alone, a report in Chinese."""

    def chinese(examples: list[Example], offset: int = 0) -> list[Example]:
        unsure = [Example(f"{CAR} {'house ' * (n % 5)}", CHINESE["unsure"]) for n in range(len(examples) // 2)]
        return [*(Example(ex.text, CHINESE[ex.label]) for ex in examples), *unsure]

    splits = Splits(chinese(tiny_splits.train), chinese(tiny_splits.dev), chinese(tiny_splits.test))
    folder = tmp_path_factory.mktemp("three") / "run"
    return run_job(Task("intent", language="zh"), make_recipe(tiny_base, epochs=5), splits, folder)


def test_the_sealed_bundle_is_what_was_measured(binary, tiny_splits):
    scorer = Scorer(Bundle.load(binary.bundle), threads=1)
    again = evaluate(scorer, tiny_splits.test, resamples=0)
    told = metrics_of(binary)["models"][0]["test"]
    for name in ("accuracy", "macro_f1", "log_loss", "brier"):
        assert told[name]["value"] == pytest.approx(getattr(again, name).value, abs=1e-9), name
    assert told["binary"]["auc"]["value"] == pytest.approx(again.binary.auc.value)
    assert told["confusion"] == [list(row) for row in again.confusion]
    assert again.accuracy.value > 0.9, "the planted words were not learnt"


def test_calibration_is_undone_to_show_before_and_after(binary, tiny_splits):
    calibration = binary.measurement.calibration
    assert calibration.temperature != 1
    assert calibration.log_loss_before != calibration.log_loss_after
    assert calibration.log_loss_after == pytest.approx(binary.measurement.tuned.test.log_loss.value)
    p = Scorer(Bundle.load(binary.bundle), threads=1).probabilities(
        [ex.text for ex in tiny_splits.test], [ex.fields for ex in tiny_splits.test]
    )
    uncalibrated = p**calibration.temperature
    uncalibrated /= uncalibrated.sum(axis=1, keepdims=True)
    truth = [("bad", "good").index(ex.label) for ex in tiny_splits.test]
    assert calibration.log_loss_before == pytest.approx(-np.log(uncalibrated[range(len(truth)), truth]).mean())


def test_the_figures_stand_beside_the_floors_with_intervals(binary):
    told = metrics_of(binary)
    assert [model["name"] for model in told["models"]] == ["tuned", "majority", "fields", "tfidf", "frozen"]
    for model in told["models"]:
        for part in ("dev", "test"):
            figure = model[part]["macro_f1"]
            assert figure["low"] <= figure["value"] <= figure["high"]
    majority = told["models"][1]["test"]
    assert majority["accuracy"]["value"] == 0.5
    assert told["gain"]["over"] in ("fields", "tfidf", "frozen")
    assert told["run"]["counts"]["test"] == {"good": 20, "bad": 20}
    assert told["decision"]["costs"]["miss"] == 7


def test_the_manifest_says_where_the_model_comes_from_and_how_it_decides(binary, tiny_base):
    manifest = Bundle.load(binary.bundle).manifest
    told = metrics_of(binary)
    assert (manifest.heads[0].name, manifest.heads[0].labels, manifest.heads[0].positive, manifest.language) == (
        "risk",
        ("bad", "good"),
        "bad",
        "en",
    )
    assert manifest.heads[0].temperature == told["calibration"]["temperature"]
    assert manifest.heads[0].thresholds.model_dump() == {
        name: told["decision"]["bands"][name] for name in ("review_from", "decline_from")
    }
    assert [spec.name for spec in manifest.fields] == ["income"]
    assert manifest.training == {
        "data_sha256": told["run"]["data_sha256"],
        "source": "loans.csv",
        "base": str(tiny_base),
        "base_licence": "",
        "recipe_sha256": make_recipe(tiny_base).sha256,
    }
    assert manifest.metrics["parity"]["tried"][-1]["agreement"] >= 0.99
    assert Recipe.load(binary.bundle / "recipe.toml") == make_recipe(tiny_base)


def test_a_positive_label_that_nobody_named_is_not_sealed(tiny_base, tiny_splits, tmp_path):
    result = run_job(Task("risk"), make_recipe(tiny_base, epochs=1), tiny_splits, tmp_path / "run")
    manifest = Bundle.load(result.bundle).manifest
    assert (manifest.heads[0].labels, manifest.heads[0].positive, manifest.heads[0].thresholds) == (
        ("bad", "good"),
        None,
        None,
    )
    assert metrics_of(result)["positive"] == "good", "the figures alone take the second of two"


def test_a_finished_folder_holds_what_it_promises_and_no_more(binary, three):
    for result in (binary, three):
        held = {path.name for path in result.report.parent.iterdir()}
        assert held == {"bundle", "events.jsonl", "metrics.json", "recipe.toml", "report.html"}


def test_the_report_tells_choices_findings_and_three_texts_and_needs_nothing_else(binary):
    page = binary.report.read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|<img|href=|src=|@import|url\(", page)
    for choice in binary.measurement.run.choices:
        assert choice.why.split(";")[0] in page
    for told in (FOUND.message, FOUND.code, "loans.csv:7", "fengkong train --data loans.csv"):
        assert told in page
    codes = [finding.code for finding in binary.measurement.run.findings]
    assert "D004" in codes, "the caller's finding"
    dropped = [finding.message for finding in binary.measurement.run.findings if "id" in finding.place.name]
    assert dropped, "a field that was left out is told"
    assert "The surest right answer" in page
    assert "The least sure answer" in page
    assert '<mark class="for"' in page.split("<blockquote>", 1)[1]


def test_every_stage_has_its_time(binary):
    assert list(binary.measurement.run.seconds) == ["preparing", "tuning", "sealing", "floors", "measuring"]
    assert all(seconds > 0 for seconds in binary.measurement.run.seconds.values())


def test_three_labels_in_chinese(three, tiny_splits):
    told = metrics_of(three)
    labels = sorted(CHINESE.values())
    assert told["labels"] == labels
    assert told["metric"] == "macro_f1"
    assert told["decision"] is None
    assert told["models"][0]["test"]["macro_f1"]["value"] > 0.9
    bundle = Bundle.load(three.bundle)
    assert bundle.manifest.heads[0].labels == tuple(labels)
    assert (bundle.manifest.heads[0].positive, bundle.manifest.heads[0].thresholds, bundle.manifest.fields) == (
        None,
        None,
        (),
    )
    assert Scorer(bundle, threads=1).probabilities(["urgent gambling debts default"]).shape == (1, 3)
    page = three.report.read_text(encoding="utf-8")
    assert "<h2>概率校准</h2>" in page
    assert "把握最大且正确的判断" in page
    assert not re.search(r"[。；：] +[\u4e00-\u9fff]", page), "Chinese sentences need no blank between them"
    assert re.search(rf"<text[^>]*>{CHINESE['bad']}</text>", page)


def test_a_complete_folder_is_not_written_over(binary, tiny_base, tiny_splits):
    folder = binary.report.parent
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for resume in (False, True):
        with pytest.raises(SettingsError, match="lies here already"):
            run_job(Task("risk"), make_recipe(tiny_base), tiny_splits, folder, resume=resume)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_killed_while_tuning_and_while_sealing_it_ends_as_an_uninterrupted_run(
    binary, tiny_base, tiny_splits, tmp_path
):
    folder = tmp_path / "killed"
    done = subprocess.run(  # noqa: S603
        [sys.executable, Path(__file__).with_name("killed_runs.py"), tiny_base, folder],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (half,) = folder.glob(".bundle.*")
    assert (half / "model.onnx").exists()
    for path in (half, folder / "bundle"):
        with pytest.raises(BundleError):
            Bundle.load(path)

    told = []
    killed = run_binary(tiny_base, tiny_splits, folder, resume=True, tell=told.append)
    assert not [event for event in told if isinstance(event, Step)], "training was over, and must not go on"
    mine, whole = killed.measurement.run.curve, binary.measurement.run.curve
    assert mine.best_step == whole.best_step
    assert [step for step, _ in mine.loss] == list(range(1, whole.loss[-1][0] + 1)) == steps_logged(folder)
    np.testing.assert_allclose(mine.loss, whole.loss, atol=1e-6)
    np.testing.assert_allclose(mine.dev, whole.dev, atol=1e-6)
    texts, fields = [ex.text for ex in tiny_splits.test], [ex.fields for ex in tiny_splits.test]
    answers = [Scorer(Bundle.load(run.bundle), threads=1).probabilities(texts, fields) for run in (killed, binary)]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)
    assert {path.name for path in folder.iterdir()} == {path.name for path in binary.report.parent.iterdir()}


class SeenEnoughError(Exception):
    """Ends a run that has shown what a test wants to see."""


def stop_before(stage: str):
    def tell(event):
        if isinstance(event, Stage) and event.name == stage:
            raise SeenEnoughError

    return tell


def test_ctrl_c_saves_what_was_learnt_and_resuming_tells_each_step_once(tiny_base, tiny_splits, tmp_path):
    def interrupt(event):
        if isinstance(event, Step) and event.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    task, recipe, folder = Task("risk", "bad"), make_recipe(tiny_base), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_job(task, recipe, tiny_splits, folder, checkpoint_seconds=3600, tell=interrupt)
    assert (folder / "checkpoint.safetensors").exists()
    assert steps_logged(folder) == [1, 2, 3, 4, 5], "the step under way is finished, saved and logged"

    with pytest.raises(SettingsError, match="--resume"):
        run_job(task, recipe, tiny_splits, folder)
    other = make_recipe(tiny_base, dropout=0.2)
    with pytest.raises(SettingsError, match="another run"):
        run_job(task, other, tiny_splits, folder, resume=True)
    assert Recipe.load(folder / "recipe.toml") == recipe, "what was refused changed nothing"

    other_machine = make_recipe(tiny_base, threads=2)
    with pytest.raises(SeenEnoughError):
        run_job(task, other_machine, tiny_splits, folder, resume=True, tell=stop_before("tuning"))
    with pytest.raises(SeenEnoughError):
        run_job(task, recipe, tiny_splits, folder, resume=True, tell=stop_before("sealing"))
    logged = steps_logged(folder)
    assert logged == list(range(1, logged[-1] + 1))
    assert logged[-1] > 10
    told = [event for event in RunFolder(folder).replay(until=99) if isinstance(event, Evaluated)]
    assert told[-1].step == logged[-1]
