"""Names and labels in one model: one encoder, one pass, each head as good as alone, whatever shares the bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fengkong.corpus.splitting import Splits, mixed
from fengkong.domain.documents import Document, Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.scorer import Scorer, open_scorers
from fengkong.training.preparation import Prepared, prepare
from fengkong.training.recipe import Recipe
from fengkong.training.stages import Task
from fengkong.training.tasks.choosing import choose_kind
from fengkong.training.tasks.together import Together, tagging_of
from fengkong.training.together import TogetherResult, run_together
from fengkong.training.tuning.predict import predict_logits

PLAIN = ["the", "applicant", "writes", "about", "a", "loan"]
FIRST, REST = ["steady", "stable"], ["income", "job", "savings"]
RECIPE = {"epochs": 14, "batch_tokens": 256, "learning_rate": 3e-3, "max_tokens": 24, "threads": 1}


def named(draw: np.random.Generator, before: int) -> Example:
    words = draw.choice(PLAIN, before).tolist()
    name = " ".join([str(draw.choice(FIRST)), *map(str, draw.choice(REST, int(draw.integers(1, 4))))])
    start = len(" ".join([*words, ""]))
    return Example(" ".join([*words, name, "and"]), "", entities=(Span(start, start + len(name), name, "ORG"),))


def names(*counts: int) -> Splits:
    draw = np.random.default_rng(7)
    return Splits(*([named(draw, int(draw.integers(1, 6))) for _ in range(count)] for count in counts))


def only_text(splits: Splits) -> Splits:
    return Splits(*([replace(ex, fields={}) for ex in part] for _, part in splits))


@pytest.fixture(scope="module")
def result(tiny_base: Path, tiny_splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> TogetherResult:
    questions = {"names": names(80, 30, 30), "risk": tiny_splits}  # whose fields count for the label alone
    recipe = Recipe.from_values({**RECIPE, "base": str(tiny_base)})
    tasks = [Task("names"), Task("risk", "bad")]
    return run_together(tasks, recipe, questions, tmp_path_factory.mktemp("both") / "run")


def test_one_pass_finds_the_names_and_says_the_label(result: TogetherResult, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.load(result.bundle)
    assert [(head.name, head.task) for head in bundle.manifest.heads] == [
        ("names", "entities"),
        ("risk", "classification"),
    ]
    scorers = list(open_scorers(bundle, threads=1).values())
    passes = []
    run = scorers[0].reader._engine.run
    monkeypatch.setattr(scorers[0].reader._engine, "run", lambda *given: passes.append(1) or run(*given))
    text = "the applicant writes stable job savings gambling debts overdue"
    (found,), (risk,) = Scorer.score_together(scorers, [Document(text, {"income": 10, "term": 36})])
    assert len(passes) == 1
    assert [(span.text, span.label) for span in found.spans] == [("stable job savings", "ORG")]
    assert risk.label == "bad"
    assert risk.spans == ()
    assert sum(risk.probabilities.values()) == pytest.approx(1.0)


def test_each_question_has_its_own_figures_and_was_compared_with_the_network(result: TogetherResult) -> None:
    found, risk = result.measurements["names"], result.measurements["risk"]
    assert found.tuned.test.figures["entity_f1"].value > 0.9
    assert risk.tuned.test.accuracy.value > 0.9
    assert [model.name for model in found.models] == ["tuned", "dictionary"]
    parity = Bundle.load(result.bundle).manifest.metrics["parity"]["tried"][-1]
    assert parity["agreement"] >= 0.99
    assert "F1 of entities" in result.reports["names"].read_text(encoding="utf-8")


def ready(base: Path, splits: Splits, **recipe: object) -> Prepared:
    questions = {"risk": only_text(splits), "names": names(12, 6, 6)}
    chosen = Recipe.from_values({**RECIPE, "base": str(base), **recipe})
    kind = Together.of({name: choose_kind(chosen, part) for name, part in questions.items()})
    return prepare(chosen, mixed(questions), kind=kind)


def test_an_example_teaches_nothing_of_the_other_question(tiny_base: Path, tiny_splits: Splits) -> None:
    prepared = ready(tiny_base, tiny_splits)
    targets = prepared.kind.targets(mixed({"risk": only_text(tiny_splits), "names": names(12, 6, 6)}).dev)
    logits = torch.randn(*targets.shape[:1], 24, len(tagging_of(prepared.kind)), requires_grad=True)
    prepared.kind.loss(logits, torch.from_numpy(targets)).backward()
    labels, tags = logits.grad[:40], logits.grad[40:]
    assert labels[..., :2].any()
    assert tags[..., 2:].any()
    assert not labels[..., 2:].any()
    assert not tags[..., :2].any()


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_in_windows_the_label_is_pooled_and_the_words_are_stitched(
    tiny_base: Path, tiny_splits: Splits, pooling: str
) -> None:
    prepared = ready(tiny_base, tiny_splits, max_tokens=8, windows=6, overlap=3, window_pooling=pooling)
    logits = predict_logits(prepared.network, prepared.dev, padding=0)
    rows, labels, _ = prepared.kind.only("risk", logits, prepared.dev.targets)
    assert labels.shape == (40, 2)
    np.testing.assert_allclose(logits[rows, 1, :2], labels, rtol=1e-5)  # of the text, hence the same in every row
    _, tags, truth = prepared.kind.only("names", logits, prepared.dev.targets)
    assert tags.shape[2] == 3
    assert (truth >= 0).sum(axis=1).tolist() == [len(ex.text.split()) for ex in names(12, 6, 6).dev]
    # Texts of a label may be longer than any whose names are marked.
    longer = torch.from_numpy(np.pad(logits, ((0, 0), (0, 9), (0, 0))))
    truths = torch.from_numpy(prepared.dev.targets)
    torch.testing.assert_close(prepared.kind.loss(longer, truths), prepared.kind.loss(torch.from_numpy(logits), truths))
    assert set(prepared.kind.dev_figures(logits, prepared.dev.targets)) >= {"risk.auc", "names.entity_f1", "mean"}


def test_what_can_not_be_learnt_beside_others_is_refused(tiny_base: Path, tiny_splits: Splits) -> None:
    kinds = {name: choose_kind(Recipe.from_values({"loss": "crf"}), names(4, 4, 4)) for name in ("firms", "places")}
    with pytest.raises(SettingsError, match="firms: a conditional random field is learnt by itself"):
        Together.of(kinds)
    paired = Splits(*([replace(ex, pair="a car") for ex in part] for _, part in tiny_splits))
    with pytest.raises(InputError, match="entities are found in one text, not in two"):
        ready(tiny_base, paired)
