"""Whole runs of a tagger: from a file with tags to a sealed bundle that finds entities without torch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fengkong.corpus import read_examples, split_examples
from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, SettingsError
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer
from fengkong.training.data_sum import data_digest
from fengkong.training.evaluation import evaluate
from fengkong.training.exporting.entity_parity import _tags
from fengkong.training.job import RunResult, run_job
from fengkong.training.preparation import prepare
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task

FAST = {"epochs": 12, "batch_tokens": 256, "learning_rate": 3e-3, "max_tokens": 32, "threads": 1}
# Each word tells its tag, and there are more names than a dictionary of train can hold.
NAMES = {"ORG": (["steady", "stable"], ["income", "job", "savings"]), "PER": (["urgent", "overdue"], ["cash", "debts"])}
PLAIN = ["the", "applicant", "writes", "about", "a", "loan"]


def rows(count: int) -> list[dict[str, Any]]:
    draw = np.random.default_rng(3)
    made = []
    for number in range(count):
        tokens, tags = [], []
        for kind in draw.permutation([*NAMES])[: number % 3]:
            plain = draw.choice(PLAIN, 2).tolist()
            first, rest = NAMES[kind]
            name = [draw.choice(first), *draw.choice(rest, int(draw.integers(5)))]
            tokens += [*plain, *map(str, name)]
            tags += ["O", "O", f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1)]
        split = ("train", "train", "dev", "test")[number // 3 % 4]
        made.append({"tokens": [*tokens, "and"], "tags": [*tags, "O"], "split": split})
    return made


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "names.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(240)))
    return path


NAMED = Task("names")


def run(path: Path, base: Path, folder: Path, task: Task = NAMED, **recipe: Any) -> tuple[RunResult, Splits]:
    splits = split_examples(read_examples(path))
    return run_job(task, Recipe.from_values({**FAST, "base": str(base), **recipe}), splits, folder), splits


def test_from_tags_to_a_bundle_that_finds_them(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    result, splits = run(tagged, tiny_base, tmp_path / "run", Task("names", "PER"))
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())
    tuned, floor = told["models"]
    assert (told["task"], told["metric"], told["labels"]) == ("entities", "entity_f1", ["ORG", "PER"])
    assert (tuned["name"], floor["name"]) == ("tuned", "dictionary")
    assert tuned["test"]["figures"]["entity_f1"]["value"] > 0.9
    assert tuned["test"]["figures"]["entity_f1"]["value"] > floor["test"]["figures"]["entity_f1"]["value"] + 0.1
    assert sum(row["support"] for row in tuned["test"]["labels"]) == sum(len(ex.entities or ()) for ex in splits.test)
    assert told["run"]["counts"]["train"].keys() == {"ORG", "PER"}

    bundle = Bundle.load(result.bundle)
    scorer = Scorer(bundle, threads=1)
    text = "The applicant  steady Income  Job and ＵRgent"
    (signal,) = scorer.score([Document(text)])
    assert [(span.text, span.label) for span in signal.spans] == [
        ("steady Income  Job", "ORG"),
        ("ＵRgent", "PER"),
    ]
    assert (signal.label, signal.name) == ("ORG|PER", "names")
    assert signal.p == signal.probabilities["PER"] > 0.8
    (none,) = scorer.score([Document("the applicant writes")])
    assert (none.label, none.spans) == ("", ())

    assert evaluate(scorer, splits.test, resamples=0).figures["entity_f1"].value == pytest.approx(
        tuned["test"]["figures"]["entity_f1"]["value"]
    )
    parity = bundle.manifest.metrics["parity"]["tried"][-1]
    assert parity["metric"] == "entity_f1"
    assert parity["agreement"] >= 0.99
    assert parity["figure_trained"] - parity["figure"] <= 0.005
    report = (tmp_path / "run" / "report.html").read_text()
    assert "F1 of entities" in report
    assert "names of train looked up" in report


def test_a_field_of_transitions_is_trained_and_sealed(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    result, splits = run(tagged, tiny_base, tmp_path / "run", loss="crf")
    bundle = Bundle.load(result.bundle)
    transitions = np.array(bundle.manifest.heads[0].transitions)
    assert transitions.shape == (6, 5)
    assert np.abs(transitions).max() > 0
    found = evaluate(Scorer(bundle, threads=1), splits.test, resamples=0)
    assert found.figures["entity_f1"].value > 0.9


def test_a_run_that_was_cut_off_ends_like_one_that_was_not(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop_late(event: object) -> None:
        if getattr(event, "step", 0) == 5:
            raise StoppedError

    recipe = Recipe.from_values({**FAST, "epochs": 2, "base": str(tiny_base), "loss": "crf"})
    splits = split_examples(read_examples(tagged))
    whole = run_job(Task("names"), recipe, splits, tmp_path / "whole")
    with pytest.raises(StoppedError):
        run_job(Task("names"), recipe, splits, tmp_path / "cut", tell=stop_late, checkpoint_seconds=0)
    cut = run_job(Task("names"), recipe, splits, tmp_path / "cut", resume=True)
    first, second = (Bundle.load(result.bundle).manifest for result in (whole, cut))
    assert first.heads == second.heads
    assert first.files["weights.safetensors"] == second.files["weights.safetensors"]


def test_the_kind_is_found_by_the_marks_and_what_does_not_fit_it_is_refused(tagged: Path, tiny_base: Path) -> None:
    splits = split_examples(read_examples(tagged))

    def prepared(**recipe: Any) -> Any:
        return prepare(Recipe.from_values({**FAST, "base": str(tiny_base), **recipe}), splits)

    assert prepared().kind.task == "entities"
    with pytest.raises(SettingsError, match=r"loss is not one of task 'entities'.*'focal'.*soft_iou or crf"):
        prepared(loss="focal")
    with pytest.raises(SettingsError, match="loss is not one of task 'classification'"):
        prepared(loss="crf", task="classification")
    with pytest.raises(SettingsError, match="metric is not one of task 'entities'"):
        prepared(metric="auc")


def test_types_that_train_lacks_are_refused_with_their_place(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    lines = tagged.read_text().splitlines()
    odd = {"tokens": ["house"], "tags": ["B-PERS"], "split": "test"}
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join([*lines, json.dumps(odd)]))
    with pytest.raises(InputError, match=r"odd\.jsonl:241: an entity type is not among those trained.*'PER'"):
        run(path, tiny_base, tmp_path / "run")


def test_entities_that_end_within_a_word_are_told(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    within = {"text": "the applicant", "entities": [{"start": 4, "end": 7, "label": "PER"}], "split": "train"}
    path = tmp_path / "within.jsonl"
    path.write_text("".join(json.dumps({**within, "split": split}) + "\n" for split in ("train", "dev", "test")))
    recipe = Recipe.from_values({**FAST, "base": str(tiny_base)})
    prepared = prepare(recipe, split_examples(read_examples(path)))
    assert [(finding.code, "word: 1;" in finding.message) for finding in prepared.findings] == [("T005", True)]
    assert not prepare(recipe, split_examples(read_examples(tagged))).findings


def test_a_second_text_is_refused(tagged: Path, tiny_base: Path, tmp_path: Path) -> None:
    first, *rest = tagged.read_text().splitlines()
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join([json.dumps({**json.loads(first), "pair": "the bank"}), *rest]))
    with pytest.raises(InputError, match=r"pairs\.jsonl:1: entities are found in one text"):
        run(path, tiny_base, tmp_path / "run")


def test_marks_are_part_of_what_a_run_knows_its_data_by(tagged: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    marked = [json.loads(line) for line in tagged.read_text().splitlines()]
    marked[1]["tags"] = ["O"] * len(marked[1]["tags"])
    other.write_text("".join(json.dumps(row) + "\n" for row in marked))
    first, second = (data_digest(split_examples(read_examples(path))) for path in (tagged, other))
    assert first != second


def test_agreement_is_of_words_and_sees_where_an_entity_begins() -> None:
    from fengkong.domain.spans import Span

    places = [(0, 4), (5, 9), (10, 14)]
    one = (Span(0, 9, "", "ORG"),)
    two = (Span(0, 4, "", "ORG"), Span(5, 9, "", "ORG"))
    assert _tags(places, one) == [("ORG", True), ("ORG", False), ("", False)]
    assert _tags(places, two) == [("ORG", True), ("ORG", True), ("", False)]
    assert _tags(places, ()) == [("", False)] * 3
