"""A workspace that asks several questions: trained on one encoder or one by one, it decides on all of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fengkong import load
from fengkong.domain import SettingsError

QUESTIONS = ["intent", "urgency", "escalation"]


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, fengkong, tiny_base_of_words: Callable[[Path, str], Path]
) -> Path:
    """A service workspace of 150 rows with a tiny base; not to be changed."""
    folder = tmp_path_factory.mktemp("questions") / "my-service"
    assert fengkong("new", "service", folder, "--rows", 150).code == 0
    base = tiny_base_of_words(folder.parent / "base", (folder / "data.jsonl").read_text(encoding="utf-8"))
    recipe = f'base = "{base}"\nepochs = 1\nthreads = 1\nmax_tokens = 32\nlearning_rate = 1e-3\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["tuned", "ngrams"])
def trained(request: pytest.FixtureRequest, service: Path, fengkong) -> tuple[Path, str]:
    """The same, trained together and one by one."""
    folder = service.with_name(request.param) / "my-service"
    shutil.copytree(service, folder)
    result = fengkong("train", "-w", folder, "--set", f"model={request.param}")
    assert result.code == 0, result.err
    return folder, result.out


def test_every_question_is_measured_and_reported(trained: tuple[Path, str]) -> None:
    folder, out = trained
    lines = out.splitlines()
    assert [line for line in lines if line in QUESTIONS] == QUESTIONS
    reports = [Path("".join(line.split()[1:])) for line in lines if line.startswith("report")]
    assert len(reports) == 3
    assert all(report.exists() for report in reports)
    assert (folder / "bundle").is_symlink()


def test_decisions_hear_every_question(trained: tuple[Path, str], fengkong) -> None:
    folder, _ = trained
    result = fengkong("decide", "-w", folder, "--json")
    assert result.code == 0, result.err
    decisions = [json.loads(line) for line in result.out.splitlines()]
    assert len(decisions) == 60
    heard = {signal["name"] for dec in decisions for signal in dec["signals"]}
    assert heard == set(QUESTIONS)
    assert not [signal for dec in decisions for signal in dec["signals"] if signal["failed"]]


def test_a_question_is_measured_explained_and_scored_by_name(
    trained: tuple[Path, str], fengkong, tmp_path: Path
) -> None:
    folder, _ = trained
    measured = fengkong("evaluate", "-w", folder, "--question", "urgency", "--json")
    assert measured.code == 0, measured.err
    assert {row["label"] for row in json.loads(measured.out)["metrics"]["classes"]} == {"normal", "urgent"}
    explained = fengkong("explain", "-w", folder, "--question", "escalation", "--json")
    assert explained.code == 0, explained.err
    assert json.loads(explained.out)["label"] == "threat"
    scored = fengkong("score", "-w", folder, "-o", tmp_path / "scores.jsonl")
    assert scored.code == 0, scored.err
    first = json.loads((tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert "dispute" in first["probabilities"]


def test_a_misspelt_question_names_the_likely_slip(trained: tuple[Path, str], fengkong) -> None:
    folder, _ = trained
    result = fengkong("explain", "-w", folder, "--question", "urgenty")
    assert result.code == 3
    assert "did you mean 'urgency'" in result.err


def test_a_bundle_of_other_questions_is_refused(trained: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "my-service"
    shutil.copytree(trained[0], folder, symlinks=True)
    settings = (folder / "fengkong.toml").read_text(encoding="utf-8")
    other = settings.replace('positive = "threat"', 'positive = "calm"')
    (folder / "fengkong.toml").write_text(other, encoding="utf-8")
    fault = r"another model\.positive .*'threat' sealed, 'calm'"
    with load(folder) as system, pytest.raises(SettingsError, match=fault):
        system.scorers  # noqa: B018


def test_what_looks_at_one_question_says_so(service: Path, fengkong) -> None:
    result = fengkong("search", "-w", service, "--trials", 1)
    assert result.code == 3
    assert "the workspace asks several questions" in result.err
    assert "Traceback" not in result.err
