"""A workspace's settings are read strictly, and a slip is named."""

from pathlib import Path

import pytest

from fengkong.assembly import Settings, find_workspace
from fengkong.domain import SettingsError

GOOD = """
name = "my-risk"
[data]
source = "data.jsonl"
[model]
name = "risk"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "fengkong.toml").write_text(text, encoding="utf-8")
    return folder


def test_paths_are_seen_from_the_workspace(tmp_path: Path) -> None:
    settings = Settings.read(write(tmp_path, GOOD))
    assert settings.path(settings.model.bundle) == tmp_path / "bundle"
    assert settings.source == str(tmp_path / "data.jsonl")


def test_a_hub_data_set_stays_as_it_is_named(tmp_path: Path) -> None:
    settings = Settings.read(write(tmp_path, GOOD.replace("data.jsonl", "hf://owner/name")))
    assert settings.source == "hf://owner/name"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("source =", "sourse ="), r"the setting is not known \(received 'data.sourse'\); did you mean 'source'\?"),
        (('name = "my-risk"', ""), r"the setting 'name' is missing"),
        (('name = "risk"', 'name = "1 risk"'), r"the setting 'model.name' can't be used"),
        (("[model]", "[modle]"), r"received 'modle'\); did you mean 'model'\?"),
        (('name = "risk"', 'name = "risk"\nthreads = 0'), r"'model.threads' can't be used"),
        (("[data]", "[data"), r"not valid TOML"),
    ],
)
def test_a_slip_is_one_sentence_with_its_cure(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.read(write(tmp_path, GOOD.replace(*change)))


def test_the_nearest_workspace_upwards_is_found(tmp_path: Path) -> None:
    inner = write(tmp_path, GOOD) / "runs" / "0001"
    inner.mkdir(parents=True)
    assert find_workspace(inner) == tmp_path


def test_a_folder_without_settings_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="fengkong new"):
        Settings.read(tmp_path)


def test_settings_that_cannot_be_read_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "fengkong.toml").mkdir()
    with pytest.raises(SettingsError, match=r"fengkong.toml: the file can't be read"):
        Settings.read(tmp_path)


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        ('name = "a"\n[model.questions.b]\n', "give model.name for one question, or a table model.questions.NAME"),
        ("", "give model.name for one question, or a table model.questions.NAME"),
        ('positive = "x"\n[model.questions.b]\n', "of several questions each names its own positive label"),
        ('[model.questions.b]\nlable = "x"\n', r"'model.questions.b.lable'\); did you mean 'label'"),
        ('[model.questions."b c"]\n', "model.questions"),
    ],
)
def test_questions_that_make_no_sense_are_refused(tmp_path: Path, model: str, fault: str) -> None:
    text = f'name = "my"\n[data]\nsource = "data.jsonl"\n[model]\n{model}'
    (tmp_path / "fengkong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=fault):
        Settings.read(tmp_path)


def test_each_question_reads_its_own_column(tmp_path: Path) -> None:
    model = '[model.questions.tone]\n[model.questions.size]\nlabel = "how_much"\npositive = "big"\n'
    (tmp_path / "fengkong.toml").write_text(
        f'name = "my"\n[data]\nsource = "d.csv"\n[model]\n{model}', encoding="utf-8"
    )
    settings = Settings.read(tmp_path)
    assert list(settings.model.asked) == ["tone", "size"]
    assert settings.data_of("size").columns.label == "how_much"
    assert settings.data_of("tone").columns.label is None
    assert settings.data_of("tone").source == str(tmp_path / "d.csv")
