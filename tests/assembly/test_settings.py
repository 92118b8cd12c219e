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
