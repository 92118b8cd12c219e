"""A pack becomes a workspace that passes its own checks, in both languages."""

from pathlib import Path

import pytest

from fengkong.assembly import Settings, create_workspace
from fengkong.domain import SettingsError


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(SettingsError, match="not empty"):
        create_workspace("loan", tmp_path, recipe="")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_misspelt_pack_names_the_likely_slip(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean 'loan'\?"):
        create_workspace("laon", tmp_path / "ws", recipe="")


@pytest.mark.parametrize(
    ("language", "told"), [("en", "bands that a training report proposes"), ("zh", "训练报告建议的阈值")]
)
def test_a_workspace_says_that_rules_decide_and_costs_propose(tmp_path: Path, language: str, told: str) -> None:
    folder = tmp_path / "my-risk"
    create_workspace("loan", folder, language=language, rows=20, recipe="")  # type: ignore[arg-type]
    assert told in (folder / "README.md").read_text(encoding="utf-8")
    assert "costs in fengkong.toml don't move them" in (folder / "rules.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("exists", [False, True])
def test_a_workspace_broken_off_leaves_nothing_and_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    folder = tmp_path / "ws"
    if exists:
        folder.mkdir()
    with monkeypatch.context() as broken:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr("fengkong.corpus.simulation.simulated.Simulation.write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            create_workspace("loan", folder, rows=60, recipe="")
    assert list(tmp_path.rglob("*")) == ([folder] if exists else [])
    create_workspace("loan", folder, rows=60, recipe="")
    assert Settings.read(folder).name == "ws"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_workspace_can_be_made_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    create_workspace("loan", Path(), rows=60, recipe="")
    assert Settings.read(Path.cwd()).folder == tmp_path
