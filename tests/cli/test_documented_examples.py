"""Every example of the README and of each page runs as it is printed.

Shell examples run in a copy of a tiny trained workspace, or, where they begin with `fengkong new`, in an empty folder;
Python examples where `my-risk` lies. Tiny stands in for big: workspaces get 150 rows, and a tiny base takes the place
of the bundled one.
"""

import re
import shlex
from pathlib import Path

import pytest

from fengkong.training import preparation
from fengkong.training.bases.loading import load_base

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = {
    "make ": "installs, from a package registry",
    "pip install": "installs, from a package registry",
    "fengkong demo": "takes minutes; its parts are run one by one",
    ".venv/bin/python -m bench": "measures for minutes, on data that is not part of the project",
    "hf download": "needs the hub",
}
GOES_ON = {"training-export.md": ("training.md", "network, recipe = prepared.network, prepared.recipe")}
"""A page whose example goes on where another page's ends, and what it calls the parts."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


RUN = [page for page in PAGES if page.name != "README.zh.md"]  # its examples equal those of README.md
SHELL = [pytest.param(block, id=f"{page.name}-{n}") for page in RUN for n, block in enumerate(blocks(page, "sh"))]
PYTHON = [pytest.param(page, id=page.name) for page in RUN if blocks(page, "python")]


@pytest.mark.parametrize("block", SHELL)
def test_shell_examples_run(fengkong, workspace, made_workspace, tmp_path, monkeypatch, block):
    if "fengkong new" in block:
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
    for command in block.splitlines():
        words = shlex.split(command, comments=True)
        if not words or command.startswith(tuple(NOT_RUN)):
            continue
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
            continue
        stdin = b""
        if words[0] == "cat":
            stdin = Path(words[1]).read_bytes()
            words = words[3:]
        assert words[0] == "fengkong", command
        small = ["--rows", "150"] if words[1] == "new" else []
        result = fengkong(*words[1:], *small, stdin=stdin)
        assert result.code == 0, f"{command}: {result.err}"
        if words[1] == "new":
            (Path(words[3]) / "recipe.toml").write_bytes((made_workspace / "recipe.toml").read_bytes())


@pytest.mark.parametrize("page", PYTHON)
def test_python_examples_run(workspace, made_workspace, tmp_path, monkeypatch, page):
    tiny = str(made_workspace.parent / "base")
    monkeypatch.setattr(preparation, "load_base", lambda _name, **options: load_base(tiny, **options))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "example"}
    before, parts = GOES_ON.get(page.name, ("", ""))
    code = [*blocks(ROOT / "docs" / before, "python"), parts] if before else []
    for block in [*code, *blocks(page, "python")]:
        exec(compile(block, page.name, "exec"), names)  # noqa: S102 - the project's own pages


def test_both_readmes_show_the_same_commands():
    english, chinese = (
        [[line.split("#")[0].strip() for line in block.splitlines()] for block in blocks(page, "sh")]
        for page in PAGES[:2]
    )
    assert english == chinese
    assert blocks(PAGES[0], "python") == blocks(PAGES[1], "python")
