"""A workspace and its bundle must mean the same, or nothing is decided."""

from pathlib import Path

import pytest

from fengkong.assembly import System, load
from fengkong.domain import SettingsError


def system(folder: Path, model: str) -> System:
    settings = f'name = "my-risk"\n[data]\nsource = "data.jsonl"\n[model]\n{model}\n'
    (folder / "fengkong.toml").write_text(settings, encoding="utf-8")
    return load(folder)


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        ('name = "fraud"\npositive = "high"', r"another model\.name .*'risk' sealed, 'fraud' in the settings"),
        ('name = "risk"\npositive = "low"', r"another model\.positive .*'high' sealed, 'low' in the settings"),
        ('name = "risk"', r"another model\.positive .*'high' sealed, none in the settings"),
    ],
)
def test_a_bundle_that_answers_another_question_is_refused(tiny_bundle, tmp_path, model: str, fault: str) -> None:
    tiny_bundle(positive="high")
    with pytest.raises(SettingsError, match=fault + ".*train again with: fengkong train"):
        system(tmp_path, model).scorer  # noqa: B018


def test_a_bundle_that_fits_the_settings_scores(tiny_bundle, tmp_path) -> None:
    tiny_bundle(positive="high")
    assert system(tmp_path, 'name = "risk"\npositive = "high"').scorer.positive == "high"
