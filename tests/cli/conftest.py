"""A tiny trained workspace, made once a session and copied for each test, and a way to run commands in this process."""

import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fengkong.cli.app import main


@dataclass(frozen=True)
class Result:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


def run_command(*args: object, stdin: bytes = b"") -> Result:
    """Run `fengkong ARGS` in this process, as the console script would."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["fengkong", *map(str, args)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Result(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@pytest.fixture(scope="session")
def fengkong() -> Run:
    return run_command


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory, tiny_base_of_words: Callable[[Path, str], Path]) -> Path:
    """A loan workspace of 150 rows whose recipe takes seconds; not to be changed."""
    folder = tmp_path_factory.mktemp("workspaces") / "my-risk"
    assert run_command("new", "loan", folder, "--rows", 150).code == 0
    base = tiny_base_of_words(folder.parent / "base", (folder / "data.jsonl").read_text(encoding="utf-8"))
    (folder / "recipe.toml").write_text(
        f'base = "{base}"\nepochs = 1\nthreads = 1\nlearning_rate = 1e-3\n', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="session")
def trained_workspace(made_workspace: Path) -> Path:
    """The same with its model trained, by the command itself; not to be changed."""
    folder = made_workspace.with_name("trained") / "my-risk"
    shutil.copytree(made_workspace, folder)
    result = run_command("train", "-w", folder, "--json")
    assert result.code == 0, result.err
    (folder.parent / "train.json").write_text(result.out, encoding="utf-8")
    (folder.parent / "train.err").write_text(result.err, encoding="utf-8")
    return folder


@pytest.fixture
def new_workspace(made_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the untrained workspace, as the current folder."""
    return _enter(made_workspace, tmp_path, monkeypatch)


@pytest.fixture
def workspace(trained_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained workspace, as the current folder."""
    return _enter(trained_workspace, tmp_path, monkeypatch)


def _enter(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my-risk"
    shutil.copytree(source, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder
